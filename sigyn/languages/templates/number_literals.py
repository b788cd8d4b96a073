"""Numeric constants of templates: which types a literal can take."""

import math

from sigyn.languages.go_numbers import FloatSyntaxError, parse_go_float
from sigyn.languages.quoting import quote
from sigyn.languages.templates.nodes import Number
from sigyn.languages.templates.numbers import (
    INT64_MAX,
    INT64_MIN,
    UINT64_MAX,
    parse_integer_literal,
)
from sigyn.languages.templates.runes import unquote_character


def _float_or_none(text: str) -> float | None:
    try:
        return parse_go_float(text)
    except FloatSyntaxError:
        return None


def _complex(position: int, text: str) -> Number | None:
    """`2i` or `1+2i`; without an imaginary part it is also a float, and perhaps an integer."""
    middle = max(text.rfind("+", 1), text.rfind("-", 1))
    real = _float_or_none(text[:middle]) if middle > 0 else 0.0
    imaginary = _float_or_none(text[max(middle, 0) : -1])
    if real is None or imaginary is None:
        return None
    integer = int(real) if not imaginary and real.is_integer() and abs(real) < 2.0**63 else None
    return Number(position, text, integer, None if imaginary else real, complex(real, imaginary))


def parse_number(position: int, text: str) -> Number:
    """The constant that `text` (of a number, complex or character token) stands for.

    Raises ValueError with Go's message.
    """
    if text.startswith("'"):
        code = unquote_character(text)
        return Number(position, text, code, float(code), None)
    if text.endswith("i") and not text.startswith(("0x", "0X")):
        number = _complex(position, text)
        if number is not None:
            return number
    try:
        integer = parse_integer_literal(text)
    except ValueError:
        integer = INT64_MIN - 1
    if INT64_MIN <= integer <= INT64_MAX:
        return Number(position, text, integer, float(integer), None)
    if 0 <= integer <= UINT64_MAX:
        return Number(position, text, None, float(integer), None)
    floating = _float_or_none(text)
    if floating is None:
        raise ValueError(f"illegal number syntax: {quote(text)}")
    if not any(letter in ".eEpP" for letter in text):
        raise ValueError(f"integer overflow: {quote(text)}")
    whole = math.isfinite(floating) and floating.is_integer() and abs(floating) < 2.0**63
    return Number(position, text, int(floating) if whole else None, floating, None)
