"""Times, durations and sizes in LogQL's templates."""

from collections.abc import Callable, Mapping

from sigyn.languages.bytes import BytesError, parse_bytes
from sigyn.languages.durations import DurationError, parse_go_duration
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.golayout import UTC_ZONE, format_time, load_zone, parse_in_zone
from sigyn.languages.templates.numbers import parse_int64
from sigyn.languages.templates.times import ZERO_TIME_NS, Time
from sigyn.languages.templates.values import Function
from sigyn.model.time import DAY, MICROSECOND, MILLISECOND, SECOND, Clock

_UNIT_BY_DIGITS = {5: DAY, 10: SECOND, 13: MILLISECOND, 16: MICROSECOND, 19: 1}
"""The unit of a unix time by its number of digits, which is right for the years 1997 to 2243 or so."""


def _date(clock: Clock) -> Callable[[str, object], str]:
    """sprig's date: a time, or an int of seconds; anything else stands for now."""

    def date(layout: str, moment: object) -> str:
        if isinstance(moment, Time):
            return format_time(moment.ns, layout)
        if isinstance(moment, int) and not isinstance(moment, bool):
            return format_time(int(moment) * SECOND, layout)
        return format_time(clock(), layout)

    return date


def _to_date(layout: str, text: str) -> Time:
    """A text that does not fit the layout gives the zero time."""
    return _to_date_in_zone(layout, "UTC", text)


def _to_date_in_zone(layout: str, zone: str, text: str) -> Time:
    try:
        place = load_zone(zone)
    except ValueError:
        place = UTC_ZONE
    try:
        return Time(*parse_in_zone(layout, text, place))
    except ValueError:
        return Time(ZERO_TIME_NS)


def _unix_to_time(text: str) -> Time:
    """Days, seconds, milliseconds, microseconds or nanoseconds, after the number of digits."""
    try:
        value = parse_int64(text)
    except ValueError as error:
        raise FunctionError(f"unable to parse time '{text}': {error}") from None
    unit = _UNIT_BY_DIGITS.get(len(text))
    if unit is None:
        raise FunctionError(f"unable to parse time '{text}': %!w(<nil>)")
    return Time(value * unit)


def _seconds(text: str) -> float:
    try:
        nanoseconds = parse_go_duration(text)
    except DurationError as error:
        raise FunctionError(str(error)) from None
    seconds, rest = divmod(abs(nanoseconds), SECOND)
    return (seconds + rest / SECOND) * (-1.0 if nanoseconds < 0 else 1.0)


def _bytes(text: str) -> float:
    try:
        return float(parse_bytes(text))
    except BytesError as error:
        raise FunctionError(str(error)) from None


def _unix(divisor: int) -> Callable[[Time], str]:
    return lambda moment: str(moment.ns // divisor)


_FUNCTIONS: Mapping[str, Function] = {
    "toDate": Function(_to_date, ("string", "string")),
    "toDateInZone": Function(_to_date_in_zone, ("string", "string", "string")),
    "unixEpoch": Function(_unix(SECOND), ("time.Time",)),
    "unixEpochMillis": Function(_unix(MILLISECOND), ("time.Time",)),
    "unixEpochNanos": Function(_unix(1), ("time.Time",)),
    "unixToTime": Function(_unix_to_time, ("string",)),
    "duration": Function(_seconds, ("string",)),
    "duration_seconds": Function(_seconds, ("string",)),
    "bytes": Function(_bytes, ("string",)),
}


def time_functions(clock: Clock) -> Mapping[str, Function]:
    """The functions of times, durations and sizes; `clock` tells them what is now."""
    return {
        **_FUNCTIONS,
        "now": Function(lambda: Time(clock())),
        "date": Function(_date(clock), ("string", "any")),
    }
