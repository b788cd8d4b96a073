"""Queries over recorded series: leaves from the series store, the rest as LogQL has it, names as PromQL has them.

Series of logs have no names; recorded ones do, and most operations drop them. What is matched or grouped
never looks at names; a selector, what is chosen from it (`topk`, `and`, a comparison that keeps values) and
label_replace keep them.
"""

from dataclasses import replace

from sigyn.engine.vectors.absence import absence
from sigyn.engine.vectors.aggregations import aggregate
from sigyn.engine.vectors.binary import operate
from sigyn.engine.vectors.block import SeriesBlock, Value, matrix_of, vector_of
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.histogram_quantile import histogram_quantile
from sigyn.engine.vectors.label_replace import label_replace
from sigyn.engine.vectors.merging import merge_equal
from sigyn.engine.vectors.operators import COMPARISONS, SETS
from sigyn.languages.logql import ast
from sigyn.languages.promql import NAME
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import MatrixResult, ScalarResult, VectorResult
from sigyn.ruler.series_leaves import leaf
from sigyn.ruler.series_store import SeriesStore

_CHOOSING = ("topk", "bottomk", "sort", "sort_desc")


def instant(store: SeriesStore, tenant: str, query: ast.MetricQuery, time: int) -> VectorResult | ScalarResult:
    """The answer at a moment (ns). Raises QueryError."""
    grid = StepGrid.instant(time)
    value = _Walk(store, tenant, grid).value(query)
    return vector_of(value, grid) if isinstance(value, SeriesBlock) else ScalarResult(time, value)


def over_range(
    store: SeriesStore, tenant: str, query: ast.MetricQuery, start: int, end: int, step: int
) -> MatrixResult:
    """The answer at start, start + step, ... up to end (ns). Raises QueryError."""
    grid = StepGrid(start, end, step)
    return matrix_of(_Walk(store, tenant, grid).value(query), grid)


class _Walk:
    """A walk over the tree of a query."""

    def __init__(self, store: SeriesStore, tenant: str, grid: StepGrid) -> None:
        self._store = store
        self._tenant = tenant
        self._grid = grid

    def value(self, query: ast.MetricQuery) -> Value:
        """What a tree stands for: series, with names where they are kept, or a number. Raises QueryError."""
        match query:
            case ast.Number(value):
                return value
            case ast.Vector(value):
                return SeriesBlock.constant(value, len(self._grid))
            case ast.RangeAggregation(operator="absent_over_time"):
                counted = replace(query, operator="last_over_time")
                missing = absence(query.log_range.query.selector, self._leaf(counted))
                return _with_names_off(missing)
            case ast.RangeAggregation(operator="last_over_time"):
                return self._leaf(query)
            case ast.RangeAggregation():
                return _without_names(self._leaf(query))
            case ast.VectorAggregation(operator, inner, parameter, grouping):
                block = self._series(inner)
                if operator not in _CHOOSING:
                    block = _with_names_off(block)
                return aggregate(operator, block, _unnamed_grouping(grouping), parameter)
            case ast.LabelReplace(inner):
                return label_replace(query, self._series(inner))
            case ast.HistogramQuantile(quantile, inner):
                return histogram_quantile(quantile, _without_names(self._series(inner)))
            case ast.BinaryOperation():
                return self._operation(query)
        raise TypeError(f"PromQL has no {type(query).__name__}")

    def _operation(self, query: ast.BinaryOperation) -> Value:
        left, right = self.value(query.left), self.value(query.right)
        keeps = query.operator in SETS or (query.operator in COMPARISONS and not query.return_bool)
        if not keeps:
            left, right = (_without_names(side) if isinstance(side, SeriesBlock) else side for side in (left, right))
        if not isinstance(left, SeriesBlock) or not isinstance(right, SeriesBlock):
            return operate(query, left, right)
        matching = query.matching or ast.VectorMatching()
        if not matching.on:
            matching = replace(matching, labels=(*matching.labels, NAME))
        value = operate(replace(query, matching=matching), left, right)
        if query.matching is None and query.operator in COMPARISONS and isinstance(value, SeriesBlock):
            names = {_unnamed(own): own for own in left.labels} if keeps else {}
            return replace(value, labels=[names.get(own, own) for own in value.labels])
        return value

    def _leaf(self, query: ast.RangeAggregation) -> SeriesBlock:
        return leaf(self._store, self._tenant, query, self._grid)

    def _series(self, query: ast.MetricQuery) -> SeriesBlock:
        value = self.value(query)
        if isinstance(value, SeriesBlock):
            return value
        raise QueryError(f"expected series, got the number {value:g}")


def _without_names(block: SeriesBlock) -> SeriesBlock:
    """Series without their names. Raises QueryError when two become one."""
    return merge_equal(_with_names_off(block), "two metrics have series of the same labels")


def _with_names_off(block: SeriesBlock) -> SeriesBlock:
    return replace(block, labels=[_unnamed(own) for own in block.labels])


def _unnamed(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != NAME)


def _unnamed_grouping(grouping: ast.Grouping | None) -> ast.Grouping | None:
    """`without` leaves the name out too."""
    if grouping is None or not grouping.without:
        return grouping
    return ast.Grouping((*grouping.labels, NAME), without=True)
