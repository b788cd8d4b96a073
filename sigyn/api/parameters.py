"""Times, durations, counts and directions in every spelling that Loki takes.

Source of the rules and of the error texts: Loki's HTTP API reference and recorded answers. An
integer of at most ten digits is seconds, a longer one nanoseconds; a number with a point is
seconds; anything else is RFC 3339.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sigyn.languages.durations import DurationError, parse_prometheus_duration
from sigyn.model.errors import BadRequest
from sigyn.model.labels import quote
from sigyn.model.results import Direction
from sigyn.model.rfc3339 import parse_rfc3339
from sigyn.model.time import OLDEST, SECOND, TimeRange

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST_INTEGER = 19
_LARGEST_EXPONENT = 12
_FARTHEST = -OLDEST

SECONDS_DIGITS = 10
"""Integers of more digits are nanoseconds: seconds reach ten digits from 2001 to 2286."""


def parse_time(text: str) -> int:
    """A time in any of Loki's spellings as ns since the epoch; raises ValueError in Go's words.

    Times beyond 1823 and 2116 become those years: nothing is stored there, and what is added to them
    later stays within 64 bits.
    """
    return max(-_FARTHEST, min(_FARTHEST, _parse_time(text)))


def _parse_time(text: str) -> int:
    if "." in text and _NUMBER.fullmatch(text):
        return _nanoseconds(text)
    if _INTEGER.fullmatch(text):
        if len(text) > _LONGEST_INTEGER:
            raise ValueError(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
        return int(text) * (SECOND if len(text) <= SECONDS_DIGITS else 1)
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise ValueError(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax") from None


def time_parameter(name: str, text: str, default: int) -> int:
    """The time in the parameter `name`, or the default when it is missing; raises BadRequest."""
    if not text:
        return default
    try:
        return parse_time(text)
    except ValueError as error:
        raise BadRequest(
            f"could not parse '{name}' parameter: {error}; write seconds or nanoseconds since 1970, or a time such as "
            "2026-01-31T12:00:00Z"
        ) from None


def since_parameter(text: str, default: int) -> int:
    """The look-back in `since`, in ns; raises BadRequest."""
    if not text:
        return default
    try:
        return parse_prometheus_duration(text)
    except DurationError as error:
        raise BadRequest(f"could not parse 'since' parameter: {error}") from None


def seconds_or_duration(text: str) -> int:
    """Seconds (whole or not) or a duration, in ns; raises BadRequest."""
    try:
        length = _nanoseconds(text) if _NUMBER.fullmatch(text) else parse_prometheus_duration(text)
    except (DurationError, ValueError):
        raise BadRequest(
            f"cannot parse {quote(text)} to a valid duration; write seconds, or a duration such as 30s or 1h30m"
        ) from None
    if abs(length) > _FARTHEST:
        raise BadRequest(f"cannot parse {quote(text)} to a valid duration. It overflows int64")
    return length


def step_parameter(text: str) -> int | None:
    """The step in ns, None when the request leaves it to the server; raises BadRequest."""
    if not text:
        return None
    step = seconds_or_duration(text)
    if step <= 0:
        raise BadRequest("zero or negative query resolution step widths are not accepted. Try a positive integer")
    return step


def interval_parameter(text: str) -> int:
    """The least distance between entries of a stream in ns, 0 for all; raises BadRequest."""
    interval = seconds_or_duration(text) if text else 0
    if interval < 0:
        raise BadRequest("interval must be >= 0")
    return interval


def limit_parameter(text: str, default: int) -> int:
    """A count of at least one; raises BadRequest."""
    if not text:
        return default
    if not _INTEGER.fullmatch(text):
        raise BadRequest(f"strconv.Atoi: parsing {quote(text)}: invalid syntax; a limit is a whole number such as 100")
    limit = int(text) if len(text) <= _LONGEST_INTEGER else _FARTHEST + 1
    if limit > _FARTHEST:
        raise BadRequest(f"strconv.Atoi: parsing {quote(text)}: value out of range")
    if limit <= 0:
        raise BadRequest("limit must be a positive value")
    return limit


def direction_parameter(text: str) -> Direction:
    """The order of entries; newest first when the request doesn't say; raises BadRequest."""
    match text.lower():
        case "" | "backward":
            return "backward"
        case "forward":
            return "forward"
        case _:
            raise BadRequest(f"invalid direction '{text}'; write backward (newest first) or forward")


@dataclass(frozen=True, slots=True)
class RangeTexts:
    """The texts of `start`, `end` and `since`; empty where the request has none."""

    start: str
    end: str
    since: str


def range_parameters(texts: RangeTexts, now: int, default_length: int) -> TimeRange:
    """The range asked for, as TimeRange(start, end); raises BadRequest.

    The end defaults to now, the start to `since` (or the default length) before the end, or
    before now when the end lies in the future.
    """
    since = min(since_parameter(texts.since, default_length), _FARTHEST)
    end = time_parameter("end", texts.end, now)
    start = time_parameter("start", texts.start, max(min(end, now) - since, -_FARTHEST))
    if end < start:
        raise BadRequest("end timestamp must not be before or equal to start time")
    return TimeRange(start, end)


def _nanoseconds(seconds: str) -> int:
    try:
        number = Decimal(seconds)
    except InvalidOperation:  # an exponent of 19 digits
        number = Decimal("Infinity")
    # A short text such as 1e999999 would become a number of megabytes.
    if not number.is_finite() or number.adjusted() >= _LARGEST_EXPONENT:
        raise ValueError(f"strconv.ParseFloat: parsing {quote(seconds)}: value out of range")
    return int(number * SECOND)
