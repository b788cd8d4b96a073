"""Reads times that are written after a Go layout, with the leniency and the complaints of Go's time.Parse."""

import re
from typing import NoReturn

from sigyn.languages.templates.calendar import MONTHS, WEEKDAYS, days_of_month, is_leap, month_and_day, unix_seconds
from sigyn.languages.templates.layout_elements import split_layout
from sigyn.languages.templates.zones import (
    UTC_ZONE,
    FixedZone,
    Zone,
    load_zone,
    offset_at,
    offset_of_abbreviation,
    to_utc,
)

_ONE_OR_TWO_DIGITS = re.compile(r"[0-9]{1,2}")
_TWO_DIGITS = re.compile(r"[0-9]{2}")
_UP_TO_THREE_DIGITS = re.compile(r"[0-9]{1,3}")
_FRACTION = re.compile(r"[.,][0-9]+")
_FOUR_DIGITS = re.compile(r"[0-9]{4}")
_SIGNED_HOURS = re.compile(r"[+-]([0-9]+)")
_UPPER_CASE = re.compile(r"[A-Z]*")
_SHORT_MONTHS = tuple(month[:3] for month in MONTHS)
_SHORT_WEEKDAYS = tuple(day[:3] for day in WEEKDAYS)
_OFFSETS = {
    "0700": re.compile(r"([+-])([0-9]{2})([0-9]{2})()"),
    "07:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2})()"),
    "07": re.compile(r"([+-])([0-9]{2})()()"),
    "070000": re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})"),
    "07:00:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})"),
}


class _BadValue(Exception):
    """The text does not fit the element; the reader names both."""


class _OutOfRange(Exception):
    """The value can't be: `hour`, `minute`, ..."""


def _quoted(text: str) -> str:
    """Go's quotes in errors of times: what is not plain ASCII as bytes."""
    out: list[str] = []
    for rune in text:
        if rune < " " or rune >= "\x7f":
            out.extend(f"\\x{byte:02x}" for byte in rune.encode("utf-8", "replace"))
        else:
            out.append(f"\\{rune}" if rune in '"\\' else rune)
    return f'"{"".join(out)}"'


