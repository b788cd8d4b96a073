"""Which metric queries may be computed in pieces of their steps, and then give the same to the last digit.

A point of a metric query depends on the entries in the windows of its step, and on nothing else: vector
aggregations, topk, binary operations, label_replace, sort, absence and histogram_quantile work step by
step. Three things are in the way:
- a subquery in a filter is asked over the whole range;
- sums of fractions depend in their last digits on the order in which entries are added, that in which
  segments happen to be read; numbers of entries and bytes are whole, and exact in any order;
- entries between the windows, where steps are longer than these, are in no point, but one that a stage
  can't read is told in a warning or fails the query, and no piece would see it.
"""

from sigyn.engine.log_ranges import range_aggregations
from sigyn.engine.subqueries import has_subqueries
from sigyn.languages.logql import ast

_SUMS = frozenset({"rate", "sum_over_time", "avg_over_time"})


def may_be_cut(query: ast.MetricQuery, step: int) -> bool:
    """Whether pieces of the answer (step in ns), side by side, are the answer. The query has no short forms."""
    aggregations = range_aggregations(query)
    return bool(aggregations) and not has_subqueries(query) and all(_may_be_cut(one, step) for one in aggregations)


def _may_be_cut(query: ast.RangeAggregation, step: int) -> bool:
    log_range = query.log_range
    if query.operator in _SUMS and log_range.unwrap is not None:
        return False
    only_lines = all(isinstance(stage, ast.LineFilter) for stage in log_range.query.stages)
    return log_range.interval >= step or (only_lines and log_range.unwrap is None)
