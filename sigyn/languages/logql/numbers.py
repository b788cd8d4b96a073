"""Parses number literals with their sign."""

from sigyn.languages.go_numbers import FloatSyntaxError, parse_go_float
from sigyn.languages.lexer import Cursor, Token
from sigyn.languages.logql.ast import Span
from sigyn.languages.logql.diagnostics import meaning_error


def parse_number(cursor: Cursor) -> float:
    """`5`, `+0.5`, `-1e3`."""
    sign = cursor.accept("+", "-")
    value = number_value(cursor, cursor.expect("NUMBER"))
    return -value if sign and sign.kind == "-" else value


def number_value(cursor: Cursor, token: Token) -> float:
    """The number of a NUMBER token; Go's scanner lets more through than Go's ParseFloat then takes."""
    try:
        return parse_go_float(token.value)
    except FloatSyntaxError as error:
        span = Span(token.start, token.end)
        raise meaning_error(cursor.query, span, f"unable to parse literal as a float: {error}") from None
