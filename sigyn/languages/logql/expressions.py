"""Parses metric queries, and log queries where they stand as an operand.

Binary operators from loose to tight: or; and unless; comparisons; + -; * / %; ^. All group to the
left but ^.
"""

from typing import Literal, cast

from sigyn.languages.lexer import Cursor, Token
from sigyn.languages.logql import ast
from sigyn.languages.logql.ast import Span
from sigyn.languages.logql.diagnostics import meaning_error
from sigyn.languages.logql.legs import Operand, join
from sigyn.languages.logql.numbers import number_value, parse_number
from sigyn.languages.logql.piped import parse_log_query
from sigyn.languages.logql.ranges import parse_log_range
from sigyn.languages.logql.rules import check_range_aggregation, check_vector_aggregation
from sigyn.languages.logql.tokens import RANGE_OPERATORS, VECTOR_OPERATORS
from sigyn.languages.regex import RegexError, compile_regex

PRECEDENCE = {
    "or": 1,
    "and": 2,
    "unless": 2,
    "==": 3,
    "!=": 3,
    ">": 3,
    ">=": 3,
    "<": 3,
    "<=": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "%": 5,
    "^": 6,
}
"""How tight operators bind."""

COMPARISON = 3


def parse_expression(cursor: Cursor, loosest: int = 1) -> Operand:
    """A query whose operators bind at least as tight as `loosest`."""
    cursor.descend()
    left = _parse_operand(cursor)
    while (precedence := PRECEDENCE.get(cursor.kind, 0)) >= loosest:
        operator = cursor.advance()
        return_bool = cursor.accept("bool") is not None and precedence == COMPARISON
        matching = parse_matching(cursor)
        right = parse_expression(cursor, precedence if operator.kind == "^" else precedence + 1)
        left = join(cursor, operator, left, right, return_bool, matching)
    cursor.ascend()
    return left


def _parse_operand(cursor: Cursor) -> Operand:
    start = cursor.token
    if start.kind == "{":
        return Operand(parse_log_query(cursor))
    if start.kind == "(":
        cursor.advance()
        inner = parse_expression(cursor)
        _close(cursor)
        return inner
    if start.kind in ("NUMBER", "+", "-"):
        value = parse_number(cursor)
        return Operand(ast.Number(value, Span(start.start, cursor.last_end)), value)
    if cursor.extended and start.text in cursor.names and cursor.look(1) != "(":
        return Operand(ast.Reference(start.text, Span(start.start, cursor.advance().end)))
    return Operand(_parse_function(cursor, start))


def _parse_function(cursor: Cursor, start: Token) -> ast.MetricQuery:
    if start.kind in RANGE_OPERATORS:
        return _parse_range_aggregation(cursor)
    if start.kind in VECTOR_OPERATORS:
        return _parse_vector_aggregation(cursor)
    if start.kind == "LABEL_REPLACE":
        return _parse_label_replace(cursor)
    if start.kind == "VECTOR":
        cursor.advance()
        cursor.expect("(")
        value = number_value(cursor, cursor.expect("NUMBER"))
        return ast.Vector(value, Span(start.start, cursor.expect(")").end))
    if cursor.extended and (start.text, cursor.look(1)) == ("histogram_quantile", "("):
        return _parse_histogram_quantile(cursor, start)
    # A query can begin with some thirty things, so Loki names none.
    raise cursor.unexpected()


def _parse_range_aggregation(cursor: Cursor) -> ast.RangeAggregation:
    name = cursor.advance()
    operator = cast(ast.RangeOperator, RANGE_OPERATORS[name.kind])
    cursor.expect("(")
    if cursor.extended and operator == "rate" and cursor.kind in _PER_SECOND:
        return _parse_rate_of_aggregation(cursor, name)
    if cursor.kind not in ("NUMBER", "{", "("):
        raise cursor.unexpected("NUMBER", "{", "(")
    parameter = None
    if cursor.kind == "NUMBER":
        parameter = number_value(cursor, cursor.advance())
        cursor.expect(",")
        if cursor.kind not in ("{", "("):
            raise cursor.unexpected("{", "(")
    log_range = parse_log_range(cursor)
    cursor.expect(")")
    grouping = parse_grouping(cursor)
    node = ast.RangeAggregation(operator, log_range, parameter, grouping, Span(name.start, cursor.last_end))
    check_range_aggregation(cursor.query, node)
    return node


_PER_SECOND: dict[str, ast.RangeOperator] = {
    "COUNT_OVER_TIME": "rate",
    "SUM_OVER_TIME": "rate",
    "BYTES_OVER_TIME": "bytes_rate",
}
"""What the quotient of an aggregation and its range in seconds is called."""


def _parse_rate_of_aggregation(cursor: Cursor, name: Token) -> ast.RangeAggregation:
    """Extension: `rate(count_over_time({...}[5m]))`; the name and the parenthesis were consumed."""
    kind = cursor.kind
    inner = _parse_range_aggregation(cursor)
    cursor.expect(")")
    cursor.infos.append(
        f"rate({inner.operator}(...)) was read as {inner.operator}(...) per second: {_PER_SECOND[kind]}(...) alone does"
    )
    span = Span(name.start, cursor.last_end)
    return ast.RangeAggregation(_PER_SECOND[kind], inner.log_range, None, inner.grouping, span)