class _Reader:
    """One text being read; the fields hold what was found so far, -1 where nothing was."""

    def __init__(self, layout: str, text: str) -> None:
        self.layout = layout
        self.text = text
        self.rest = text
        self.year = 0
        self.month = self.day = self.year_day = -1
        self.hour = self.minute = self.second = self.nanosecond = 0
        self.half = ""
        self.in_utc = False
        self.offset: int | None = None
        self.abbreviation = ""

    def refuse(self, complaint: str) -> NoReturn:
        raise ValueError(f"parsing time {_quoted(self.text)}{complaint}")

    def misfit(self, found: str, element: str) -> NoReturn:
        self.refuse(f" as {_quoted(self.layout)}: cannot parse {_quoted(found)} as {_quoted(element)}")

    # --- pieces of text

    def skip(self, prefix: str) -> None:
        """Text of the layout itself; any number of spaces is the same, also none at the end."""
        position = 0
        while position < len(prefix):
            if prefix[position] == " ":
                if self.rest and self.rest[0] != " ":
                    self.misfit(self.rest, prefix)
                while prefix[position : position + 1] == " ":
                    position += 1
                self.rest = self.rest.lstrip(" ")
            elif self.rest[:1] == prefix[position]:
                self.rest = self.rest[1:]
                position += 1
            else:
                self.misfit(self.rest, prefix)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.rest)
        if match is None:
            raise _BadValue
        self.rest = self.rest[match.end() :]
        return match

    def number(self, fixed: bool) -> int:
        return int(self.take(_TWO_DIGITS if fixed else _ONE_OR_TWO_DIGITS).group())

    def name(self, names: tuple[str, ...]) -> int:
        for index, name in enumerate(names):
            if self.rest[: len(name)].lower() == name.lower():
                self.rest = self.rest[len(name) :]
                return index
        raise _BadValue

    def ranged(self, value: int, low: int, high: int, what: str) -> int:
        if not low <= value <= high:
            raise _OutOfRange(what)
        return value

    # --- elements

    def read(self, element: str, following: str) -> None:
        match element:
            case "06":
                self.read_short_year()
            case "2006":
                self.year = int(self.take(_FOUR_DIGITS).group())
            case "Jan":
                self.month = self.name(_SHORT_MONTHS) + 1
            case "January":
                self.month = self.name(MONTHS) + 1
            case "01" | "1":
                self.month = self.ranged(self.number(element == "01"), 1, 12, "month")
            case "Mon":
                self.name(_SHORT_WEEKDAYS)
            case "Monday":
                self.name(WEEKDAYS)
            case "2" | "_2" | "02":
                if element == "_2":
                    self.rest = self.rest.removeprefix(" ")
                self.day = self.number(element == "02")
            case "__2" | "002":
                self.read_year_day(element)
            case "15":
                self.hour = self.ranged(self.number(False), 0, 23, "hour")
            case "3" | "03":
                self.hour = self.ranged(self.number(element == "03"), 0, 12, "hour")
            case "4" | "04":
                self.minute = self.ranged(self.number(element == "04"), 0, 59, "minute")
            case "5" | "05":
                self.read_second(element, following)
            case "PM" | "pm":
                self.read_half(element)
            case "MST":
                self.read_abbreviation()
            case _ if element[0] in ".,":
                self.read_fraction(element)
            case _:
                self.read_offset(element)

    def read_short_year(self) -> None:
        year = int(self.take(_TWO_DIGITS).group())
        self.year = year + (1900 if year >= 69 else 2000)

    def read_year_day(self, element: str) -> None:
        if element == "__2":
            self.rest = self.rest[min(2, len(self.rest) - len(self.rest.lstrip(" "))) :]
        match = self.take(_UP_TO_THREE_DIGITS)
        if element == "002" and len(match.group()) != 3:
            raise _BadValue
        self.year_day = int(match.group())

    def read_second(self, element: str, following: str) -> None:
        self.second = self.ranged(self.number(element == "05"), 0, 59, "second")
        # A fraction may follow even when the layout has none.
        if following[:1] not in (".", ",") or not following:
            match = _FRACTION.match(self.rest)
            if match:
                self.take_nanoseconds(match.group())

    def read_half(self, element: str) -> None:
        marks = ("AM", "PM") if element == "PM" else ("am", "pm")
        if self.rest[:2] not in marks:
            raise _BadValue
        self.half = self.rest[:2].upper()
        self.rest = self.rest[2:]

    def read_fraction(self, element: str) -> None:
        """`.000` wants as many digits as it has itself, `.999` takes any number, also none."""
        match = _FRACTION.match(self.rest)
        if element[1] == "9":
            if match:
                self.take_nanoseconds(match.group())
            return
        if match is None or len(match.group()) < len(element):
            raise _BadValue
        self.take_nanoseconds(match.group()[: len(element)])

    def take_nanoseconds(self, fraction: str) -> None:
        self.rest = self.rest[len(fraction) :]
        self.nanosecond = int(fraction[1:10].ljust(9, "0"))

    def read_offset(self, element: str) -> None:
        if element[0] == "Z" and self.rest[:1] == "Z":
            self.rest = self.rest[1:]
            self.in_utc = True
            return
        sign, hours, minutes, seconds = self.take(_OFFSETS[element[1:]]).groups()
        self.ranged(int(hours), 0, 24, "time zone offset hour")
        self.ranged(int(minutes or 0), 0, 60, "time zone offset minute")
        self.ranged(int(seconds or 0), 0, 60, "time zone offset second")
        offset = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        self.offset = -offset if sign == "-" else offset

    def read_abbreviation(self) -> None:
        if self.rest.startswith("UTC"):
            self.rest = self.rest[3:]
            self.in_utc = True
            return
        length = _abbreviation_length(self.rest)
        if not length:
            raise _BadValue
        self.abbreviation, self.rest = self.rest[:length], self.rest[length:]

    # --- the whole

    def read_all(self) -> None:
        elements = split_layout(self.layout)
        for index, (prefix, element) in enumerate(elements):
            self.skip(prefix)
            if not element:
                break
            before = self.rest
            upcoming = elements[index + 1]
            try:
                # Go looks for the next element wherever it is, not only directly behind.
                self.read(element, upcoming[1])
            except _BadValue:
                self.misfit(before, element)
            except _OutOfRange as error:
                self.refuse(f": {error} out of range")
        if self.rest:
            self.refuse(f": extra text: {_quoted(self.rest)}")

    def resolve_date(self) -> None:
        """Fill in what the layout left open, and refuse dates that don't exist."""
        if self.year_day >= 0:
            self.resolve_year_day()
        self.month = 1 if self.month < 0 else self.month
        self.day = 1 if self.day < 0 else self.day
        if not 1 <= self.day <= days_of_month(self.month, self.year):
            self.refuse(": day out of range")

    def resolve_year_day(self) -> None:
        year_day = self.year_day
        leap_day = is_leap(self.year) and year_day == 60
        if is_leap(self.year) and year_day > 60:
            year_day -= 1
        if not 1 <= year_day <= 365:
            self.refuse(": day-of-year out of range")
        month, day = (2, 29) if leap_day else month_and_day(year_day)
        if self.month >= 0 and self.month != month:
            self.refuse(": day-of-year does not match month")
        if self.day >= 0 and self.day != day:
            self.refuse(": day-of-year does not match day")
        self.month, self.day = month, day

    def resolve(self, zone: Zone) -> tuple[int, Zone]:
        self.resolve_date()
        hour = self.hour
        if self.half == "PM" and hour < 12:
            hour += 12
        elif self.half == "AM" and hour == 12:
            hour = 0
        local = unix_seconds(self.year, self.month, self.day, hour, self.minute, self.second)
        seconds, place = self.place(local, zone)
        return seconds * 1_000_000_000 + self.nanosecond, place

    def place(self, local: int, zone: Zone) -> tuple[int, Zone]:
        """The time in UTC, and the zone that it belongs to."""
        if self.in_utc:
            return local, UTC_ZONE
        # Go marks an unset offset with -1, so that an offset of -00:00:01 counts as unset as well.
        if self.offset is not None and self.offset != -1:
            seconds = local - self.offset
            if offset_at(zone, seconds) == (self.offset, self.abbreviation) or (
                not self.abbreviation and offset_at(zone, seconds)[0] == self.offset
            ):
                return seconds, zone
            return seconds, FixedZone(self.abbreviation, self.offset)
        if self.abbreviation:
            offset = offset_of_abbreviation(zone, self.abbreviation, local)
            if offset is not None:
                return local - offset, zone
            # The abbreviation is kept, but nobody knows what it means: the time counts as UTC.
            return local, FixedZone(self.abbreviation, _hours_of_gmt(self.abbreviation))
        return to_utc(zone, local), zone


