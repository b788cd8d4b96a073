"""Times as RFC 3339 text, the form that the legacy push and error messages have."""

import re
from datetime import UTC, datetime, timedelta

from sigyn.model.time import SECOND

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_rfc3339(text: str) -> int:
    """ns since the epoch; digits beyond the ninth after the point are cut. Raises ValueError."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 time, such as 2026-01-15T10:00:00.123Z")
    date, time, fraction, _, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{time}+00:00")
    except ValueError as error:
        raise ValueError(f"{text!r} is not an RFC 3339 time: {error}") from None
    nanoseconds = (moment - _EPOCH) // timedelta(seconds=1) * SECOND + int((fraction or "0").ljust(9, "0"))
    offset = int(hours) * 3600 + int(minutes) * 60 if sign else 0
    return nanoseconds - offset * SECOND * (-1 if sign == "-" else 1)


def format_rfc3339(timestamp: int) -> str:
    """`timestamp` (ns) in UTC, to the second, as Loki's error messages have it."""
    return (_EPOCH + timedelta(seconds=timestamp // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_rfc3339_nano(timestamp: int) -> str:
    """`timestamp` (ns) in UTC, with as many digits of a second as needed, as Go's RFC3339Nano has it."""
    text = format_rfc3339(timestamp)
    nanoseconds = timestamp % SECOND
    return f"{text[:-1]}.{nanoseconds:09d}".rstrip("0") + "Z" if nanoseconds else text
