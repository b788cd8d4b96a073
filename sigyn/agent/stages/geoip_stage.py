"""`geoip`: where an address is, from a database in MaxMind's format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeAlias

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import Stage, StageContext, each, kind, required
from sigyn.agent.stages.values import to_text

Lookup: TypeAlias = Callable[[str], Any]

_CITY: Mapping[str, tuple[str | int, ...]] = {
    "geoip_city_name": ("city", "names", "en"),
    "geoip_country_name": ("country", "names", "en"),
    "geoip_continent_name": ("continent", "names", "en"),
    "geoip_continent_code": ("continent", "code"),
    "geoip_location_latitude": ("location", "latitude"),
    "geoip_location_longitude": ("location", "longitude"),
    "geoip_postal_code": ("postal", "code"),
    "geoip_timezone": ("location", "time_zone"),
    "geoip_subdivision_name": ("subdivisions", 0, "names", "en"),
    "geoip_subdivision_code": ("subdivisions", 0, "iso_code"),
}
_ASN: Mapping[str, tuple[str | int, ...]] = {
    "geoip_autonomous_system_number": ("autonomous_system_number",),
    "geoip_autonomous_system_organization": ("autonomous_system_organization",),
}
_FIELDS = {
    "city": _CITY,
    "asn": _ASN,
    "country": {name: path for name, path in _CITY.items() if "country" in name or "continent" in name},
}


@dataclass(frozen=True, slots=True)
class GeoipOptions:
    """The database file, its type (city, asn or country), and the extracted address."""

    db: str = ""
    source: str | None = None
    db_type: str = ""


def _compile(options: GeoipOptions, _context: StageContext) -> Stage:
    path = required(options.db, "db path cannot be empty")
    source = required(options.source or "", "source cannot be empty")
    fields = _FIELDS.get(required(options.db_type, "db type should be either city or asn"))
    if fields is None:
        raise ConfigurationError(f"db type should be one of {', '.join(_FIELDS)}, not `{options.db_type}`")
    lookup = open_database(path)

    def change(entry: AgentEntry) -> None:
        text = to_text(entry.extracted.get(source))
        try:
            found = lookup(str(ip_address(text))) if text else None
        except ValueError:
            return
        for name, steps in fields.items():
            value = to_text(_at(found, steps))
            if value:
                entry.labels[name] = value
                entry.extracted[name] = value

    return each(change)


def open_database(path: str) -> Lookup:
    """A function from an address to its record, None when it has none. Raises ConfigurationError."""
    # Here and not above: it takes 30 ms of the agent's start, and few look addresses up.
    import maxminddb

    try:
        lookup: Lookup = maxminddb.open_database(path).get
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ConfigurationError(f"`{path}` can't be read as a database of addresses: {error}") from None
    return lookup


def _at(record: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        try:
            record = record[step]
        except (KeyError, IndexError, TypeError):
            return None
    return record


KIND = kind("geoip", GeoipOptions, _compile)
