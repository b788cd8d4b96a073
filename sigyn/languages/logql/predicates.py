"""Parses the predicates of label filters.

`and`, `,` and mere adjacency bind tighter than `or`; all of them group to the left.
"""

from typing import cast

from sigyn.languages.bytes import parse_bytes
from sigyn.languages.durations import parse_duration
from sigyn.languages.lexer import Cursor, Token
from sigyn.languages.logql.ast import (
    And,
    BytesPredicate,
    CompareOperator,
    DurationPredicate,
    InSubquery,
    IpPredicate,
    NumberPredicate,
    OneOf,
    Or,
    Predicate,
    StringPredicate,
)
from sigyn.languages.logql.numbers import parse_number
from sigyn.languages.logql.selectors import finish_matcher

_COMPARISONS = ("=", "==", "!=", ">", ">=", "<", "<=")


def parse_predicate(cursor: Cursor) -> Predicate:
    """`a="b" or c > 5 and d <= 1m`."""
    cursor.descend(2)
    left = _parse_conjunction(cursor)
    while cursor.accept("or"):
        left = Or(left, _parse_conjunction(cursor))
    cursor.ascend(2)
    return left


def _parse_conjunction(cursor: Cursor) -> Predicate:
    left = _parse_single(cursor)
    while cursor.accept("and", ",") or cursor.kind in ("IDENTIFIER", "("):
        left = And(left, _parse_single(cursor))
    return left


def _parse_single(cursor: Cursor) -> Predicate:
    if cursor.accept("("):
        inner = parse_predicate(cursor)
        cursor.expect(")", "or", "and", ",", "IDENTIFIER")
        return inner
    name = cursor.expect("IDENTIFIER", "(")
    if cursor.extended and (cursor.token.text.lower(), cursor.look(1)) == ("in", "("):
        return _parse_membership(cursor, name.text, negative=False)
    if cursor.extended and (cursor.token.text.lower(), cursor.look_text(1)) == ("not", "in"):
        cursor.advance()
        return _parse_membership(cursor, name.text, negative=True)
    if cursor.kind in ("=~", "!~") or (cursor.kind in ("=", "!=") and cursor.look(1) == "STRING"):
        matcher = finish_matcher(cursor, name.text, name.start)
        return StringPredicate(matcher.name, matcher.operator, matcher.value)
    if cursor.kind not in _COMPARISONS:
        raise cursor.unexpected(*_COMPARISONS, "=~", "!~")
    return _parse_comparison(cursor, name.text, cursor.advance())


def _parse_comparison(cursor: Cursor, name: str, sign: Token) -> Predicate:
    operator = cast(CompareOperator, "==" if sign.kind == "=" else sign.kind)
    negative = cursor.kind == "-" and cursor.look(1) == "DURATION"
    if negative:
        cursor.advance()
    match cursor.kind:
        case "DURATION":
            duration = parse_duration(cursor.advance().value)
            return DurationPredicate(name, operator, -duration if negative else duration)
        case "BYTES":
            return BytesPredicate(name, operator, parse_bytes(cursor.advance().value))
        case "NUMBER" | "+" | "-":
            return NumberPredicate(name, operator, parse_number(cursor))
        case "ip" if sign.kind in ("=", "!="):
            cursor.advance()
            cursor.expect("(")
            pattern = cursor.expect("STRING").value
            cursor.expect(")")
            return IpPredicate(name, "=" if sign.kind == "=" else "!=", pattern)
        case _:
            # Five or more things could stand here, so Loki names none.
            raise cursor.unexpected()


def _parse_membership(cursor: Cursor, name: str, *, negative: bool) -> OneOf | InSubquery:
    """Extension: `in ("a", "b")`, `in ({...} | fields x)`; the name was consumed."""
    # Here and not above: predicates hold queries, whose stages hold predicates.
    from sigyn.languages.logql.piped import parse_log_query

    cursor.advance()
    cursor.expect("(")
    if cursor.kind == "{":
        cursor.descend(2)
        query = parse_log_query(cursor)
        cursor.ascend(2)
        cursor.expect(")", "|")
        return InSubquery(name, query, negative)
    values = [cursor.expect("STRING", "{").value]
    while cursor.accept(","):
        values.append(cursor.expect("STRING").value)
    cursor.expect(")", ",")
    return OneOf(name, tuple(values), negative)
