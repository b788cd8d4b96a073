"""PromQL over recorded series, as LogQL's tree.

Both languages aggregate, join and compare series in the same way; only their leaves differ. A leaf of
PromQL becomes a range aggregation whose selector names the metric by a matcher on `__name__`, and which
unwraps a label that no log line has: `VALUE` for the samples of a range, `INSTANT` for the newest sample.
Whoever evaluates the tree gives the samples (`evaluate_metric` asks for its range aggregations only).

Not read: subqueries, `@`, and the functions that are not in FUNCTIONS.
"""

import re
from collections.abc import Iterator
from typing import cast

from sigyn.languages.durations import parse_prometheus_duration
from sigyn.languages.lexer import END, Cursor, Token
from sigyn.languages.logql import ast
from sigyn.languages.logql.expressions import COMPARISON, PRECEDENCE, parse_grouping, parse_matching
from sigyn.languages.logql.ranges import parse_offset
from sigyn.languages.promql.diagnostics import promql_error
from sigyn.languages.promql.tokens import tokenise
from sigyn.languages.regex import RegexError, compile_regex
from sigyn.model.time import MINUTE, SECOND

NAME = "__name__"
VALUE, INSTANT = "__value__", "__instant__"
LOOK_BACK = 5 * MINUTE
"""How old the newest sample of a series may be, ns: Prometheus' default."""

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

FUNCTIONS: dict[str, ast.RangeOperator] = {
    "rate": "rate_counter",
    "increase": "rate_counter",
    "count_over_time": "count_over_time",
    "sum_over_time": "sum_over_time",
    "avg_over_time": "avg_over_time",
    "min_over_time": "min_over_time",
    "max_over_time": "max_over_time",
    "stddev_over_time": "stddev_over_time",
    "stdvar_over_time": "stdvar_over_time",
    "last_over_time": "last_over_time",
    "quantile_over_time": "quantile_over_time",
    "absent_over_time": "absent_over_time",
}
"""Functions over a range, and what they are called in LogQL."""

