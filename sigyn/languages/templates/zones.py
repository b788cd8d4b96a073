"""Time zones: names of the IANA database, and fixed offsets that a text may give."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_510_400, 253_402_214_400
"""Seconds of 0001-01-02 and 9999-12-31: what datetime can hold with any offset."""


@dataclass(frozen=True, slots=True)
class FixedZone:
    """Always `offset` seconds ahead of UTC; the abbreviation may be empty."""

    abbreviation: str
    offset: int


Zone: TypeAlias = ZoneInfo | FixedZone

UTC_ZONE = FixedZone("UTC", 0)


@lru_cache(maxsize=256)
def load_zone(name: str) -> Zone:
    """The zone of this name: of the IANA database, `UTC` or empty for UTC.

    `Local` is UTC too: a server's answers must not depend on where it stands. Raises ValueError
    for a name that does not exist.
    """
    if name in ("", "UTC", "Local"):
        return UTC_ZONE
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def offset_at(zone: Zone, seconds: int) -> tuple[int, str]:
    """Offset in seconds and abbreviation that hold in `zone` at this time, in seconds since the epoch."""
    if isinstance(zone, FixedZone):
        return zone.offset, zone.abbreviation
    moment = (_EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))).astimezone(zone)
    offset = moment.utcoffset()
    return (0 if offset is None else int(offset.total_seconds())), moment.tzname() or ""


def to_utc(zone: Zone, local: int) -> int:
    """Seconds since the epoch at which clocks in `zone` show `local`, itself counted as if in UTC.

    A time that clocks skip or show twice is resolved as Go's time.Date does.
    """
    offset, _ = offset_at(zone, local)
    if not offset:
        return local
    corrected, _ = offset_at(zone, local - offset)
    return local - corrected


def offset_of_abbreviation(zone: Zone, abbreviation: str, local: int) -> int | None:
    """The offset that `abbreviation` means in `zone` near the time `local`; None if it means nothing there."""
    if isinstance(zone, FixedZone):
        return zone.offset if zone.abbreviation == abbreviation else None
    quarter = 91 * 86_400
    known: int | None = None
    for seconds in (local, *(local + step * quarter for step in (-2, -1, 1, 2))):
        offset, name = offset_at(zone, seconds)
        if name != abbreviation:
            continue
        if offset_at(zone, local - offset)[1] == abbreviation:
            return offset
        known = offset if known is None else known
    return known
