"""One rule at one time: what it asks, what it gives, which alerts that makes."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from sigyn.languages.logql import ast, print_query
from sigyn.languages.promql import NAME
from sigyn.model.errors import QueryError, QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.results import LogResult, QueryAnswer, Sample, ScalarResult, VectorResult
from sigyn.model.time import SECOND
from sigyn.ruler.alert import Alert, advance, alert_labels, alert_series, check_limit
from sigyn.ruler.expression import Expression, parse_expression
from sigyn.ruler.group_state import RuleState
from sigyn.ruler.limits import RuleLimits
from sigyn.ruler.log_lines import LogLine
from sigyn.ruler.rule import AlertingRule, RecordingRule, Rule
from sigyn.ruler.series_query import instant
from sigyn.ruler.series_store import SeriesStore
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.template_functions import RuleContext
from sigyn.ruler.templating import TemplateData, expand
from sigyn.services.query import QueryRequest

_MOST_WITH_LINES = 20
"""Alerts of one evaluation that get log lines: each costs a query."""

_QUERY_IN_TEMPLATE = 30.0  # seconds that a template waits for its `query`

_TEMPLATES_AT_ONCE = 32

_QUERIES_IN_TEMPLATES = 100
"""Queries of all templates in an evaluation of a rule."""

Health: TypeAlias = Literal["unknown", "ok", "err"]


class LogQueries(Protocol):
    """What rules ask the logs."""

    async def query_instant(self, request: QueryRequest) -> QueryAnswer: ...

    async def query_range(self, request: QueryRequest) -> QueryAnswer: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation gave: the rule's new state, and samples of the series that it writes."""

    state: RuleState
    samples: Mapping[Labels, float] = field(default_factory=dict)
    ended: tuple[Labels, ...] = ()


class NothingRecorded(QueryError):
    """An expression over series of which there are none yet."""