def _parse_histogram_quantile(cursor: Cursor, start: Token) -> ast.HistogramQuantile:
    """Extension: `histogram_quantile(0.95, ...)`."""
    cursor.advance()
    cursor.expect("(")
    quantile = parse_number(cursor)
    cursor.expect(",")
    inner = _parse_metric_query(cursor)
    _close(cursor)
    return ast.HistogramQuantile(quantile, inner, Span(start.start, cursor.last_end))


def _parse_vector_aggregation(cursor: Cursor) -> ast.VectorAggregation | ast.CountEntries:
    name = cursor.advance()
    operator = cast(ast.VectorOperator, VECTOR_OPERATORS[name.kind])
    grouping = parse_grouping(cursor)
    cursor.expect("(")
    parameter = None
    if cursor.kind == "NUMBER" and cursor.look(1) == ",":
        parameter = number_value(cursor, cursor.advance())
        cursor.advance()
    if cursor.extended and operator == "count" and cursor.kind == "{":
        counted = _parse_counted(cursor)
        _close(cursor)
        grouping = grouping if grouping is not None else parse_grouping(cursor)
        return ast.CountEntries(counted, grouping, Span(name.start, cursor.last_end))
    inner = _parse_metric_query(cursor)
    _close(cursor)
    if grouping is None:
        grouping = parse_grouping(cursor)
    node = ast.VectorAggregation(operator, inner, parameter, grouping, Span(name.start, cursor.last_end))
    check_vector_aggregation(cursor.query, node)
    return node


def _parse_counted(cursor: Cursor) -> ast.LogQuery:
    """Extension: what stands in `count({...})`."""
    query = parse_log_query(cursor)
    if isinstance(query, ast.PipedQuery):
        raise cursor.unexpected()
    return query


def _parse_label_replace(cursor: Cursor) -> ast.LabelReplace:
    start = cursor.advance().start
    cursor.expect("(")
    inner = _parse_metric_query(cursor)
    texts: list[Token] = []
    for _ in range(4):
        if cursor.kind != ",":
            raise cursor.unexpected(*([","] if texts else []))
        cursor.advance()
        texts.append(cursor.expect("STRING"))
    end = cursor.expect(")").end
    destination, replacement, source, regex = (token.value for token in texts)
    try:
        compile_regex(f"^(?:{regex})$")
    except RegexError as error:
        span = Span(texts[3].start, texts[3].end)
        raise meaning_error(cursor.query, span, f"invalid regex in label_replace: {error}") from None
    return ast.LabelReplace(inner, destination, replacement, source, regex, Span(start, end))


def _parse_metric_query(cursor: Cursor) -> ast.MetricQuery:
    cursor.descend()
    inner = parse_expression(cursor).query
    cursor.ascend()
    if isinstance(inner, ast.LogQuery | ast.PipedQuery | ast.Let):
        error = cursor.unexpected()
        error.hint = error.hint or "an aggregation takes a metric query: count_over_time({...}[5m])"
        raise error
    return inner


def parse_grouping(cursor: Cursor) -> ast.Grouping | None:
    """`by (a, b)` or `without (a, b)`; None when neither stands here."""
    word = cursor.accept("by", "without")
    if word is None:
        return None
    return ast.Grouping(_parse_labels(cursor), without=word.kind == "without")


def parse_matching(cursor: Cursor) -> ast.VectorMatching | None:
    """`on (a) group_left (b)` and the like; None when nothing of it stands here."""
    word = cursor.accept("on", "ignoring")
    if word is None:
        return None
    labels = _parse_labels(cursor)
    side = cursor.accept("group_left", "group_right")
    if side is None:
        return ast.VectorMatching(labels, on=word.kind == "on")
    include: tuple[str, ...] = ()
    # `group_left (a)` names labels; `group_left (sum(...))` and `group_left ((...))` begin an operand.
    if cursor.kind == "(" and cursor.look(1) in ("IDENTIFIER", ")"):
        include = _parse_labels(cursor)
    group: Literal["left", "right"] = "left" if side.kind == "group_left" else "right"
    return ast.VectorMatching(labels, word.kind == "on", group, include)


def _parse_labels(cursor: Cursor) -> tuple[str, ...]:
    """`(a, b)`, also `()`; as an extension `a, b`."""
    if cursor.extended and cursor.kind == "IDENTIFIER":
        bare = [cursor.advance().text]
        while cursor.kind == "," and cursor.look(1) == "IDENTIFIER":
            cursor.advance()
            bare.append(cursor.advance().text)
        return tuple(bare)
    cursor.expect("(")
    if cursor.accept(")"):
        return ()
    labels = [cursor.expect("IDENTIFIER", ")").text]
    while not cursor.accept(")"):
        if cursor.kind != ",":
            raise cursor.unexpected(",", ")")
        cursor.advance()
        labels.append(cursor.expect("IDENTIFIER").text)
    return tuple(labels)


def _close(cursor: Cursor) -> None:
    """The `)` behind a query; an operator could stand there too, so Loki names nothing."""
    if cursor.kind != ")":
        raise cursor.unexpected()
    cursor.advance()
