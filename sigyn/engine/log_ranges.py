"""The log ranges of a metric query, and when the entries lie that it reads."""

from collections.abc import Sequence

from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast


def log_ranges(query: ast.MetricQuery) -> Sequence[ast.LogRange]:
    """All log ranges in a metric query."""
    return [found.log_range for found in range_aggregations(query)]


def range_aggregations(query: ast.MetricQuery) -> Sequence[ast.RangeAggregation]:
    """All range aggregations in a metric query, from left to right."""
    match query:
        case ast.RangeAggregation():
            return [query]
        case ast.VectorAggregation(expression=inner) | ast.LabelReplace(expression=inner):
            return range_aggregations(inner)
        case ast.HistogramQuantile(expression=inner):
            return range_aggregations(inner)
        case ast.BinaryOperation(left=left, right=right):
            return [*range_aggregations(left), *range_aggregations(right)]
        case _:
            return []


def data_range(query: ast.MetricQuery, grid: StepGrid) -> tuple[int, int]:
    """ns between which the entries lie that a metric query reads (inclusive)."""
    ranges = log_ranges(query)
    starts = [grid.start - found.offset - found.interval for found in ranges]
    ends = [grid.start + (len(grid) - 1) * grid.step - found.offset for found in ranges]
    return min(starts, default=grid.start), max(ends, default=grid.start)
