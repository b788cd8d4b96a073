"""Runs test files: a store in memory, the rules over it, and a clock that is only ever told."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isnan, nextafter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from sigyn.config.errors import neighbours
from sigyn.engine.duck import Duck
from sigyn.languages.go_numbers import format_short
from sigyn.languages.promql import NAME
from sigyn.model.errors import BadRequest, NotFound, SigynError
from sigyn.model.labels import Labels, format_labels
from sigyn.model.tenants import SINGLE_TENANT
from sigyn.model.time import MINUTE, SECOND, YEAR
from sigyn.ruler.alert import ALERT_NAME
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.evaluation import Evaluator
from sigyn.ruler.expression import parse_expression
from sigyn.ruler.group_run import GroupRun
from sigyn.ruler.group_state import GroupStates
from sigyn.ruler.rehearsal.notation import STALE
from sigyn.ruler.rehearsal.script import AlertTest, ExpressionTest, InputStream, RuleTest, TestScript
from sigyn.ruler.rule import AlertingRule, GroupKey, RuleGroup, recorded_names
from sigyn.ruler.rule_file import read_rule_file
from sigyn.ruler.series_store import SeriesStore
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.statistics import RulerStatistics
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.ingest import IngestService
from sigyn.services.query import QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store
from sigyn.wire.metadata import metadata_text
from sigyn.wire.push import DECODED_SCHEMA, DecodedPush

START = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z: what a test's times are counted from."""

_AFTER_ALL = START + 100 * YEAR
"""When lines are taken in: none is from the future."""

