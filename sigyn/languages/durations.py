"""Durations as text: Go's syntax, Prometheus' syntax, and Loki's, which takes either.

All values are integers of nanoseconds. Sources: the documentation of Go's `time.ParseDuration` and
`Duration.String`, of Prometheus' time durations, and of LogQL's ranges.
"""

import re

from sigyn.languages.quoting import quote
from sigyn.model.errors import BadRequest
from sigyn.model.time import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, WEEK, YEAR

_GO_UNITS = {
    "ns": 1,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,
    "\u03bcs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_PROMETHEUS_UNITS = {"y": YEAR, "w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND}
_PROMETHEUS_ORDER = {unit: place for place, unit in enumerate(_PROMETHEUS_UNITS)}
_LARGEST = (1 << 63) - 1

_GO_PART = re.compile(r"([0-9]*)(\.?)([0-9]*)([^0-9.]*)")
_PROMETHEUS_PART = re.compile(r"([0-9]+)([^0-9]+)")


class DurationError(BadRequest):
    """A text that is no duration; the message is Go's or Prometheus'."""


def parse_go_duration(text: str) -> int:
    """`1h2m3.5s`, `-1.5h`, `0`, in ns, as Go's time.ParseDuration reads it.

    Raises DurationError with Go's wording, for example `time: unknown unit "d" in duration "1d"`.
    """
    negative = text[:1] == "-"
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError(f"time: invalid duration {quote(text)}")
    total = 0
    position = 0
    while position < len(rest):
        part = _GO_PART.match(rest, position)
        assert part is not None
        whole, _, fraction, unit = part.groups()
        if not whole and not fraction:
            raise DurationError(f"time: invalid duration {quote(text)}")
        if not unit:
            raise DurationError(f"time: missing unit in duration {quote(text)}")
        scale = _GO_UNITS.get(unit)
        if scale is None:
            raise DurationError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        whole = whole.lstrip("0")
        if len(whole) > 19:
            raise DurationError(f"time: invalid duration {quote(text)}")
        total += int(whole or "0") * scale + _fraction(fraction, scale)
        if total > _LARGEST + negative:
            raise DurationError(f"time: invalid duration {quote(text)}")
        position = part.end()
    return -total if negative else total


def _fraction(digits: str, scale: int) -> int:
    """Go multiplies the fraction as float64, with at most 18 digits of it."""
    digits = digits[:18]
    return int(float(int(digits)) * (float(scale) / 10.0 ** len(digits))) if digits else 0


def parse_prometheus_duration(text: str) -> int:
    """`1d12h`, `5m`, `0`, in ns: whole numbers, units from the biggest to the smallest, no sign.

    Raises DurationError with Prometheus' wording, for example `unknown unit "x" in duration "5x"`.
    """
    if text == "0":
        return 0
    if not text:
        raise DurationError("empty duration string")
    total = 0
    position = 0
    last = -1
    while position < len(text):
        part = _PROMETHEUS_PART.match(text, position)
        if part is None:
            raise DurationError(f"not a valid duration string: {quote(text)}")
        digits, unit = part.groups()
        if unit not in _PROMETHEUS_UNITS:
            raise DurationError(f"unknown unit {quote(unit)} in duration {quote(text)}")
        if len(digits) > 20 or _PROMETHEUS_ORDER[unit] <= last:
            raise DurationError(f"not a valid duration string: {quote(text)}")
        last = _PROMETHEUS_ORDER[unit]
        total += int(digits) * _PROMETHEUS_UNITS[unit]
        if total > _LARGEST:
            raise DurationError("duration out of range")
        position = part.end()
    return total


def parse_duration(text: str) -> int:
    """A duration of LogQL (a range, an offset, a compared value) in ns: Go's syntax, else Prometheus'.

    Raises DurationError with Prometheus' wording, as Loki does.
    """
    try:
        return parse_go_duration(text)
    except DurationError:
        return parse_prometheus_duration(text)


def format_go_duration(nanoseconds: int) -> str:
    """`1h0m0s`, `1.5s`, `250ms`, `0s`, as Go's Duration.String writes it."""
    sign = "-" if nanoseconds < 0 else ""
    rest = abs(nanoseconds)
    if rest == 0:
        return "0s"
    if rest < MICROSECOND:
        return f"{sign}{rest}ns"
    if rest < MILLISECOND:
        return f"{sign}{_decimal(rest, 3)}\u00b5s"
    if rest < SECOND:
        return f"{sign}{_decimal(rest, 6)}ms"
    minutes, seconds = divmod(rest, MINUTE)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds, 9)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    if hours:
        text = f"{hours}h{text}"
    return sign + text


def _decimal(value: int, places: int) -> str:
    whole, fraction = divmod(value, 10**places)
    digits = f"{fraction:0{places}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def format_range(nanoseconds: int) -> str:
    """`5m`, `1h30m`, `1d`: the form in which Loki prints the range of `[5m]`.

    That form has no unit below the millisecond and no sign; what it can't say is written as Go does.
    """
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 0 or nanoseconds % MILLISECOND:
        return format_go_duration(nanoseconds)
    text = ""
    rest = nanoseconds
    for unit, scale in _PROMETHEUS_UNITS.items():
        # Years and weeks only when nothing is left over: 90d reads better than 12w6d.
        if unit in ("y", "w") and rest % scale:
            continue
        count, rest = divmod(rest, scale)
        if count:
            text += f"{count}{unit}"
    return text
