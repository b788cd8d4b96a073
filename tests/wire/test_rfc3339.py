"""RFC 3339 times."""

import pytest

from sigyn.model.rfc3339 import format_rfc3339, parse_rfc3339

TEN = 1768471200_000_000_000


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("2026-01-15T10:00:00Z", TEN),
        ("2026-01-15t10:00:00z", TEN),
        ("2026-01-15T10:00:00.5Z", TEN + 500_000_000),
        ("2026-01-15T10:00:00.123456789Z", TEN + 123_456_789),
        ("2026-01-15T10:00:00.1234567899Z", TEN + 123_456_789),
        ("2026-01-15T11:30:00+01:30", TEN),
        ("2026-01-15T09:00:00-01:00", TEN),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_parse(text: str, timestamp: int) -> None:
    assert parse_rfc3339(text) == timestamp


@pytest.mark.parametrize("text", ["", "2026-01-15", "2026-01-15T10:00:00", "2026-13-15T10:00:00Z", "yesterday"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not an RFC 3339 time"):
        parse_rfc3339(text)


def test_format_drops_the_fraction() -> None:
    assert format_rfc3339(TEN + 999_999_999) == "2026-01-15T10:00:00Z"
    assert format_rfc3339(-1) == "1969-12-31T23:59:59Z"
