"""Moments as people name them, in ns since the epoch."""

import re
from datetime import UTC, date, datetime
from math import floor
from typing import TypeAlias

from sigyn.languages.durations import DurationError, parse_duration
from sigyn.model.errors import BadRequest
from sigyn.model.time import SECOND

Moment: TypeAlias = int | float | str | datetime | date
"""ns (int), seconds (float), a datetime, a date, or a text: see `moment`."""

_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:[.,](?P<fraction>\d{1,9})\d*)?\s?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_SECONDS_DIGITS = 11


def moment(value: Moment, now: int) -> int:
    """The moment that `value` names; raises BadRequest.

    A text is a time such as `2026-01-15`, `2026-01-15T10:00:00Z` or `2026-01-15 10:00:00.5+02:00`
    (UTC where it names no zone), `now`, `1h` or `1h ago` for that long before now, or a number:
    seconds, or with more than 11 digits ns. A datetime without a zone is local time, as in Python.
    """
    if isinstance(value, str):
        return _moment_of_text(value.strip(), now)
    if isinstance(value, datetime):
        return nanoseconds(value)
    if isinstance(value, date):
        return nanoseconds(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, float):
        whole = floor(value)
        return whole * SECOND + round((value - whole) * SECOND)
    return value


def parse_iso(text: str) -> int | None:
    """ns of an ISO 8601 date or time as RFC 3339 and logs write it; None for anything else."""
    match = _ISO.fullmatch(text)
    return None if match is None else iso_nanoseconds(match)


def iso_nanoseconds(match: "re.Match[str]") -> int | None:
    """ns of a match with the groups date, clock, fraction and zone; None when there is no such time."""
    zone = (match["zone"] or "Z").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['clock'] or '00:00'}{zone}")
    except ValueError:
        return None
    return nanoseconds(moment) + int((match["fraction"] or "").ljust(9, "0"))


def nanoseconds(moment: datetime) -> int:
    """ns of a datetime, exactly."""
    return int(moment.replace(microsecond=0).timestamp()) * SECOND + moment.microsecond * 1000


def rfc_3339(timestamp: int, digits: int = 9) -> str:
    """`2026-01-15T10:00:00.123456789Z`, with as many digits after the second."""
    seconds, fraction = divmod(timestamp, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}"[: len(text) + 1 + digits] + "Z" if digits else f"{text}Z"


def _moment_of_text(text: str, now: int) -> int:
    if text == "now":
        return now
    if re.fullmatch(r"\d+(\.\d+)?", text):
        whole, _, fraction = text.partition(".")
        return int(whole) * SECOND + int(fraction[:9].ljust(9, "0")) if len(whole) <= _SECONDS_DIGITS else int(whole)
    found = parse_iso(text)
    if found is not None:
        return found
    try:
        return now - parse_duration(text.removeprefix("now-").removesuffix("ago").strip())
    except DurationError:
        raise BadRequest(
            f"`{text}` is no time: write 2026-01-15T10:00:00Z, 2026-01-15, 1h (before now), now, "
            "or seconds or ns since 1970"
        ) from None
