"""Which labels count when the series of two names are joined.

    let before = count_over_time({app="shop", version="v1"}[1h]);
    let after  = count_over_time({app="shop", version="v2"}[1h]);
    (after - before) / before

Here `version` has another value on each side of the minus, for every series, so no two series could
ever match, and whoever writes this means all other labels. Between names of a `let`, labels that the
selectors fix to different values are therefore left out of the match, as `ignoring (version)` does. An
operator with a matching of its own, and `and`, `or`, `unless`, are left as they are.
"""

from dataclasses import replace

from sigyn.languages.logql import ast

Fixed = dict[str, str | None]
"""Labels with the one value that all series have; None: series lost the label in a match."""

_SET_OPERATORS = ("and", "or", "unless")


def match_names(query: ast.MetricQuery) -> ast.MetricQuery:
    """The query with `ignoring` where labels are fixed to different values."""
    return _matched(query)[0]


def _matched(query: ast.MetricQuery) -> tuple[ast.MetricQuery, Fixed]:
    match query:
        case ast.RangeAggregation(log_range=log_range, grouping=grouping):
            selector = log_range.query.selector
            fixed: Fixed = {one.name: one.value for one in selector.matchers if one.operator == "=" and one.value}
            return query, _grouped(fixed, grouping) if grouping is not None else fixed
        case ast.VectorAggregation(operator=operator, grouping=grouping):
            inner, fixed = _matched(query.expression)
            keeps_labels = operator in ("topk", "bottomk", "approx_topk", "sort", "sort_desc")
            return replace(query, expression=inner), fixed if keeps_labels else _grouped(fixed, grouping)
        case ast.LabelReplace(destination=destination):
            inner, fixed = _matched(query.expression)
            return replace(query, expression=inner), {name: fixed[name] for name in fixed if name != destination}
        case ast.HistogramQuantile():
            inner, fixed = _matched(query.expression)
            return replace(query, expression=inner), fixed
        case ast.BinaryOperation():
            return _joined(query)
        case _:
            return query, {}


def _joined(query: ast.BinaryOperation) -> tuple[ast.MetricQuery, Fixed]:
    (left, left_fixed), (right, right_fixed) = _matched(query.left), _matched(query.right)
    query = replace(query, left=left, right=right)
    if query.operator in _SET_OPERATORS or query.matching is not None:
        return query, left_fixed
    if isinstance(left, ast.Number):
        return query, right_fixed
    both = left_fixed.keys() & right_fixed.keys()
    different = tuple(sorted(name for name in both if left_fixed[name] != right_fixed[name]))
    if not different:
        return query, left_fixed
    lost: Fixed = dict.fromkeys(different)
    return replace(query, matching=ast.VectorMatching(different)), {**left_fixed, **lost}


def _grouped(fixed: Fixed, grouping: ast.Grouping | None) -> Fixed:
    if grouping is None:
        return {}
    return {name: fixed[name] for name in fixed if (name in grouping.labels) is not grouping.without}
