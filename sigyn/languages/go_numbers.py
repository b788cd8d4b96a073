"""Floating point numbers as text, as Go's strconv reads and fmt writes them."""

import math
import re

from sigyn.languages.quoting import quote
from sigyn.model.errors import BadRequest

_DIGITS = r"[0-9](?:_?[0-9])*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX]_?([0-9a-fA-F_]+\.?[0-9a-fA-F_]*|\.[0-9a-fA-F_]+)[pP][+-]?[0-9]+")
_SPECIAL = re.compile(r"([+-]?)(inf|infinity|nan)", re.IGNORECASE)
_MISPLACED_UNDERSCORE = re.compile(r"__|_(?![0-9a-fA-F])|(?<![0-9a-fA-FxX])_")


class FloatSyntaxError(BadRequest):
    """A text that strconv.ParseFloat refuses; the message is Go's."""


def parse_go_float(text: str) -> float:
    """The number that Go's strconv.ParseFloat(text, 64) gives.

    Raises FloatSyntaxError, for example `strconv.ParseFloat: parsing "five": invalid syntax`.
    """
    if _DECIMAL.fullmatch(text):
        value = float(text)
    elif special := _SPECIAL.fullmatch(text):
        if special[2].lower() == "nan" and special[1]:
            raise FloatSyntaxError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
        return float(text)
    elif _HEXADECIMAL.fullmatch(text) and not _MISPLACED_UNDERSCORE.search(text):
        try:
            value = float.fromhex(text.replace("_", ""))
        except OverflowError:
            value = math.inf
    else:
        raise FloatSyntaxError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
    if math.isinf(value):
        raise FloatSyntaxError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value


def format_plain(value: float) -> str:
    """The shortest decimal text of a number without an exponent (Go's FormatFloat 'f', -1); `NaN`, `+Inf`, `-Inf`."""
    if not math.isfinite(value):
        return _special(value)
    digits, exponent = _shortest(abs(value))
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if exponent >= len(digits):
        return sign + digits + "0" * (exponent - len(digits))
    if exponent <= 0:
        return sign + "0." + "0" * -exponent + digits
    return f"{sign}{digits[:exponent]}.{digits[exponent:]}"


def format_short(value: float) -> str:
    """The shortest text of a number as Go's %v writes it: an exponent from 1e+21 and below 1e-4."""
    if not math.isfinite(value):
        return _special(value)
    if value == 0 or 1e-4 <= abs(value) < 1e21:
        return format_plain(value)
    digits, exponent = _shortest(abs(value))
    sign = "-" if value < 0 else ""
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{exponent - 1:+03d}"


def _special(value: float) -> str:
    """The text of an infinity or NaN."""
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def _shortest(value: float) -> tuple[str, int]:
    """Digits d and exponent e of the shortest decimal 0.d * 10**e that reads back as `value`."""
    if value == 0:
        return "0", 1
    mantissa, _, power = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    return digits.rstrip("0"), len(whole) - leading + int(power or "0")
