"""How queries read the store: which parts of a snapshot they need, and the entries and rows that these give."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sigyn.engine.context import QueryContext
from sigyn.engine.duck import Duck
from sigyn.engine.label_sets import label_sets
from sigyn.engine.line_sample import newest_lines, sample_of
from sigyn.engine.log_query import run_log_query
from sigyn.engine.matches import SelectorCache, SelectorMatches
from sigyn.engine.piped_query import MAX_ENTRIES as MAX_SUBQUERY_ROWS
from sigyn.engine.piped_query import Asked, run_piped_query
from sigyn.engine.range_vector import PlanScan
from sigyn.engine.scan import Scan
from sigyn.engine.scan_plan import plan_scan
from sigyn.engine.subqueries import Run as RunSubquery
from sigyn.engine.subqueries import resolved
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.results import LineSample, LogEntry, LogResult, TableResult
from sigyn.model.time import SECOND, Clock
from sigyn.services.joined_tenants import ReadableStore
from sigyn.services.query_limits import QueryLimits, check_bytes
from sigyn.services.unread import note_unread, unreadable
from sigyn.store.snapshot import Snapshot

LISTING_TIME = 2 * SECOND
"""How long entries may be looked at to list the values of a demoted label, or the series that have one."""
LISTING_ENTRIES = 1_000
"""The newest entries that series with demoted labels are those of, and the values of a label that has too many."""
LISTING_LABEL_SETS = 100_000
"""The most values of a label that are all listed."""


class StoreReader:
    """Reads for queries of all tenants, within their limits. Blocks, and may be called from several threads."""

    def __init__(
        self,
        store: ReadableStore,
        duck: Duck,
        workers: ThreadPoolExecutor,
        limits_of: Callable[[str], QueryLimits],
        clock: Clock,
        unit_rows: int,
    ) -> None:
        """`limits_of` gives the limits of a tenant; `workers` compute, each of `unit_rows` rows at once."""
        self._store = store
        self._duck = duck
        self._workers = workers
        self._limits_of = limits_of
        self._clock = clock
        self._unit_rows = unit_rows
        self._selectors = SelectorCache()

    def entries(
        self, query: ast.LogQuery, tenant: str, asked: Asked, context: QueryContext, interval: int = 0
    ) -> LogResult:
        """The entries that a log query finds, those that are less than `interval` ns from another left out."""
        with self._store.snapshot(tenant, asked.start, asked.end) as snapshot:
            query = resolved(query, self.subquery(tenant, asked.start, asked.end, context))
            # Without a stage it reads as much as it answers, and no more.
            scan = self._scan(snapshot, query, asked.start, asked.end, context, bounded=bool(query.stages))
            entries = run_log_query(query, scan, asked.limit, asked.direction, context, interval)
            self.note_unread(snapshot, context)
        return LogResult(entries, asked.direction)

    def newest_lines(
        self, query: ast.LogQuery, tenant: str, edges: npt.NDArray[np.int64], most: int, context: QueryContext
    ) -> LineSample:
        """The newest `most` lines, or all, of each edges[i] <= t < edges[i + 1], of those that a query finds."""
        bounds = edges.tolist()
        with self._store.snapshot(tenant, bounds[0], bounds[-1]) as snapshot:

            def scan(start: int, end: int) -> Scan:
                return self._scan(snapshot, query, start, end, context, bounded=bool(query.stages))

            if query.stages:  # of demoted labels, which lines have and streams don't
                found = [
                    run_log_query(query, scan(start, end), most, "backward", context) for start, end in pairwise(bounds)
                ]
                sample = sample_of(edges, found)
            else:
                sample = newest_lines(scan(bounds[0], bounds[-1]), edges, most, context)
            self.note_unread(snapshot, context)
        return sample

    def rows(self, query: ast.PipedQuery, tenant: str, asked: Asked, context: QueryContext) -> LogResult | TableResult:
        """What the pipes of a query make of the entries that it finds."""
        query = resolved(query, self.subquery(tenant, asked.start, asked.end, context))
        return self._rows(query, tenant, asked, context)

    def subquery(self, tenant: str, start: int, end: int, context: QueryContext) -> RunSubquery:
        """Runs what stands in a filter over the same time as the query around it, start <= t < end (ns)."""

        def run(query: ast.PipedQuery) -> LogResult | TableResult:
            own_start = end - query.interval if query.interval else start
            return self._rows(query, tenant, Asked(own_start, end, MAX_SUBQUERY_ROWS, "backward"), context)

        return run

    def plan(self, snapshot: Snapshot, context: QueryContext) -> PlanScan:
        """How a query reads a snapshot; what it gives raises QueryError when it would have to read too much."""
        return lambda query, start, end: self._scan(snapshot, query, start, end, context)

    def matches(self, tenant: str, selector: ast.Selector) -> SelectorMatches:
        """Which streams of a tenant a selector matches."""
        return self._selectors.get(tenant, selector, lambda id: self._store.streams.labels(tenant, id))

    def unreadable(self, tenant: str, selector: ast.Selector, start: int, end: int) -> set[str]:
        """Objects in quarantine with entries for a tenant and selector at start <= t < end (ns)."""
        quarantined = self._store.quarantined_in(tenant, start, end)
        return unreadable(quarantined, self.matches(tenant, selector), start, end) if quarantined else set()

    def note_unread(self, snapshot: Snapshot, context: QueryContext) -> None:
        """Notes what of a snapshot could not be read, and has restored what may be."""
        note_unread(snapshot, context, self._store.restores, self._limits_of)

    def newest(self, tenant: str, query: ast.LogQuery, start: int, end: int) -> list[LogEntry]:
        """The newest entries of start <= t < end that a query finds, as many as are found in a short time."""
        context = QueryContext(self._duck, self._workers, time.monotonic() + LISTING_TIME / SECOND)
        with self._store.snapshot(tenant, start, end) as snapshot:
            scan = self._scan(snapshot, query, start, end, context, bounded=False)
            try:
                return run_log_query(query, scan, LISTING_ENTRIES, "backward", context)
            except QueryTimeout:
                return []

    def label_sets(
        self, tenant: str, query: ast.LogQuery, names: tuple[str, ...], start: int, end: int
    ) -> Sequence[Labels] | None:
        """What the entries of start <= t < end that a query finds have of these labels, as far as time suffices.

        None: there are more than LISTING_LABEL_SETS.
        """
        context = QueryContext(self._duck, self._workers, time.monotonic() + LISTING_TIME / SECOND)
        with self._store.snapshot(tenant, start, end) as snapshot:
            scan = self._scan(snapshot, query, start, end, context, bounded=False)
            return label_sets(query, names, scan, start, end - 1, LISTING_LABEL_SETS, context)

    def _rows(self, query: ast.PipedQuery, tenant: str, asked: Asked, context: QueryContext) -> LogResult | TableResult:
        with self._store.snapshot(tenant, asked.start, asked.end) as snapshot:
            result = run_piped_query(query, asked, self.plan(snapshot, context), context)
            self.note_unread(snapshot, context)
        return result

    def _scan(
        self,
        snapshot: Snapshot,
        query: ast.LogQuery,
        start: int,
        end: int,
        context: QueryContext,
        *,
        bounded: bool = True,
    ) -> Scan:
        """What a query has to read; raises QueryError when it is `bounded` and would have to read too much."""
        limits = self._limits_of(snapshot.tenant)
        most = limits.max_query_bytes_read if bounded else 0
        start = max(start, limits.oldest(self._clock()))
        end = max(start, end)
        matches = self.matches(snapshot.tenant, query.selector)
        context.quarantined_objects |= unreadable(snapshot.quarantined, matches, start, end)
        scan = plan_scan(snapshot, matches, start, end, query.stages, self._unit_rows)
        if most:
            check_bytes(scan, most)
        context.statistics.segments_total += len(snapshot.segments)
        context.statistics.segments_read += len({part.segment.id for part in scan.parts})
        context.statistics.row_groups_total += scan.row_groups_total
        return scan