def _hours_of_gmt(abbreviation: str) -> int:
    """The offset of `GMT+3` in seconds, 0 for anything else."""
    return int(abbreviation[3:]) * 3600 if len(abbreviation) > 3 and abbreviation.startswith("GMT") else 0


def _abbreviation_length(text: str) -> int:
    """How much of the beginning looks like the abbreviation of a zone; 0 if nothing does."""
    if text.startswith(("ChST", "MeST")):
        return 4
    if text.startswith("GMT"):
        return 3 + _signed_hours_length(text[3:])
    if text[:1] in ("+", "-"):
        return _signed_hours_length(text) if len(text) >= 3 else 0
    match = _UPPER_CASE.match(text)
    length = len(match.group()) if match else 0
    if length == 3:
        return 3
    if (length == 4 and (text[3] == "T" or text.startswith("WITA"))) or (length == 5 and text[4] == "T"):
        return length
    return 0


def _signed_hours_length(text: str) -> int:
    match = _SIGNED_HOURS.match(text)
    return match.end() if match and int(match.group(1)[:20]) <= 23 else 0


def parse_in_zone(layout: str, text: str, zone: Zone | str = "UTC") -> tuple[int, Zone]:
    """As `parse_time`, with the zone that the time belongs to: `zone`, or what the text says."""
    reader = _Reader(layout, text)
    reader.read_all()
    return reader.resolve(load_zone(zone) if isinstance(zone, str) else zone)


def parse_time(layout: str, text: str, zone: Zone | str = "UTC") -> int:
    """Nanoseconds from the epoch to the time that `text` shows as `layout` does.

    A text without zone or offset is in `zone`, whose abbreviations it may use; abbreviations that
    are unknown there count as UTC. A fraction is accepted behind the seconds even if the layout has
    none. Raises ValueError with Go's message.
    """
    return parse_in_zone(layout, text, zone)[0]
