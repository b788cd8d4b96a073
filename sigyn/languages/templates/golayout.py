"""Go's time layouts: `2006-01-02 15:04:05` and its relatives, for writing and for reading times."""

from sigyn.languages.templates.layout_elements import LAYOUTS
from sigyn.languages.templates.layout_reader import parse_in_zone, parse_time
from sigyn.languages.templates.layout_writer import format_time
from sigyn.languages.templates.zones import UTC_ZONE, FixedZone, Zone, load_zone

__all__ = [
    "LAYOUTS",
    "UTC_ZONE",
    "FixedZone",
    "Zone",
    "format_time",
    "load_zone",
    "parse_in_zone",
    "parse_time",
]