class Evaluator:
    """Evaluates rules of all tenants."""

    def __init__(
        self,
        queries: LogQueries,
        series: SeriesStore,
        settings: RulerSettings,
        limits_of: Callable[[str], RuleLimits] | None = None,
        recorded_by: Callable[[str], Collection[str]] = lambda _tenant: (),
    ) -> None:
        """`limits_of` gives the limits of a tenant, `recorded_by` the names of the series that its rules record."""
        own = RuleLimits(evaluation_delay=settings.evaluation_delay)
        self._limits_of = limits_of or (lambda _tenant: own)
        self._recorded_by = recorded_by
        self._queries = queries
        self._series = series
        self._settings = settings
        self._threads = ThreadPoolExecutor(_TEMPLATES_AT_ONCE, "templates")

    def close(self) -> None:
        """Lets go of its threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def evaluate(self, tenant: str, rule: Rule, limit: int, state: RuleState, at: int) -> Outcome:
        """A rule at `at` (ns); raises QueryError and its kin, and whatever else a query can fail with."""
        samples = await self.ask(tenant, rule.expression, at)
        if isinstance(rule, RecordingRule):
            return _recorded(rule, samples, limit, state)
        return await self._alerted(tenant, rule, samples, limit, state, at)

    async def ask(self, tenant: str, expression: Expression, at: int) -> Sequence[Sample]:
        """The samples of an expression at a time; a number is a sample without labels."""
        at -= self._limits_of(tenant).evaluation_delay
        if expression.over == "series":
            # What a rule records is a series even while it finds nothing: `absent` is there to tell so.
            unknown = expression.metrics if expression.metrics.isdisjoint(self._recorded_by(tenant)) else frozenset()
            return await asyncio.to_thread(self._ask_series, tenant, expression, at, unknown)
        request = QueryRequest(tenant, expression.text, at, at, complete=True, by_rule=True)
        answer = await self._queries.query_instant(request)
        return _samples(answer.result)

    def _ask_series(self, tenant: str, expression: Expression, at: int, names: frozenset[str]) -> Sequence[Sample]:
        if names and not self._series.has_any(tenant, names):
            listed = ", ".join(f"`{name}`" for name in sorted(names))
            raise NothingRecorded(
                f"there are no series of {listed} yet: metrics are not stored, save for what recording rules write; "
                f"record a series of that name from log lines, or evaluate this rule in Prometheus"
            )
        return _samples(instant(self._series, tenant, expression.tree, at))

    async def _alerted(
        self, tenant: str, rule: AlertingRule, samples: Sequence[Sample], limit: int, state: RuleState, at: int
    ) -> Outcome:
        context = self._context(tenant, at)
        added = await self._expanded(rule.labels, [_data(sample, self._settings) for sample in samples], context)
        found = _labelled(rule, samples, added)
        alerts = advance(rule, state.by_labels(), {labels: each.value for labels, each in found.items()}, at)
        check_limit(limit, sum(alert.active for alert in alerts.values()), "alerts")
        alerts = await self._with_lines(tenant, rule, alerts, found, at)
        alerts = await self._annotated(rule, alerts, found, context)
        written = {sample.labels: sample.value for sample in alert_series(list(alerts.values()))}
        return _outcome(tuple(alerts.values()), written, state)

    async def _with_lines(
        self, tenant: str, rule: AlertingRule, alerts: Mapping[Labels, Alert], found: Mapping[Labels, Sample], at: int
    ) -> dict[Labels, Alert]:
        """The alerts, with fresh log lines for those that fire and are about to be told."""
        after = dict(alerts)
        if not self._settings.alert_lines or not rule.expression.ranges:
            return after
        wanting = [
            labels
            for labels, alert in alerts.items()
            if alert.state == "firing" and labels in found and alert.due(at, self._settings.resend_delay)
        ]
        for labels in wanting[:_MOST_WITH_LINES]:
            lines = await self._lines(tenant, rule.expression, found[labels].labels, at)
            after[labels] = replace(after[labels], lines=lines or after[labels].lines)
        return after

    async def _lines(self, tenant: str, expression: Expression, labels: Labels, at: int) -> tuple[LogLine, ...]:
        """The newest log lines that an expression counted for a series, in the order of their times."""
        at -= self._limits_of(tenant).evaluation_delay
        for log_range in expression.ranges:
            end = at - log_range.offset
            request = QueryRequest(
                tenant,
                print_query(_lines_query(log_range, expression.tree, labels)),
                end - log_range.interval + 1,
                end + 1,
                limit=self._settings.alert_lines,
                by_rule=True,
            )
            try:
                result = (await self._queries.query_range(request)).result
            except QueryError:  # lines may not be asked for (blocked_queries): the alert goes without them
                return ()
            if isinstance(result, LogResult) and result.entries:
                return tuple(LogLine.of(entry) for entry in reversed(result.entries))
        return ()

    async def _annotated(
        self, rule: AlertingRule, alerts: Mapping[Labels, Alert], found: Mapping[Labels, Sample], context: RuleContext
    ) -> dict[Labels, Alert]:
        """The alerts, with annotations for those whose series was found."""
        here = [labels for labels in alerts if labels in found]
        data = [_data(found[labels], self._settings, alerts[labels].lines) for labels in here]
        texts = await self._expanded(rule.annotations, data, context, logs=True)
        return dict(alerts) | {
            labels: replace(alerts[labels], annotations=annotations)
            for labels, annotations in zip(here, texts, strict=True)
        }

    async def _expanded(
        self, templates: Labels, data: Sequence[TemplateData], context: RuleContext, *, logs: bool = False
    ) -> list[Labels]:
        """The texts of templates for each of `data`.

        On threads of their own: templates may ask queries, and these must not wait for a thread behind those that
        wait for them.
        """
        if not any("{{" in text for _, text in templates):
            return [templates] * len(data)
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: [expand(templates, each, context, logs=logs) for each in data]
        )

    def _context(self, tenant: str, at: int) -> RuleContext:
        loop = asyncio.get_running_loop()

        left = iter(range(_QUERIES_IN_TEMPLATES))

        def query(text: str) -> Sequence[Sample]:
            if next(left, None) is None:
                raise QueryError(f"the templates of one evaluation may ask {_QUERIES_IN_TEMPLATES} queries")
            asked = asyncio.run_coroutine_threadsafe(self.ask(tenant, parse_expression(text), at), loop)
            try:
                return asked.result(_QUERY_IN_TEMPLATE)
            except TimeoutError:
                asked.cancel()
                raise QueryTimeout(f"the query took longer than {_QUERY_IN_TEMPLATE:g} s") from None

        return RuleContext(self._settings.external_url, self._settings.datasource_uid, query)


def _samples(result: object) -> Sequence[Sample]:
    match result:
        case VectorResult(samples=samples):
            return samples
        case ScalarResult(value=value):
            return [Sample((), value)]
    raise TypeError(f"a rule's query answers with numbers, not with {type(result).__name__}")


def _data(sample: Sample, settings: RulerSettings, lines: Sequence[LogLine] = ()) -> TemplateData:
    return TemplateData(sample.labels, sample.value, settings.external_labels, settings.external_url, lines)


def _recorded(rule: RecordingRule, samples: Sequence[Sample], limit: int, state: RuleState) -> Outcome:
    added = dict(rule.labels) | {NAME: rule.name}
    written: dict[Labels, float] = {}
    for sample in samples:
        together = dict(sample.labels) | added
        labels = tuple(sorted((name, value) for name, value in together.items() if value))
        if labels in written:
            raise QueryError("vector contains metrics with the same labelset after applying rule labels")
        written[labels] = sample.value
    check_limit(limit, len(written), "series")
    return _outcome((), written, state)


def _outcome(alerts: tuple[Alert, ...], written: Mapping[Labels, float], state: RuleState) -> Outcome:
    ended = tuple(labels for labels in state.written if labels not in written)
    return Outcome(RuleState(alerts, tuple(written)), written, ended)


def _labelled(rule: AlertingRule, samples: Sequence[Sample], added: Sequence[Labels]) -> dict[Labels, Sample]:
    """The samples by the labels of their alerts."""
    found: dict[Labels, Sample] = {}
    for sample, own in zip(samples, added, strict=True):
        labels = alert_labels(rule.name, sample.labels, own)
        if labels in found:
            raise QueryError("vector contains metrics with the same labelset after applying alert labels")
        found[labels] = sample
    return found


def _lines_query(log_range: ast.LogRange, tree: ast.MetricQuery, labels: Labels) -> ast.LogQuery:
    """The entries of a range that belong to a series: those that have its labels."""
    made = _made_labels(tree)
    filters = [ast.LabelFilter(ast.StringPredicate(name, "=", value)) for name, value in labels if name not in made]
    unwrapped = log_range.unwrap.filters if log_range.unwrap is not None else ()
    return replace(log_range.query, stages=(*log_range.query.stages, *unwrapped, *filters))


def _made_labels(tree: ast.MetricQuery) -> frozenset[str]:
    """Labels that come from label_replace, which no entry has."""
    match tree:
        case ast.LabelReplace():
            return _made_labels(tree.expression) | {tree.destination}
        case ast.VectorAggregation() | ast.HistogramQuantile():
            return _made_labels(tree.expression)
        case ast.BinaryOperation():
            return _made_labels(tree.left) | _made_labels(tree.right)
    return frozenset()


def valid_until(at: int, interval: int, resend_delay: int) -> int:
    """Until when (ns) an alert fires if nothing more is heard of it: four times what may lie between two notices."""
    return at + 4 * max(interval, resend_delay, SECOND)
