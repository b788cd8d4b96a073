"""Which range and vector aggregations take a parameter, a grouping or an unwrapped label."""

from sigyn.languages.go_numbers import format_short
from sigyn.languages.logql import ast
from sigyn.languages.logql.diagnostics import meaning_error

_GROUPED = frozenset(
    (
        "avg_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "quantile_over_time",
        "max_over_time",
        "min_over_time",
        "first_over_time",
        "last_over_time",
    )
)
_OF_LINES = frozenset(("rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time"))
_OF_UNWRAPPED = _GROUPED | {"sum_over_time", "rate", "rate_counter", "absent_over_time"}
_COUNTING = frozenset(("topk", "bottomk", "approx_topk"))


def check_range_aggregation(query: str, node: ast.RangeAggregation) -> None:
    """Raises ParseError when the parts don't go together."""
    name = node.operator
    if name == "quantile_over_time":
        if node.parameter is None:
            raise meaning_error(
                query, node.span, f"parameter required for operation {name}", f"write: {name}(0.99, {{...}})"
            )
    elif node.parameter is not None:
        parameter = format_short(node.parameter)
        raise meaning_error(query, node.span, f"parameter {parameter} not supported for operation {name}")
    if node.grouping is not None and name not in _GROUPED:
        raise meaning_error(
            query,
            node.span,
            f"grouping not allowed for {name} aggregation",
            f"group what it gives: sum by ({', '.join(node.grouping.labels)}) ({name}(...))",
        )
    if node.log_range.unwrap is not None:
        if name not in _OF_UNWRAPPED:
            raise meaning_error(query, node.span, f"invalid aggregation {name} with unwrap")
    elif name not in _OF_LINES:
        raise meaning_error(
            query,
            node.span,
            f"invalid aggregation {name} without unwrap",
            "say which label holds the number: | unwrap duration_ms [5m]",
        )


def check_vector_aggregation(query: str, node: ast.VectorAggregation) -> None:
    """Raises ParseError when the parts don't go together."""
    name = node.operator
    if name in _COUNTING:
        if node.parameter is None:
            raise meaning_error(
                query, node.span, f"parameter required for operation {name}", f"say how many: {name}(10, ...)"
            )
        if not node.parameter.is_integer():
            raise meaning_error(query, node.span, f"invalid parameter {name}({format_short(node.parameter)},")
        if node.parameter <= 0:
            parameter = format_short(node.parameter)
            raise meaning_error(query, node.span, f"invalid parameter (must be greater than 0) {name}({parameter}")
    elif node.parameter is not None:
        parameter = format_short(node.parameter)
        raise meaning_error(query, node.span, f"unsupported parameter for operation {name}({parameter},")
    if name in ("sort", "sort_desc") and node.grouping is not None:
        raise meaning_error(query, node.span, "sort and sort_desc doesn't allow grouping by")
    if name == "approx_topk" and node.grouping is not None:
        raise meaning_error(query, node.span, "grouping not allowed for approx_topk aggregation")
