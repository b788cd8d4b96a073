"""Extracted values: text, number, boolean or null, and what stages make of them."""

from collections.abc import Mapping, Sequence

from sigyn.agent.stages.go_json import encode_go_json
from sigyn.languages.durations import DurationError, parse_go_duration
from sigyn.languages.go_numbers import FloatSyntaxError, format_plain, parse_go_float

_EXACT = 1 << 53


def to_text(value: object) -> str | None:
    """The value as text; None for null, and for a number that is too large for a float64.

    Every number is a float64 and is written without an exponent, so that 1.0 is `1`.
    """
    if type(value) is str:
        return value
    if value is None:
        return None
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return str(value)
        number = to_number(value)
        return None if number is None else format_plain(number)
    if isinstance(value, float):
        return format_plain(value)
    if isinstance(value, Mapping | Sequence):
        return encode_go_json(value)
    return None


def to_number(value: object) -> float | None:
    """The value as a number; None when it is none, or too large for a float64.

    Text is a number or a duration, which counts in seconds; true is 1.
    """
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return None
    if not isinstance(value, str):
        return None
    try:
        return parse_go_float(value)
    except FloatSyntaxError:
        pass
    try:
        return parse_go_duration(value) / 1e9
    except DurationError:
        return None


def byte_length(line: str) -> int:
    """Bytes of the line in UTF-8."""
    return len(line) if line.isascii() else len(line.encode("utf-8", "surrogateescape"))
