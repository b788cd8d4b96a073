"""Metric queries over the store, with the help of the results cache where that is exact."""

from collections.abc import Callable

import numpy as np

from sigyn.engine.context import QueryContext
from sigyn.engine.cutting import may_be_cut
from sigyn.engine.log_ranges import data_range, log_ranges
from sigyn.engine.range_vector import range_vector
from sigyn.engine.subqueries import resolved
from sigyn.engine.vectors.block import SeriesBlock, in_order_of_labels, matrix_of, vector_of
from sigyn.engine.vectors.evaluate import evaluate_metric
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError
from sigyn.model.results import MatrixResult, ScalarResult, VectorResult
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.time import Clock
from sigyn.services.joined_tenants import ReadableStore, tenants_in
from sigyn.services.query_limits import QueryLimits, check_ranges
from sigyn.services.result_cache.lookup import CachedRange
from sigyn.services.result_cache.piece import PieceCache
from sigyn.services.store_reader import StoreReader


class MetricAnswers:
    """Answers metric queries; blocks, and may be called from several threads."""

    def __init__(
        self,
        store: ReadableStore,
        reader: StoreReader,
        limits_of: Callable[[str], QueryLimits],
        cache: PieceCache | None,
        clock: Clock,
    ) -> None:
        """`limits_of` gives the limits of a tenant."""
        self._store = store
        self._reader = reader
        self._limits_of = limits_of
        self._cache = cache
        self._clock = clock

    def matrix(self, query: ast.MetricQuery, tenant: str, grid: StepGrid, context: QueryContext) -> MatrixResult:
        """The answer to a range query, series in the order of their labels."""
        limits, now = self._limits_of(tenant), self._clock()
        check_ranges(query, limits)
        # Of several tenants no piece could be used again, see ReadableStore.unchanged. A piece may be of entries that
        # have become too old to be found.
        reaches_all = data_range(query, grid)[0] >= limits.oldest(now)
        kept = self._cache if len(tenants_in(tenant)) == 1 and reaches_all else None
        if kept is not None and len(grid) > 1 and may_be_cut(query, grid.step):
            cached = CachedRange(self._store, kept, tenant, query, now - limits.max_cache_freshness_per_query)
            value: SeriesBlock | float = cached.answer(
                grid, lambda part: self._series(query, tenant, part, context), context
            )
            self._note_quarantined(query, tenant, grid, context)  # of what was in the cache nobody has looked
        else:
            value = self._evaluate(query, tenant, grid, context)
        if isinstance(value, SeriesBlock):
            value = self._bounded(in_order_of_labels(value), tenant, context)
        return matrix_of(value, grid)

    def vector(
        self, query: ast.MetricQuery, tenant: str, time: int, context: QueryContext
    ) -> VectorResult | ScalarResult:
        """The answer to an instant query at `time` (ns)."""
        limits = self._limits_of(tenant)
        check_ranges(query, limits)
        grid = StepGrid.instant(time)
        oldest = limits.oldest(self._clock())
        if data_range(query, grid)[0] < oldest:
            context.warn(f"nothing before {format_rfc3339(oldest)} was looked at (max_query_lookback)")
        value = self._evaluate(query, tenant, grid, context)
        if isinstance(value, SeriesBlock):
            return vector_of(self._bounded(value, tenant, context), grid)
        return ScalarResult(time, value)

    def _series(self, query: ast.MetricQuery, tenant: str, grid: StepGrid, context: QueryContext) -> SeriesBlock:
        value = self._evaluate(query, tenant, grid, context)
        return value if isinstance(value, SeriesBlock) else SeriesBlock.constant(value, len(grid))

    def _evaluate(
        self, query: ast.MetricQuery, tenant: str, grid: StepGrid, context: QueryContext
    ) -> SeriesBlock | float:
        start, end = data_range(query, grid)
        query = resolved(query, self._reader.subquery(tenant, start, end + 1, context))
        known: dict[object, SeriesBlock] = {}  # what stands in a query twice, as the names of `let` do, is read once
        with self._store.snapshot(tenant, start, end) as snapshot:
            plan = self._reader.plan(snapshot, context)

            def series(node: ast.RangeAggregation, grouping: ast.Grouping | None, steps: StepGrid) -> SeriesBlock:
                key = (node, grouping, steps)
                if key not in known:
                    known[key] = range_vector(node, grouping, steps, plan, context)
                return known[key]

            value = evaluate_metric(query, series, grid)
            self._reader.note_unread(snapshot, context)
        return value

    def _note_quarantined(self, query: ast.MetricQuery, tenant: str, grid: StepGrid, context: QueryContext) -> None:
        for log_range in log_ranges(query):
            start = grid.start - log_range.offset - log_range.interval + 1
            end = grid.end - log_range.offset + 1
            context.quarantined_objects |= self._reader.unreadable(tenant, log_range.query.selector, start, end)

    def _bounded(self, block: SeriesBlock, tenant: str, context: QueryContext) -> SeriesBlock:
        """At most `max_query_series` series: those with the largest value anywhere."""
        most = self._limits_of(tenant).max_query_series
        if not most or len(block) <= most:
            return block
        if not context.partial:
            raise QueryError(f"maximum of series ({most}) reached for a single query (max_query_series)")
        peaks = np.where(block.present, np.nan_to_num(block.values, nan=-np.inf), -np.inf).max(axis=1)
        kept = np.sort(np.argsort(-peaks, kind="stable")[:most])
        context.warn(
            f"maximum of series ({most}) reached for a single query (max_query_series): "
            f"the {most} largest of {len(block)} series are shown"
        )
        return block.take(kept)
