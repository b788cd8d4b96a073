"""Rewrites what is short for something longer: `let`, `count({...})`, a range that was left out.

What comes out is made of nodes that Loki's language has (and histogram_quantile), so that an engine
need not know the short forms.
"""

from collections.abc import Mapping
from dataclasses import replace

from sigyn.languages.lexer import MAX_DEPTH, TOO_DEEP
from sigyn.languages.logql import ast
from sigyn.languages.logql.diagnostics import extension_error
from sigyn.languages.logql.let_matching import match_names

MAX_NODES = 2_000
"""Operations that a query may have once its names are replaced: names that use names multiply."""


def lower(query: ast.MetricQuery | ast.Let, window: int) -> ast.MetricQuery:
    """The query without short forms; `window` ns are counted where no range was written."""
    if not isinstance(query, ast.Let):
        return _lowered(query, window, {})
    names: dict[str, ast.MetricQuery] = {}
    for binding in query.bindings:
        names[binding.name] = _lowered(binding.query, window, names)
    return match_names(_lowered(query.expression, window, names))


def _lowered(query: ast.MetricQuery, window: int, names: Mapping[str, ast.MetricQuery]) -> ast.MetricQuery:
    match query:
        case ast.Reference(name):
            return names[name]
        case ast.CountEntries(log_query, grouping):
            counted = ast.RangeAggregation("count_over_time", ast.LogRange(log_query, window), span=query.span)
            return ast.VectorAggregation("sum", counted, None, grouping, query.span)
        case ast.RangeAggregation(log_range=log_range):
            return query if log_range.interval else replace(query, log_range=replace(log_range, interval=window))
        case ast.VectorAggregation() | ast.LabelReplace() | ast.HistogramQuantile():
            return replace(query, expression=_lowered(query.expression, window, names))
        case ast.BinaryOperation(left=left, right=right):
            return replace(query, left=_lowered(left, window, names), right=_lowered(right, window, names))
        case ast.Vector() | ast.Number():
            return query


def check_let(text: str, query: ast.Query) -> None:
    """Raises ParseError when a query is too large or too deep once its names are replaced."""
    if not isinstance(query, ast.Let):
        return
    names: dict[str, tuple[int, int]] = {}
    for binding in query.bindings:
        names[binding.name] = _size(binding.query, names)
    nodes, depth = _size(query.expression, names)
    if depth > MAX_DEPTH:
        raise extension_error(text, query.span, TOO_DEEP)
    if nodes > MAX_NODES:
        message = f"the query has more than {MAX_NODES} operations once its names are replaced"
        raise extension_error(text, query.span, message)


def _size(query: ast.MetricQuery, names: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Nodes and levels."""
    match query:
        case ast.Reference(name):
            return names[name]
        case ast.VectorAggregation(expression=inner) | ast.LabelReplace(expression=inner):
            nodes, depth = _size(inner, names)
            return nodes + 1, depth + 1
        case ast.HistogramQuantile(expression=inner):
            nodes, depth = _size(inner, names)
            return nodes + 1, depth + 1
        case ast.BinaryOperation(left=left, right=right):
            (nodes, depth), (more, deeper) = _size(left, names), _size(right, names)
            return nodes + more + 1, max(depth, deeper) + 1
        case _:
            return 1, 1
