"""Parses stream selectors and single matchers."""

from typing import cast

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import Matcher, MatchOperator, Selector, Span
from sigyn.languages.logql.diagnostics import meaning_error
from sigyn.languages.regex import RegexError, compile_regex

MATCH_OPERATORS = ("=", "=~", "!~", "!=")


def parse_stream_selector(cursor: Cursor) -> Selector:
    """`{a="b", c=~"d"}`, also `{}`."""
    start = cursor.expect("{").start
    matchers: list[Matcher] = []
    if cursor.kind not in ("}", "IDENTIFIER"):
        raise cursor.unexpected("IDENTIFIER", "}")
    if cursor.kind == "IDENTIFIER":
        matchers.append(parse_matcher(cursor))
        while cursor.accept(","):
            matchers.append(parse_matcher(cursor))
        if cursor.kind != "}":
            raise cursor.unexpected("}", ",")
    end = cursor.expect("}").end
    return Selector(tuple(matchers), Span(start, end))


def parse_matcher(cursor: Cursor) -> Matcher:
    """`name="value"`."""
    name = cursor.expect("IDENTIFIER")
    return finish_matcher(cursor, name.text, name.start)


def finish_matcher(cursor: Cursor, name: str, start: int) -> Matcher:
    """The rest of a matcher whose name was consumed."""
    if cursor.kind not in MATCH_OPERATORS:
        raise cursor.unexpected(*MATCH_OPERATORS)
    operator = cast(MatchOperator, cursor.advance().kind)
    value = cursor.expect("STRING")
    if operator in ("=~", "!~"):
        check_regex(cursor, value.value, Span(value.start, value.end))
    return Matcher(name, operator, value.value, Span(start, value.end))


def check_regex(cursor: Cursor, pattern: str, span: Span) -> None:
    """Raises ParseError when `pattern` is no regular expression."""
    try:
        compile_regex(pattern)
    except RegexError as error:
        raise meaning_error(cursor.query, span, str(error)) from None
