"""Go's time.Time, time.Duration, time.Month and time.Weekday as template values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from sigyn.languages.durations import format_go_duration
from sigyn.languages.templates.calendar import MONTHS, WEEKDAYS, Civil, civil_time, unix_seconds
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.layout_writer import format_time
from sigyn.languages.templates.values import Function, Int64, Native, wrap_int64
from sigyn.languages.templates.zones import UTC_ZONE, FixedZone, Zone, offset_at, to_utc
from sigyn.model.time import HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND

ZERO_TIME_NS = -62_135_596_800 * SECOND
"""Go's zero time, the first of January of the year 1."""

_STRING_LAYOUT = "2006-01-02 15:04:05.999999999 -0700 MST"


class Month(Native, int):
    type_name: ClassVar[str] = "time.Month"
    methods: ClassVar[Mapping[str, Function]]

    def go_string(self) -> str:
        return MONTHS[self - 1]


class Weekday(Native, int):
    type_name: ClassVar[str] = "time.Weekday"
    methods: ClassVar[Mapping[str, Function]]

    def go_string(self) -> str:
        return WEEKDAYS[self]


class Duration(Native, int):
    """Nanoseconds."""

    type_name: ClassVar[str] = "time.Duration"
    methods: ClassVar[Mapping[str, Function]]

    def go_string(self) -> str:
        return format_go_duration(int(self))


@dataclass(frozen=True, slots=True)
class Time(Native):
    """An instant, nanoseconds after the epoch, with the zone that it is shown in."""

    ns: int
    zone: Zone = UTC_ZONE
    type_name: ClassVar[str] = "time.Time"
    methods: ClassVar[Mapping[str, Function]]

    def go_string(self) -> str:
        return format_time(self.ns, _STRING_LAYOUT, self.zone)

    def civil(self) -> Civil:
        return civil_time(self.ns, offset_at(self.zone, self.ns // SECOND)[0])


def _of_civil(read: Callable[[Civil], object]) -> Function:
    return Function(lambda time: read(time.civil()))


def _unix(divisor: int) -> Function:
    return Function(lambda time: Int64(wrap_int64(time.ns // divisor)))


def _in_seconds(unit: int) -> Function:
    return Function(lambda duration: float(int(duration) // unit) + int(duration) % unit / unit)


def _truncated(unit: int) -> Function:
    return Function(lambda duration: Int64(abs(int(duration)) // unit * (-1 if duration < 0 else 1)))


def _truncate(duration: int, multiple: int) -> Duration:
    if multiple <= 0:
        return Duration(duration)
    return Duration((abs(int(duration)) // multiple * multiple) * (-1 if duration < 0 else 1))


def _round(duration: int, multiple: int) -> Duration:
    """To the nearest multiple, halves away from zero."""
    if multiple <= 0:
        return Duration(duration)
    return Duration((abs(int(duration)) + multiple // 2) // multiple * multiple * (-1 if duration < 0 else 1))


def _zone_name(zone: Zone) -> str:
    return zone.abbreviation if isinstance(zone, FixedZone) else zone.key


def _add_date(time: Time, years: int, months: int, days: int) -> Time:
    civil = time.civil()
    month = civil.month - 1 + months
    year = civil.year + years + month // 12
    if not -1_000_000 <= year <= 1_000_000 or abs(days) > 400_000_000:
        raise FunctionError("the date would be out of range")
    local = unix_seconds(year, month % 12 + 1, civil.day + days, civil.hour, civil.minute, civil.second)
    return Time(to_utc(time.zone, local) * SECOND + civil.nanosecond, time.zone)


_STRING = Function(lambda value: value.go_string())

Month.methods = {"String": _STRING}
Weekday.methods = {"String": _STRING}
Duration.methods = {
    "String": _STRING,
    "Nanoseconds": _truncated(1),
    "Microseconds": _truncated(MICROSECOND),
    "Milliseconds": _truncated(MILLISECOND),
    "Seconds": _in_seconds(SECOND),
    "Minutes": _in_seconds(MINUTE),
    "Hours": _in_seconds(HOUR),
    "Abs": Function(lambda duration: Duration(abs(int(duration)))),
    "Round": Function(_round, ("time.Duration",)),
    "Truncate": Function(_truncate, ("time.Duration",)),
}
Time.methods = {
    "String": _STRING,
    "Format": Function(lambda time, layout: format_time(time.ns, layout, time.zone), ("string",)),
    "Unix": _unix(SECOND),
    "UnixMilli": _unix(MILLISECOND),
    "UnixMicro": _unix(MICROSECOND),
    "UnixNano": _unix(1),
    "Year": _of_civil(lambda civil: civil.year),
    "Month": _of_civil(lambda civil: Month(civil.month)),
    "Day": _of_civil(lambda civil: civil.day),
    "YearDay": _of_civil(lambda civil: civil.year_day),
    "Weekday": _of_civil(lambda civil: Weekday(civil.weekday)),
    "Hour": _of_civil(lambda civil: civil.hour),
    "Minute": _of_civil(lambda civil: civil.minute),
    "Second": _of_civil(lambda civil: civil.second),
    "Nanosecond": _of_civil(lambda civil: civil.nanosecond),
    "UTC": Function(lambda time: Time(time.ns)),
    "Local": Function(lambda time: Time(time.ns)),
    "IsZero": Function(lambda time: time.ns == ZERO_TIME_NS),
    "Location": Function(lambda time: _zone_name(time.zone)),
    "Add": Function(lambda time, duration: Time(time.ns + int(duration), time.zone), ("time.Duration",)),
    "AddDate": Function(_add_date, ("int", "int", "int")),
    "Sub": Function(
        lambda time, other: Duration(min(max(time.ns - other.ns, -(1 << 63)), (1 << 63) - 1)), ("time.Time",)
    ),
    "Before": Function(lambda time, other: time.ns < other.ns, ("time.Time",)),
    "After": Function(lambda time, other: time.ns > other.ns, ("time.Time",)),
    "Equal": Function(lambda time, other: time.ns == other.ns, ("time.Time",)),
}