_AGGREGATIONS = frozenset(
    ("sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "sort", "sort_desc")
)
_MATCHERS = ("=", "!=", "=~", "!~")


def parse_promql(text: str) -> ast.MetricQuery:
    """The tree of a query over recorded series. Raises ParseError, with the place."""
    cursor = Cursor(text, tokenise(text), promql_error)
    query = _expression(cursor)
    if cursor.kind != END:
        raise cursor.unexpected()
    return query


def metric_names(query: ast.MetricQuery) -> frozenset[str]:
    """The names of the metrics that a query reads, as far as it says them plainly."""
    return frozenset(
        matcher.value
        for leaf in leaves(query)
        for matcher in leaf.log_range.query.selector.matchers
        if (matcher.name, matcher.operator) == (NAME, "=")
    )


def leaves(query: ast.MetricQuery) -> Iterator[ast.RangeAggregation]:
    """The range aggregations in a tree."""
    match query:
        case ast.RangeAggregation():
            yield query
        case ast.VectorAggregation() | ast.LabelReplace() | ast.HistogramQuantile():
            yield from leaves(query.expression)
        case ast.BinaryOperation():
            yield from leaves(query.left)
            yield from leaves(query.right)
        case _:
            return


def _expression(cursor: Cursor, loosest: int = 1) -> ast.MetricQuery:
    cursor.descend()
    left = _operand(cursor)
    while (precedence := PRECEDENCE.get(cursor.kind, 0)) >= loosest:
        operator = cast(ast.BinaryOperator, cursor.advance().kind)
        return_bool = cursor.accept("bool") is not None and precedence == COMPARISON
        matching = parse_matching(cursor)
        right = _expression(cursor, precedence if operator == "^" else precedence + 1)
        left = ast.BinaryOperation(operator, left, right, return_bool, matching)
    cursor.ascend()
    return left


def _operand(cursor: Cursor) -> ast.MetricQuery:
    token = cursor.token
    if token.kind == "(":
        cursor.advance()
        inner = _expression(cursor)
        cursor.expect(")")
        return inner
    if token.kind in ("+", "-"):
        cursor.advance()
        inner = _expression(cursor, PRECEDENCE["*"] + 1)
        if token.kind == "+":
            return inner
        if isinstance(inner, ast.Number):
            return ast.Number(-inner.value)
        return ast.BinaryOperation("*", ast.Number(-1.0), inner)
    if token.kind == "NUMBER":
        return ast.Number(_number(cursor.advance()))
    if token.kind == "{":
        return _instant(cursor, "")
    name = cursor.expect("IDENTIFIER")
    if name.text.lower() in _AGGREGATIONS and cursor.kind in ("(", "by", "without"):
        return _aggregation(cursor, name)
    if cursor.kind == "(":
        return _function(cursor, name)
    if name.text.lower() in ("inf", "nan") and cursor.kind != "{":
        return ast.Number(float(name.text))
    return _instant(cursor, name.text)


def _number(token: Token) -> float:
    return float(int(token.text, 16)) if token.text[:2].lower() == "0x" else float(token.text)


def _instant(cursor: Cursor, name: str) -> ast.RangeAggregation:
    """A selector that stands alone: the newest sample of each series, unless it has become stale."""
    selector = _selector(cursor, name)
    if cursor.kind == "RANGE":
        raise promql_error(cursor.query, cursor.token, "a range stands in a function: rate(name[5m])")
    return _leaf("last_over_time", selector, LOOK_BACK, parse_offset(cursor), INSTANT)


def _leaf(
    operator: ast.RangeOperator,
    selector: ast.Selector,
    interval: int,
    offset: int,
    unwrap: str = VALUE,
    parameter: float | None = None,
) -> ast.RangeAggregation:
    return ast.RangeAggregation(
        operator, ast.LogRange(ast.LogQuery(selector), interval, offset, ast.Unwrap(unwrap)), parameter
    )


def _selector(cursor: Cursor, name: str) -> ast.Selector:
    matchers = [ast.Matcher(NAME, "=", name)] if name else []
    start = cursor.token
    if cursor.accept("{"):
        while not cursor.accept("}"):
            matchers.append(_matcher(cursor))
            if not cursor.accept(",") and cursor.kind != "}":
                raise cursor.unexpected(",", "}")
    if not matchers:
        raise promql_error(cursor.query, start, "a selector names its metric, or has a matcher")
    return ast.Selector(tuple(matchers))


def _matcher(cursor: Cursor) -> ast.Matcher:
    label = cursor.expect("IDENTIFIER")
    if cursor.kind not in _MATCHERS:
        raise cursor.unexpected(*_MATCHERS)
    operator = cast(ast.MatchOperator, cursor.advance().kind)
    value = cursor.expect("STRING")
    if operator in ("=~", "!~"):
        _check_regex(cursor, value)
    return ast.Matcher(label.text, operator, value.value)


def _check_regex(cursor: Cursor, value: Token) -> None:
    try:
        compile_regex(value.value)
    except RegexError as error:
        raise promql_error(cursor.query, value, str(error)) from None


def _aggregation(cursor: Cursor, name: Token) -> ast.VectorAggregation:
    operator = cast(ast.VectorOperator, name.text.lower())
    grouping = parse_grouping(cursor)
    cursor.expect("(")
    parameter = None
    if operator in ("topk", "bottomk"):
        parameter = _number(cursor.expect("NUMBER"))
        cursor.expect(",")
    inner = _expression(cursor)
    cursor.expect(")")
    return ast.VectorAggregation(
        operator, inner, parameter, grouping if grouping is not None else parse_grouping(cursor)
    )


def _function(cursor: Cursor, name: Token) -> ast.MetricQuery:
    cursor.advance()
    match name.text:
        case "vector":
            query: ast.MetricQuery = ast.Vector(_signed_number(cursor))
        case "histogram_quantile":
            quantile = _signed_number(cursor)
            cursor.expect(",")
            query = ast.HistogramQuantile(quantile, _expression(cursor))
        case "label_replace":
            query = _label_replace(cursor)
        case "absent":
            token = cursor.token
            inner = _expression(cursor)
            if not isinstance(inner, ast.RangeAggregation) or inner.log_range.unwrap != ast.Unwrap(INSTANT):
                raise promql_error(cursor.query, token, "absent takes a selector")
            query = ast.RangeAggregation("absent_over_time", inner.log_range)
        case function if function in FUNCTIONS:
            query = _over_range(cursor, function)
        case _:
            known = ", ".join(sorted((*FUNCTIONS, *_AGGREGATIONS, "absent", "histogram_quantile", "label_replace")))
            message = f"`{name.text}` is no function that recorded series can be asked with; known are {known}"
            raise promql_error(cursor.query, name, message)
    cursor.expect(")")
    return query


def _over_range(cursor: Cursor, function: str) -> ast.MetricQuery:
    parameter = None
    if function == "quantile_over_time":
        parameter = _signed_number(cursor)
        cursor.expect(",")
    name = cursor.accept("IDENTIFIER")
    selector = _selector(cursor, name.text if name else "")
    if cursor.kind != "RANGE":
        raise promql_error(cursor.query, cursor.token, f"{function} takes a range: {function}(name[5m])")
    interval = parse_prometheus_duration(cursor.advance().value)
    leaf = _leaf(FUNCTIONS[function], selector, interval, parse_offset(cursor), parameter=parameter)
    return ast.BinaryOperation("*", leaf, ast.Number(interval / SECOND)) if function == "increase" else leaf


def _signed_number(cursor: Cursor) -> float:
    negative = cursor.accept("-") is not None
    value = _number(cursor.expect("NUMBER"))
    return -value if negative else value


def _label_replace(cursor: Cursor) -> ast.LabelReplace:
    inner = _expression(cursor)
    texts: list[Token] = []
    for _ in range(4):
        cursor.expect(",")
        texts.append(cursor.expect("STRING"))
    _check_regex(cursor, texts[3])
    destination, replacement, source, regex = (token.value for token in texts)
    return ast.LabelReplace(inner, destination, replacement, source, regex)
