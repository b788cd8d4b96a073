"""Sample values and times as Loki writes them."""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from sigyn.model.time import SECOND

_WHOLE = 2.0**53
"""Below, all digits of a whole number are the shortest that read back as it."""

_NOT_FINITE = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def format_value(value: float) -> str:
    """The shortest digits that read back as `value`, without an exponent: Go's FormatFloat(v, 'f', -1)."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if "e" in text:
        return format(Decimal(text), "f")
    return _NOT_FINITE.get(text, text)


def format_exponent(value: float) -> str:
    """The shortest digits with an exponent, such as 1.25e+01: Go's FormatFloat(v, 'e', -1)."""
    text = repr(value)
    if text in _NOT_FINITE:
        return _NOT_FINITE[text]
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{power:+03d}"


def format_seconds(timestamp: int) -> str:
    """ns as seconds with whole milliseconds, as a JSON number."""
    seconds, rest = divmod(timestamp, SECOND)
    milliseconds = rest // 1_000_000
    return f"{seconds}.{milliseconds:03d}".rstrip("0") if milliseconds else str(seconds)


def point_openings(timestamps: npt.NDArray[np.int64]) -> list[str]:
    """For each of these times what stands between the value before and its own, see `format_points`."""
    return [f'"],[{format_seconds(timestamp)},"' for timestamp in timestamps.tolist()]


def format_points(openings: list[str], values: npt.NDArray[np.float64]) -> str:
    """The points of a series, which has some, as a JSON array of [seconds, "value"]."""
    pieces = [""] * (2 * len(openings))
    pieces[::2] = openings
    pieces[1::2] = _format_values(values)
    return "[" + "".join(pieces).removeprefix('"],') + '"]]'


def _format_values(values: npt.NDArray[np.float64]) -> Iterable[str]:
    """As `format_value`; most series count something, and to write whole numbers takes a third of the time."""
    are_whole = (values == np.rint(values)) & (np.abs(values) < _WHOLE) & ((values != 0) | ~np.signbit(values))
    return map(str, values.astype(np.int64).tolist()) if are_whole.all() else map(format_value, values.tolist())
