"""How sprig's functions turn any value into a number: the rules of Go's spf13/cast.

Nothing fails: what is no number is 0.
"""

import math
import re

from sigyn.languages.go_numbers import FloatSyntaxError, parse_go_float
from sigyn.languages.templates.numbers import INT64_MAX, INT64_MIN, parse_int64

_DECIMAL = re.compile(r"([-+]?[0-9]*)(\.[0-9]*)?")


def _integer_text(text: str) -> str:
    """`3.9` counts as 3; with an exponent it would count as no integer at all."""
    match = _DECIMAL.fullmatch(text)
    if match is None or "." not in text:
        return text
    whole = match.group(1)
    return whole + "0" if whole in ("", "-", "+") else whole


def to_int64(value: object) -> int:
    """cast.ToInt64, also cast.ToInt: texts as Go literals (`0x1f`, `010` is 8), floats truncated."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and INT64_MIN <= value < INT64_MAX else 0
    if isinstance(value, str) and value:
        if len(value) < 19 and value.isdecimal() and value.isascii() and value[0] != "0":
            return int(value)
        try:
            return parse_int64(_integer_text(value), radix=0)
        except ValueError:
            return 0
    return 0


def to_float64(value: object) -> float:
    """cast.ToFloat64."""
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, str) and value:
        try:
            return parse_go_float(value)
        except FloatSyntaxError:
            return 0.0
    return 0.0
