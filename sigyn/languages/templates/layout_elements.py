"""Go's time layouts: `2006-01-02 15:04:05` and its relatives.

A layout shows how the reference time, Mon Jan 2 15:04:05 MST 2006, would look. What is not part of
it stands for itself.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

LAYOUTS: Mapping[str, str] = {
    "Layout": "01/02 03:04:05PM '06 -0700",
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
    "Kitchen": "3:04PM",
    "Stamp": "Jan _2 15:04:05",
    "StampMilli": "Jan _2 15:04:05.000",
    "StampMicro": "Jan _2 15:04:05.000000",
    "StampNano": "Jan _2 15:04:05.000000000",
    "DateTime": "2006-01-02 15:04:05",
    "DateOnly": "2006-01-02",
    "TimeOnly": "15:04:05",
}
"""The layouts that Go has names for."""

_SHORT_LAYOUT = 256
"""Longer layouts aren't remembered: a template can make as many as it likes, of any length."""

Element: TypeAlias = tuple[str, str]
"""The text before an element and the element itself, empty at the end of the layout."""

_ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "J": ("January", "Jan"),
    "M": ("Monday", "Mon", "MST"),
    "0": ("01", "02", "03", "04", "05", "06", "002"),
    "1": ("15", "1"),
    "2": ("2006", "2"),
    "_": ("_2", "__2"),
    "3": ("3",),
    "4": ("4",),
    "5": ("5",),
    "P": ("PM",),
    "p": ("pm",),
    "-": ("-070000", "-07:00:00", "-0700", "-07:00", "-07"),
    "Z": ("Z070000", "Z07:00:00", "Z0700", "Z07:00", "Z07"),
}
"""The elements by first character, the longest match first."""


def _fraction(layout: str, start: int) -> str:
    """`.000` or `,999` at this place, unless more digits follow."""
    digit = layout[start + 1 : start + 2]
    if digit not in ("0", "9"):
        return ""
    end = start + 1
    while layout[end : end + 1] == digit:
        end += 1
    return "" if "0" <= layout[end : end + 1] <= "9" else layout[start:end]


def _element_at(layout: str, start: int) -> str:
    if layout[start] in ".,":
        return _fraction(layout, start)
    if layout.startswith("_2006", start):
        return ""
    for element in _ELEMENTS.get(layout[start], ()):
        if layout.startswith(element, start):
            following = layout[start + len(element) : start + len(element) + 1]
            if element in ("Jan", "Mon") and "a" <= following <= "z":
                continue
            return element
    return ""


def _split(layout: str) -> Iterator[Element]:
    begin = position = 0
    while position < len(layout):
        element = _element_at(layout, position)
        if not element:
            position += 1
            continue
        yield layout[begin:position], element
        begin = position = position + len(element)
    yield layout[begin:], ""


@lru_cache(maxsize=256)
def _split_short(layout: str) -> tuple[Element, ...]:
    return tuple(_split(layout))


def split_layout(layout: str) -> tuple[Element, ...]:
    """The elements of `layout` in order, each with the text before it; the last one is empty."""
    return _split_short(layout) if len(layout) <= _SHORT_LAYOUT else tuple(_split(layout))