_MEMORY = 256 << 20


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that did not give what it should: where it stands, and what came instead."""

    source: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.text}"


def run_tests(script: TestScript, folder: Path) -> list[Failure]:
    """What fails in a test file; `folder` is where its rule files are looked for.

    Raises NotFound for rule files that are not there, RuleFileError for wrong ones, and BadRequest when the order of
    evaluation names a group that is in none of them.
    """
    groups = [group for path in _rule_files(script, folder) for group in _groups(path)]
    names = [group.name for _, group in groups]
    for name, line in script.group_order.items():
        if name not in names:
            text = f"{script.source}:{line}: no rule file has a group `{name}`{neighbours(name, names)}"
            raise BadRequest(text)
    order = [*script.group_order]
    groups.sort(key=lambda each: order.index(each[1].name) if each[1].name in order else len(order))
    return [failure for test in script.tests for failure in asyncio.run(_run(script, test, groups))]


def _rule_files(script: TestScript, folder: Path) -> Iterator[Path]:
    for pattern in script.rule_files:
        path = Path(pattern)
        found = [path] if path.is_absolute() else sorted(folder.glob(pattern))
        if not any(each.is_file() for each in found):
            raise NotFound(f"{script.source}: there is no rule file {folder / pattern}")
        yield from found


def _groups(path: Path) -> Iterator[tuple[Path, RuleGroup]]:
    for group in read_rule_file(path.read_text(encoding="utf-8"), str(path)):
        yield path, group


async def _run(script: TestScript, test: RuleTest, groups: Sequence[tuple[Path, RuleGroup]]) -> list[Failure]:
    settings = RulerSettings(
        evaluation_interval=script.interval,
        external_labels=test.external_labels,
        external_url=test.external_url,
        catch_up=0,
    )
    async with _stage(test) as (queries, series):
        recorded = recorded_names(group for _, group in groups)
        evaluator = Evaluator(queries, series, settings, recorded_by=lambda _tenant: recorded)
        states = GroupStates(RulerDatabase(None))
        runs = [
            GroupRun(
                GroupKey(SINGLE_TENANT, str(path), group.name),
                group,
                str(path),
                evaluator=evaluator,
                series=series,
                states=states,
                settings=settings,
                statistics=RulerStatistics(),
                tell=lambda _told: None,
            )
            for path, group in groups
        ]
        asked: list[AlertTest | ExpressionTest] = sorted([*test.alerts, *test.expressions], key=lambda one: one.at)
        failures: list[Failure] = []
        wrong: dict[tuple[str, int], Failure] = {}
        for at in _times(test, runs):
            while asked and asked[0].at < at:
                failures += await _compare(script, test, asked.pop(0), runs, evaluator)
            for run in runs:
                if at % run.interval == 0:
                    await run.evaluate(START + at)
                    wrong = _failed(test, run, at) | wrong
        for one in asked:
            failures += await _compare(script, test, one, runs, evaluator)
    failures += [*wrong.values(), *_without_rule(script, test, groups)]
    return sorted(failures, key=lambda failure: (failure.source, failure.line))


def _failed(test: RuleTest, run: GroupRun, at: int) -> dict[tuple[str, int], Failure]:
    """The rules of a group that failed at an evaluation, by where they stand."""
    place = f"test `{test.name}`, at {at // SECOND} s"
    return {
        (run.source, rule.line): Failure(run.source, rule.line, f"{place}: rule `{rule.name}` fails: {status.error}")
        for rule, status in zip(run.group.rules, run.statuses, strict=True)
        if status.health == "err"
    }


def _without_rule(script: TestScript, test: RuleTest, groups: Sequence[tuple[Path, RuleGroup]]) -> Iterator[Failure]:
    """Tests of alerts that no rule makes: one that expects none would pass for ever."""
    names = {rule.name for _, group in groups for rule in group.rules if isinstance(rule, AlertingRule)}
    for asked in test.alerts:
        if asked.name not in names:
            text = f"test `{test.name}`: no rule makes alerts of the name `{asked.name}`{neighbours(asked.name, names)}"
            yield Failure(script.source, asked.line, text)


def _times(test: RuleTest, runs: Sequence[GroupRun]) -> list[int]:
    """ns after the start at which some group is evaluated."""
    return sorted({at for run in runs for at in range(0, test.end + 1, run.interval)})


@asynccontextmanager
async def _stage(test: RuleTest) -> AsyncIterator[tuple[QueryService, SeriesStore]]:
    """Services over the streams and series of a test."""
    series = SeriesStore(RulerDatabase(None))
    for one in test.series:
        for place, value in enumerate(one.values):
            at = START + place * test.interval
            if value == STALE:
                series.append(SINGLE_TENANT, at, {}, [one.labels])
            elif isinstance(value, float):
                series.append(SINGLE_TENANT, at, {one.labels: value}, [])
    with TemporaryDirectory(prefix="sigyn-") as spill:
        store = Store.open(StoreSettings(data=None))
        duck = Duck(_MEMORY, 1, spill)
        limits = QueryLimits(max_query_series=0, max_query_length=0, query_timeout=10 * MINUTE)
        queries = QueryService(store, duck, limits, threads=1, queue=QueueLimits(1))
        try:
            ingest = IngestService(store, clock=lambda: _AFTER_ALL)
            for stream in test.streams:
                await ingest.push(SINGLE_TENANT, push_of(stream))
            yield queries, series
        finally:
            queries.close()
            duck.close()
            await store.close()


def push_of(stream: InputStream) -> DecodedPush:
    """The entries of a stream as a push, whose service and levels are found as those of any other."""
    entries = sorted(stream.entries, key=lambda entry: entry.at)
    table = pa.table(
        [
            pa.array([0] * len(entries), pa.int32()),
            pa.array([START + entry.at for entry in entries], pa.int64()),
            pa.array([entry.line for entry in entries], pa.string()),
            pa.array([metadata_text(entry.metadata) for entry in entries], pa.string()),
        ],
        schema=DECODED_SCHEMA,
    )
    return DecodedPush((stream.labels,), table, stream_count=1)


async def _compare(
    script: TestScript,
    test: RuleTest,
    asked: AlertTest | ExpressionTest,
    runs: Sequence[GroupRun],
    evaluator: Evaluator,
) -> list[Failure]:
    place = f"test `{test.name}`, at {asked.at // SECOND} s"
    if isinstance(asked, AlertTest):
        what = f"alert `{asked.name}`"
        wanted = sorted(_shown_alert(alert.labels, alert.annotations) for alert in asked.expected)
        got = sorted(_firing(asked.name, runs))
        same = wanted == got
    else:
        what = f"expression `{asked.expression}`"
        try:
            samples = await evaluator.ask(SINGLE_TENANT, parse_expression(asked.expression), START + asked.at)
        except SigynError as error:
            return [Failure(script.source, asked.line, f"{place}: {what}: {error}")]
        found = [(sample.labels, sample.value) for sample in samples]
        wanted, got = _shown_samples(asked.expected), _shown_samples(found)
        pairs = sorted(asked.expected), sorted(found)
        same = _same_samples(*pairs, fuzzy=script.fuzzy)
        if not same and _same_samples(*pairs, fuzzy=True):
            what += " gives values that differ in their last bit alone, which `fuzzy_compare: true` lets pass"
    if same:
        return []
    text = f"{place}: {what}:\n    expected: {_listed(wanted)}\n    got:      {_listed(got)}"
    return [Failure(script.source, asked.line, text)]


def _firing(name: str, runs: Sequence[GroupRun]) -> Iterator[str]:
    for run in runs:
        for place, rule in enumerate(run.group.rules):
            for alert in run.rule_state(place).alerts if rule.name == name else ():
                if alert.state == "firing":
                    labels = tuple(pair for pair in alert.labels if pair[0] != ALERT_NAME)
                    yield _shown_alert(labels, alert.annotations)


def _shown_alert(labels: Labels, annotations: Labels) -> str:
    return f"{format_labels(labels)} with {format_labels(tuple(sorted(annotations)))}"


def _shown_samples(samples: Sequence[tuple[Labels, float]]) -> list[str]:
    return [_shown_sample(labels, value) for labels, value in sorted(samples)]


def _shown_sample(labels: Labels, value: float) -> str:
    named = dict(labels)
    name = named.pop(NAME, "")
    return f"{name}{format_labels(tuple(named.items()))} {format_short(value)}"


def _same_samples(wanted: Sequence[tuple[Labels, float]], got: Sequence[tuple[Labels, float]], *, fuzzy: bool) -> bool:
    """Whether labels and values are equal; `fuzzy`: values but for the last bit of their mantissa."""
    return [labels for labels, _ in wanted] == [labels for labels, _ in got] and all(
        _same_value(first[1], second[1], fuzzy=fuzzy) for first, second in zip(wanted, got, strict=True)
    )


def _same_value(wanted: float, got: float, *, fuzzy: bool) -> bool:
    if isnan(wanted) or isnan(got):
        return isnan(wanted) and isnan(got)
    return wanted == got or (fuzzy and nextafter(wanted, got) == got)


def _listed(shown: Sequence[str]) -> str:
    return "\n              ".join(shown) or "nothing"
