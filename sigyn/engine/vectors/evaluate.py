"""The walk over the tree of a metric query."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sigyn.engine.interpreter.entry import ERROR
from sigyn.engine.vectors.absence import absence
from sigyn.engine.vectors.aggregations import aggregate
from sigyn.engine.vectors.binary import operate
from sigyn.engine.vectors.block import SeriesBlock, Value
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.histogram_quantile import histogram_quantile
from sigyn.engine.vectors.label_replace import label_replace
from sigyn.languages.logql import ast, print_query
from sigyn.languages.logql.entry_labels import written_selector
from sigyn.model.errors import QueryError

RangeVector: TypeAlias = Callable[[ast.RangeAggregation, ast.Grouping | None, StepGrid], SeriesBlock]
"""What an engine offers: the series of a range aggregation over a grid.

The grouping is a hint: the engine may answer with one series per group, in which the group's
samples are counted together, or with the series as they are. It never gets `absent_over_time`.
"""

EARLY_GROUPING: dict[ast.VectorOperator, frozenset[str]] = {
    "sum": frozenset({"count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time"}),
    "min": frozenset({"min_over_time"}),
    "max": frozenset({"max_over_time"}),
}
"""Range operators that may be aggregated by the groups of the vector operator directly above them.

The sum over series of a sum over samples is the sum over all samples, so are minimum and maximum;
but an average of averages is no average, and a quantile of quantiles nothing at all.
"""


_ONE_OF_GROUP = frozenset({"count", "sum", "avg", "min", "max", "stddev", "stdvar"})
"""Vector operators that have a value of each group in which there is any series."""


def evaluate_metric(query: ast.MetricQuery, range_vector: RangeVector, grid: StepGrid) -> Value:
    """The value of a metric query at all steps of a grid: series, or a number.

    Raises QueryError, besides what `range_vector` raises.
    """
    match query:
        case ast.Number(value):
            return value
        case ast.Vector(value):
            return SeriesBlock.constant(value, len(grid))
        case ast.RangeAggregation(operator="absent_over_time"):
            return absence(written_selector(query.log_range.query), range_vector(_counted(query), None, grid))
        case ast.RangeAggregation():
            return range_vector(query, None, grid)
        case ast.VectorAggregation(operator="approx_topk"):
            raise QueryError("approx_topk is not enabled. See -limits.shard_aggregations")  # as Loki, before it reads
        case ast.VectorAggregation(operator, expression, parameter, grouping):
            inner = _aggregated(with_presence(query), range_vector, grid)
            return aggregate(operator, _series(inner, expression), grouping, parameter)
        case ast.BinaryOperation(left=left, right=right):
            return operate(query, evaluate_metric(left, range_vector, grid), evaluate_metric(right, range_vector, grid))
        case ast.LabelReplace(expression):
            return label_replace(query, _series(evaluate_metric(expression, range_vector, grid), expression))
        case ast.HistogramQuantile(quantile, expression):
            return histogram_quantile(quantile, _series(evaluate_metric(expression, range_vector, grid), expression))
        case ast.CountEntries() | ast.Reference():
            raise TypeError("lowering turns these into other nodes before a query is evaluated")


def early_grouping(query: ast.VectorAggregation) -> ast.Grouping | None:
    """The grouping by which the range aggregation below may aggregate its samples; None when it may not."""
    inner = query.expression
    if (
        isinstance(inner, ast.RangeAggregation)
        and inner.grouping is None
        and inner.operator in EARLY_GROUPING.get(query.operator, ())
        and (query.operator == "sum" or not _names_unwrapped(query.grouping, inner))
    ):
        return query.grouping or ast.Grouping(())
    return None


def _names_unwrapped(grouping: ast.Grouping | None, below: ast.RangeAggregation) -> bool:
    """Whether groups are told apart by the label that is unwrapped, which no series of the aggregation has.

    Samples have it: of a sum, which Loki hands down to them, there is a series for each value of the label.
    """
    unwrap = below.log_range.unwrap
    return unwrap is not None and grouping is not None and not grouping.without and unwrap.label in grouping.labels


def with_presence(query: ast.VectorAggregation) -> ast.VectorAggregation:
    """The same answer from a query that asks less of what stands inside.

    `count(count by (user) (count_over_time(...)))`, the usual way to count users, counts the series of each first, and
    each entry may have a series of its own; but the count outside only asks which users there are, as any sum tells.
    """
    inner = query.expression
    if query.operator != "count" or not isinstance(inner, ast.VectorAggregation) or inner.operator not in _ONE_OF_GROUP:
        return query
    below = inner.expression
    if not isinstance(below, ast.RangeAggregation) or ERROR in (inner.grouping or ast.Grouping(())).labels:
        return query
    if inner.operator != "sum" and _names_unwrapped(inner.grouping, below):
        return query
    for operator, early in EARLY_GROUPING.items():
        if below.operator in early:
            return replace(query, expression=replace(inner, operator=operator))
    return query


def _aggregated(query: ast.VectorAggregation, range_vector: RangeVector, grid: StepGrid) -> Value:
    hint = early_grouping(query)
    if hint is not None and isinstance(query.expression, ast.RangeAggregation):
        return range_vector(query.expression, hint, grid)
    return evaluate_metric(query.expression, range_vector, grid)


def _counted(query: ast.RangeAggregation) -> ast.RangeAggregation:
    """An aggregation that has a value wherever the absent one has none."""
    return replace(query, operator="sum_over_time" if query.log_range.unwrap else "count_over_time")


def _series(value: Value, expression: ast.MetricQuery) -> SeriesBlock:
    if isinstance(value, SeriesBlock):
        return value
    raise QueryError(f"expected series, got the number {print_query(expression)}; as a series it is written vector(5)")
