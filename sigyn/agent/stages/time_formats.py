"""Formats of the timestamp stage as functions from text to nanoseconds, fast for logs.

Lines that follow one another mostly share their second. A layout that begins with parts of fixed
width up to the seconds is therefore read in two pieces, both of which are remembered: the first, and
the rest, a fraction and a zone. Whatever does not fit goes to the reader of Go's layouts, which also has to
accept each first piece before it is remembered.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from sigyn.agent.errors import ConfigurationError
from sigyn.languages.templates.golayout import LAYOUTS, Zone, load_zone, parse_time
from sigyn.languages.templates.layout_elements import split_layout
from sigyn.model.time import MICROSECOND, MILLISECOND, SECOND, Clock

Parse: TypeAlias = Callable[[str], int]
"""Text to ns since the epoch. Raises ValueError when it is not in the format."""

PREDEFINED: Final = (
    "ANSIC",
    "UnixDate",
    "RubyDate",
    "RFC822",
    "RFC822Z",
    "RFC850",
    "RFC1123",
    "RFC1123Z",
    "RFC3339",
    "RFC3339Nano",
)
_UNIX_UNITS: Mapping[str, int] = {"UnixMs": MILLISECOND, "UnixUs": MICROSECOND, "UnixNs": 1}
_WIDTHS: Mapping[str, int] = {
    "2006": 4,
    "06": 2,
    "01": 2,
    "02": 2,
    "15": 2,
    "04": 2,
    "05": 2,
    "Jan": 3,
    "Mon": 3,
}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_UNIX = re.compile(r"([+-]?[0-9]+)(?:\.([0-9]*))?", re.ASCII)
_REST = re.compile(r"([.,][0-9]+)?(.*)", re.ASCII | re.DOTALL)
_REMEMBERED = 4096
"""Seconds, fractions and zones that are kept; some 300 KB each at most."""

_SHORT_REST = len(".123+02:00")


def compile_format(name: str, location: str, clock: Clock) -> Parse:
    """The reader of a predefined format or a Go layout.

    `location` is the zone of layouts that name none; predefined formats ignore it. A layout
    without a year means the current one. Raises ConfigurationError for an unknown zone.
    """
    try:
        zone = load_zone(location)
    except ValueError as error:
        raise ConfigurationError(f"invalid location specified: {error}") from None
    if name == "Unix":
        return _parse_unix
    if name in _UNIX_UNITS:
        return _compile_unix(_UNIX_UNITS[name])
    if name in PREDEFINED:
        return _compile_layout(LAYOUTS[name], load_zone("UTC"))
    if not any(element in ("2006", "06") for _, element in split_layout(name)):
        return _compile_yearless(name, zone, clock)
    return _compile_layout(name, zone)


def _parse_unix(text: str) -> int:
    match = _UNIX.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no number of seconds")
    whole, fraction = match.groups()
    nanoseconds = int((fraction or "")[:9].ljust(9, "0"))
    seconds = _whole(whole) * SECOND
    return seconds - nanoseconds if whole[0] == "-" else seconds + nanoseconds


def _compile_unix(unit: int) -> Parse:
    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ValueError(f"`{text}` is no whole number")
        return _whole(text) * unit

    return parse


def _whole(digits: str) -> int:
    """A number of 64 bits, as Go reads it: a push has no room for seconds beyond. Raises ValueError."""
    number = int(digits)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"`{digits}` is no number of 64 bits")
    return number


def _compile_yearless(layout: str, zone: Zone, clock: Clock) -> Parse:
    dated = f"2006 {layout}"

    def parse(text: str) -> int:
        year = datetime.fromtimestamp(clock() / SECOND, UTC).year
        return parse_time(dated, f"{year:04d} {text}", zone)

    return parse


def _compile_layout(layout: str, zone: Zone) -> Parse:
    def exact(text: str) -> int:
        return parse_time(layout, text, zone)

    split = _split(layout)
    return exact if split is None else _compile_in_pieces(split, zone, exact)


def _split(layout: str) -> tuple[str, int, str, str] | None:
    """The layout up to the seconds, its width, the fraction and the zone; None when it is not so built."""
    head, width = "", 0
    elements = split_layout(layout)
    for index, (before, element) in enumerate(elements):
        if element not in _WIDTHS:
            return None
        head += before + element
        width += len(before) + _WIDTHS[element]
        if element == "05":
            rest = elements[index + 1 :]
            break
    else:
        return None
    fraction = zone = ""
    if rest and not rest[0][0] and rest[0][1][:1] in (".", ","):
        fraction, rest = rest[0][1], rest[1:]
    if rest and not rest[0][0] and rest[0][1][:1] in ("Z", "-"):
        zone, rest = rest[0][1], rest[1:]
    return (head, width, fraction, zone) if rest in ((), (("", ""),)) else None


def _compile_in_pieces(split: tuple[str, int, str, str], zone: Zone, exact: Parse) -> Parse:
    head, width, fraction, zone_layout = split
    digits_wanted = len(fraction) - 1 if fraction[1:2] == "0" else 0
    heads: dict[str, int] = {}
    rests: dict[str, int] = {}
    zones: dict[str, int] = {}
    place = load_zone("UTC") if zone_layout else zone
    utc_mark = zone_layout[:1] == "Z"

    def zone_offset(text: str) -> int:
        """Nanoseconds that the zone is ahead of UTC."""
        if not zone_layout:
            if text:
                raise ValueError
            return 0
        return -parse_time(f"2006 {zone_layout}", f"1970 {text}")

    def rest_of(text: str) -> int:
        """Nanoseconds of a fraction and a zone; raises ValueError when they have to be read with all the rest."""
        if utc_mark and text[-1:] == "Z" and text[:1] == ".":
            plain = text[1:-1]
            count = len(plain)
            if count <= 9 and plain.isdecimal() and plain.isascii() and (count == digits_wanted or not digits_wanted):
                return int(int(plain) * _POWERS[count])
        match = _REST.fullmatch(text)
        if match is None:
            raise ValueError
        digits, zone_text = match.groups()
        count = len(digits) - 1 if digits else 0
        if count > 9 or (digits_wanted and count != digits_wanted):
            raise ValueError
        offset = zones.get(zone_text)
        if offset is None:
            offset = zone_offset(zone_text)
            remember(zones, zone_text, offset)
        return (int(digits[1:]) * _POWERS[count] if digits else 0) - offset

    def remember(known: dict[str, int], text: str, value: int) -> None:
        if len(known) >= _REMEMBERED:
            known.clear()
        known[text] = value

    def parse(text: str) -> int:
        start, rest = text[:width], text[width:]
        seconds, nanoseconds = heads.get(start), rests.get(rest)
        # The fast path: lines share their second, and of milliseconds there are but a thousand.
        if seconds is not None and nanoseconds is not None:
            return seconds + nanoseconds
        if len(start) < width:
            return exact(text)
        try:
            if seconds is None:
                seconds = parse_time(head, start, place)
                remember(heads, start, seconds)
            if nanoseconds is None:
                nanoseconds = rest_of(rest)
                if len(rest) <= _SHORT_REST:
                    remember(rests, rest, nanoseconds)
        except ValueError:
            return exact(text)
        return seconds + nanoseconds

    return parse


_POWERS: tuple[int, ...] = tuple(10 ** (9 - digits) for digits in range(10))
