"""Which metric queries may be computed in pieces of their steps, and then give the same to the last digit.

A point of a metric query depends on the entries in the windows of its step, and on nothing else:
vector aggregations, topk, binary operations, label_replace, sort, absence and histogram_quantile
work step by step. Two things are in the way. A subquery in a filter is asked over the whole range.
And sums of fractions depend in their last digits on the order in which entries are added, which is
that in which segments happen to be read; numbers of entries and bytes are whole, and exact in any order.
"""

from sigyn.engine.log_ranges import range_aggregations
from sigyn.engine.subqueries import has_subqueries
from sigyn.languages.logql import ast

_SUMS = frozenset({"rate", "sum_over_time", "avg_over_time"})


def may_be_cut(query: ast.MetricQuery) -> bool:
    """Whether pieces of the answer, side by side, are the answer. A query without short forms is asked for."""
    aggregations = range_aggregations(query)
    if not aggregations or has_subqueries(query):
        return False
    return not any(one.operator in _SUMS and one.log_range.unwrap is not None for one in aggregations)
