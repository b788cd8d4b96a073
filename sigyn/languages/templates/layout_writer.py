"""Writes times after a Go layout."""

from sigyn.languages.templates.calendar import MONTHS, WEEKDAYS, Civil, civil_time
from sigyn.languages.templates.layout_elements import split_layout
from sigyn.languages.templates.zones import Zone, load_zone, offset_at


def _format_fraction(nanosecond: int, element: str) -> str:
    digits = f"{nanosecond:09d}"[: len(element) - 1].ljust(min(len(element) - 1, 9), "0")
    if element[1] == "9":
        digits = digits.rstrip("0")
    return element[0] + digits if digits else ""


def _format_offset(seconds: int, element: str) -> str:
    """`-0700`, `Z07:00`, ...: sign, hours, and what else the element shows."""
    if element[0] == "Z" and not seconds:
        return "Z"
    magnitude = abs(seconds)
    minutes = magnitude // 60
    # Go drops the seconds before it looks at the sign.
    out = f"{'-' if seconds <= -60 else '+'}{minutes // 60:02d}"
    colon = ":" if ":" in element else ""
    if len(element) > 3:
        out += f"{colon}{minutes % 60:02d}"
    if element.count("0") > 4:
        out += f"{colon}{magnitude % 60:02d}"
    return out


def _year(year: int, width: int) -> str:
    return f"-{-year:0{width}d}" if year < 0 else f"{year:0{width}d}"


def _format_element(element: str, civil: Civil, offset: int, abbreviation: str) -> str:
    match element:
        case "2006":
            return _year(civil.year, 4)
        case "06":
            return f"{abs(civil.year) % 100:02d}"
        case "January":
            return MONTHS[civil.month - 1]
        case "Jan":
            return MONTHS[civil.month - 1][:3]
        case "01":
            return f"{civil.month:02d}"
        case "1":
            return str(civil.month)
        case "Monday":
            return WEEKDAYS[civil.weekday]
        case "Mon":
            return WEEKDAYS[civil.weekday][:3]
        case "2":
            return str(civil.day)
        case "_2":
            return f"{civil.day:2d}"
        case "02":
            return f"{civil.day:02d}"
        case "__2":
            return f"{civil.year_day:3d}"
        case "002":
            return f"{civil.year_day:03d}"
        case "15":
            return f"{civil.hour:02d}"
        case "3":
            return str(civil.hour % 12 or 12)
        case "03":
            return f"{civil.hour % 12 or 12:02d}"
        case "4":
            return str(civil.minute)
        case "04":
            return f"{civil.minute:02d}"
        case "5":
            return str(civil.second)
        case "05":
            return f"{civil.second:02d}"
        case "PM":
            return "PM" if civil.hour >= 12 else "AM"
        case "pm":
            return "pm" if civil.hour >= 12 else "am"
        case "MST":
            return abbreviation or _format_offset(offset, "-0700")
    if element[0] in ".,":
        return _format_fraction(civil.nanosecond, element)
    return _format_offset(offset, element)


def format_time(ns: int, layout: str, zone: Zone | str = "UTC") -> str:
    """The time `ns` nanoseconds after the epoch, as `layout` shows it, in `zone`.

    `zone` is a name of the IANA database, `UTC` or `Local` (the same here). Raises ValueError for a
    name that does not exist.
    """
    place = load_zone(zone) if isinstance(zone, str) else zone
    offset, abbreviation = offset_at(place, ns // 1_000_000_000)
    civil = civil_time(ns, offset)
    out: list[str] = []
    for prefix, element in split_layout(layout):
        out.append(prefix)
        if element:
            out.append(_format_element(element, civil, offset, abbreviation))
    return "".join(out)
