"""Queries of a tenant: parsed, bounded, run beside the event loop, answered."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import structlog

from sigyn.engine.context import QueryContext
from sigyn.engine.deleted_entries import DeletedEntries
from sigyn.engine.duck import Duck
from sigyn.engine.explain import Explanation, explain_metric, explain_piped
from sigyn.engine.log_ranges import data_range
from sigyn.engine.piped_query import Asked
from sigyn.engine.scan import UNIT_ROWS
from sigyn.engine.totals import StreamTotals, stream_totals
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast, parse_selector, parse_with_infos
from sigyn.languages.logql.checks import require_non_empty_matcher
from sigyn.languages.logql.entry_labels import stream_part, with_entry_labels
from sigyn.languages.logql.lowering import lower
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import MAX_POINTS, Direction, LineSample, QueryAnswer, QueryResult
from sigyn.model.time import HOUR, SECOND, Clock, system_clock
from sigyn.services.cardinality import Cardinality, cardinality
from sigyn.services.counts_by_tenant import Count, CountsByTenant
from sigyn.services.fair_queue import FairQueue, QueueLimits
from sigyn.services.joined_tenants import ReadableStore
from sigyn.services.joining import Flight, Flights
from sigyn.services.label_listing import LabelListing
from sigyn.services.metric_answers import MetricAnswers
from sigyn.services.query_checks import fnv1
from sigyn.services.query_limits import MAX_TIME, QueryLimits
from sigyn.services.result_cache.piece import PieceCache
from sigyn.services.store_reader import StoreReader
from sigyn.store.store import Store

_log = structlog.get_logger("sigyn.query")

Answer = TypeVar("Answer")

Int64s = npt.NDArray[np.int64]

LOOK_BACK = HOUR
"""How far back a log query on the instant endpoint looks."""


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A query with its range in ns; an instant query is evaluated at `end`.

    tenant    whose data; several with `|` between them, told apart by the label `__tenant_id__`
    step      of a range query; None: Loki's default, 250 steps but at least a second each
    interval  least time between entries of a log query's answer, 0: none
    timeout   ns; None: the limit's
    complete  fail rather than answer with a part, when it takes too long or has too many series
    in_pages  whoever asks takes the answer page by page, and bounds each itself
    by_rule   a rule asks: it need not name the labels that people's queries must name
    tags      that came with the request, by which queries can be blocked
    """

    tenant: str
    query: str
    start: int
    end: int
    step: int | None = None
    limit: int = 100
    direction: Direction = "backward"
    interval: int = 0
    timeout: int | None = None
    complete: bool = False
    in_pages: bool = False
    by_rule: bool = False
    tags: tuple[tuple[str, str], ...] = field(default=(), compare=False)


class QueryService:
    """Answers queries over a store. Work is done on threads; cancelling a call stops it soon."""

    def __init__(
        self,
        store: Store,
        duck: Duck,
        limits: QueryLimits,
        *,
        threads: int,
        queue: QueueLimits,
        cache: PieceCache | None = None,
        clock: Clock = system_clock,
        unit_rows: int = UNIT_ROWS,
        limits_of: Callable[[str], QueryLimits] | None = None,
    ) -> None:
        """`threads` compute, shared by all queries; `queue` says how many run at a time, others wait.
        A thread reads `unit_rows` rows at once.

        `cache` keeps answers of range queries; it is closed with the service. `limits_of` gives the limits of a
        tenant, in place of `limits` and of what `queue` says of tenants.
        """
        self._store = ReadableStore(store)
        store.match_deletes(DeletedEntries(duck, store.streams, store.demoted))
        self._duck = duck
        self._limits_of = limits_of or (lambda _tenant: limits)
        self._workers = ThreadPoolExecutor(threads, "query-worker")
        self._clock = clock
        self._reader = StoreReader(self._store, duck, self._workers, self._limits_of, clock, unit_rows)
        self._listing = LabelListing(self._store, self._reader)
        self._metrics = MetricAnswers(self._store, self._reader, self._limits_of, cache, clock)
        self.cache = cache
        self._most_at_once = queue.most
        self.queue = FairQueue(queue, self._queue_limits if limits_of else None)
        self.flights: Flights[QueryAnswer] = Flights()
        self.blocked = CountsByTenant(Count)

    def close(self) -> None:
        """Wait for running work and let go of the threads."""
        self.queue.close()
        self._workers.shutdown()
        if self.cache is not None:
            self.cache.close()

    async def query_range(self, request: QueryRequest) -> QueryAnswer:
        """Answer a range query. Raises QueryError, QueryTimeout, Cancelled."""
        query, infos = self._read(request)
        if request.end < request.start:
            raise QueryError("end timestamp must not be before or equal to start time")
        self._limits_of(request.tenant).check_length(request.end - request.start)
        if isinstance(query, ast.LogQuery):
            asked = _asked(request, request.start)
            return await self._run(
                request,
                lambda context: self._reader.entries(query, request.tenant, asked, context, request.interval),
                infos,
            )
        if isinstance(query, ast.PipedQuery):
            self._limits_of(request.tenant).check_window(query.interval)
            asked = _asked(request, _first(query, request, request.start))
            return await self._run(
                request, lambda context: self._reader.rows(query, request.tenant, asked, context), infos
            )
        metric = lower(query, max(request.end - request.start, 1))
        step = request.step if request.step is not None else default_step(request.start, request.end)
        grid = StepGrid.aligned(request.start, request.end, step)
        if len(grid) > MAX_POINTS:
            raise QueryError(
                f"exceeded maximum resolution of {MAX_POINTS:,} points per time series; "
                "increase the value of the step parameter"
            )
        return await self._run(
            request, lambda context: self._metrics.matrix(metric, request.tenant, grid, context), infos
        )

    async def query_instant(self, request: QueryRequest) -> QueryAnswer:
        """Answer an instant query at `end`; a log query with the entries since `start`, or of the last hour."""
        query, infos = self._read(request)
        start = request.start if request.start < request.end else request.end - LOOK_BACK
        if isinstance(query, ast.LogQuery):
            asked = _asked(request, start, inclusive=True)
            return await self._run(
                request,
                lambda context: self._reader.entries(query, request.tenant, asked, context, request.interval),
                infos,
                instant=True,
            )
        if isinstance(query, ast.PipedQuery):
            self._limits_of(request.tenant).check_window(query.interval)
            asked = _asked(request, _first(query, request, start), inclusive=True)
            return await self._run(
                request, lambda context: self._reader.rows(query, request.tenant, asked, context), infos, instant=True
            )
        metric = lower(query, request.end - start)
        return await self._run(
            request,
            lambda context: self._metrics.vector(metric, request.tenant, request.end, context),
            infos,
            instant=True,
        )

    async def explain(self, request: QueryRequest, *, instant: bool = False) -> Explanation:
        """How a query would run; nothing but the catalog and metadata is read. Raises QueryError."""
        query, _ = self._read(request)
        looks_back = instant and request.start >= request.end
        start = request.end - LOOK_BACK if looks_back else request.start

        def explanation() -> Explanation:
            context = QueryContext(self._duck, self._workers)
            if isinstance(query, ast.LogQuery | ast.PipedQuery):
                first = _first(query, request, start) if isinstance(query, ast.PipedQuery) else start
                last = max(request.end, start + 1)
                asked = Asked(first, last, request.limit, request.direction)
                with self._store.snapshot(request.tenant, first, last) as snapshot:
                    return explain_piped(query, asked, self._reader.plan(snapshot, context))
            metric = lower(query, max(request.end - start, 1))
            step = request.step if request.step is not None else default_step(start, request.end)
            grid = StepGrid.instant(request.end) if instant else StepGrid.aligned(start, request.end, step)
            with self._store.snapshot(request.tenant, *data_range(metric, grid)) as snapshot:
                return explain_metric(metric, grid, self._reader.plan(snapshot, context), instant=instant)

        return await self._in_turn(request.tenant, explanation)

    async def labels(self, tenant: str, start: int, end: int, selector: str | None) -> list[str]:
        """Names of all labels of streams with entries in start <= t <= end, and of their entries."""
        start = max(start, self._oldest(tenant))
        return await self._in_turn(tenant, lambda: self._listing.names(tenant, start, end, selector))

    async def label_values(self, tenant: str, name: str, start: int, end: int, selector: str | None) -> list[str]:
        """Values of a label of streams with entries in start <= t <= end; of a demoted label those of entries."""
        start = max(start, self._oldest(tenant))
        return await self._in_turn(tenant, lambda: self._listing.values(tenant, name, start, end, selector))

    async def series(self, tenant: str, start: int, end: int, selectors: list[str]) -> list[Labels]:
        """Label sets of the streams that match one of the selectors (all, when there are none)."""
        start = max(start, self._oldest(tenant))
        return await self._in_turn(tenant, lambda: self._listing.label_sets(tenant, start, end, [*selectors] or [None]))

    async def cardinality(self, tenant: str, start: int, end: int, limit: int) -> Cardinality:
        """Which labels make how many streams, of those with entries in start <= t <= end. No entry is read."""
        start = max(start, self._oldest(tenant))

        def counted() -> Cardinality:
            with self._store.snapshot(tenant, -MAX_TIME, MAX_TIME) as snapshot:
                demoted = self._store.demoted.of(tenant)
                labels_of = partial(self._store.streams.labels, tenant)
                return cardinality(tenant, snapshot.segments, labels_of, demoted, start, end, limit)

        return await self._in_turn(tenant, counted)

    async def stream_totals(self, tenant: str, start: int, end: int, selector: str, step: int | None) -> StreamTotals:
        """Entries and bytes of each matching stream, per bucket of `step` ns.

        A matcher of a demoted label asks for the streams that may have such entries.
        """
        start = max(start, self._oldest(tenant))

        def totals() -> StreamTotals:
            streams = stream_part(parse_selector(selector), self._store.demoted.ever(tenant))
            with self._store.snapshot(tenant, start, end) as snapshot:
                return stream_totals(snapshot, self._reader.matches(tenant, streams), start, end, step)

        return await self._in_turn(tenant, totals)

    async def newest_lines(self, tenant: str, selector: str, edges: Int64s, most: int) -> LineSample:
        """The newest `most` lines, or all, of each edges[i] <= t < edges[i + 1]. Raises QueryError, QueryTimeout."""
        limits = self._limits_of(tenant)
        query, _ = self._read(QueryRequest(tenant, selector, int(edges[0]), int(edges[-1])))
        if not isinstance(query, ast.LogQuery):
            raise QueryError('only selectors name lines: write one, such as {app="shop"}')
        limits.check_length(int(np.diff(edges).max()))
        deadline = time.monotonic() + limits.query_timeout / SECOND
        context = QueryContext(self._duck, self._workers, deadline, partial=False)
        context.max_answer_bytes = limits.max_answer_bytes
        try:
            return await self.queue.run(
                tenant, deadline, lambda: self._reader.newest_lines(query, tenant, edges, most, context)
            )
        except asyncio.CancelledError:
            context.cancelled.set()
            raise

    def _oldest(self, tenant: str) -> int:
        return self._limits_of(tenant).oldest(self._clock())

    def _queue_limits(self, tenant: str) -> QueueLimits:
        limits = self._limits_of(tenant)
        return QueueLimits(0, limits.at_a_time(self._most_at_once), limits.max_outstanding)

    def _read(self, request: QueryRequest) -> tuple[ast.Query, tuple[str, ...]]:
        """The tree of a query, and remarks on how it was read. Raises ParseError, and QueryError for what is refused.

        Matchers of demoted labels ask the entries besides the streams.
        """
        limits, text = self._limits_of(request.tenant), request.query
        parsed = parse_with_infos(text, strict=not limits.extensions)
        if limits.checks.blocks(parsed.query, text, request.tags):
            self.blocked.of(request.tenant).count += 1
            _log.warning("query blocked", tenant=request.tenant, query=text, hash=fnv1(text))
            raise QueryError("query blocked by policy")
        if limits.require_non_empty_matcher:
            require_non_empty_matcher(parsed.query, text)
        limits.checks.check_selectors(parsed.query)
        if not request.by_rule:
            limits.checks.check_labels(parsed.query)
        return with_entry_labels(parsed.query, self._store.demoted.ever(request.tenant)), parsed.infos

    async def _run(
        self,
        request: QueryRequest,
        work: Callable[[QueryContext], QueryResult],
        infos: tuple[str, ...] = (),
        *,
        instant: bool = False,
    ) -> QueryAnswer:
        return await self.flights.answer(
            (request, instant),
            lambda: self._store.content(request.tenant),
            lambda flight: self._compute(request, work, infos, flight),
        )

    async def _compute(
        self,
        request: QueryRequest,
        work: Callable[[QueryContext], QueryResult],
        infos: tuple[str, ...],
        flight: Flight[QueryAnswer],
    ) -> QueryAnswer:
        limits = self._limits_of(request.tenant)
        timeout = request.timeout if request.timeout is not None else limits.query_timeout
        asked = time.monotonic()
        deadline = asked + timeout / SECOND
        context = QueryContext(self._duck, self._workers, deadline, strict=limits.strict_errors)
        context.partial = not request.complete
        context.is_awaited = not request.by_rule
        context.max_answer_bytes = 0 if request.in_pages else limits.max_answer_bytes

        def answer() -> QueryAnswer:
            flight.seen = self._store.content(request.tenant)
            began = time.monotonic()
            result = work(context)
            context.statistics.queue_seconds = began - asked
            context.statistics.seconds = time.monotonic() - began
            warnings, is_whole = tuple(context.warnings()), context.is_whole()
            return QueryAnswer(result, context.statistics, warnings, infos, is_whole)

        try:
            return await self.queue.run(request.tenant, deadline, answer)
        except asyncio.CancelledError:
            context.cancelled.set()
            raise

    async def _in_turn(self, tenant: str, work: Callable[[], Answer]) -> Answer:
        return await self.queue.run(tenant, time.monotonic() + self._limits_of(tenant).query_timeout / SECOND, work)


def _asked(request: QueryRequest, start: int, *, inclusive: bool = False) -> Asked:
    """The time and the number of entries that are asked for; with its end when it is `inclusive`, or of no length."""
    end = request.end + 1 if inclusive or request.end == start else request.end
    return Asked(start, end, request.limit, request.direction)


def _first(query: ast.PipedQuery, request: QueryRequest, start: int) -> int:
    """Where a query begins that may name its own range, else at `start` (ns)."""
    return request.end - query.interval if query.interval else start


def default_step(start: int, end: int) -> int:
    """Loki's step for a range: a 250th of it in whole seconds, at least one second."""
    return max(SECOND, (end - start) // 250 // SECOND * SECOND)
