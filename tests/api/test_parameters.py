"""Times, durations and counts in Loki's spellings."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.api.parameters import (
    RangeTexts,
    limit_parameter,
    parse_time,
    range_parameters,
    seconds_or_duration,
    step_parameter,
)
from sigyn.model.errors import BadRequest
from sigyn.model.time import TimeRange

SECOND = 1_000_000_000
NOW = 1_768_478_400 * SECOND
HOUR = 3600 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1768471200", 1_768_471_200 * SECOND),
        ("1768471200.5", 1_768_471_200 * SECOND + SECOND // 2),
        ("1768471200.000000001", 1_768_471_200 * SECOND + 1),
        ("17684712000", 17_684_712_000),
        ("1768471200000", 1_768_471_200_000),
        ("1768471200000000000", 1_768_471_200 * SECOND),
        ("0", 0),
        ("2026-01-15T10:00:00Z", 1_768_471_200 * SECOND),
        ("2026-01-15T11:00:00.25+01:00", 1_768_471_200 * SECOND + SECOND // 4),
        ("2026-01-15T10:00:00.123456789Z", 1_768_471_200 * SECOND + 123_456_789),
    ],
)
def test_spellings_of_times(text: str, nanoseconds: int) -> None:
    assert parse_time(text) == nanoseconds


@given(
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2116, 1, 1)),
    offset=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_every_spelling_of_a_moment_is_the_same_time(moment: datetime, offset: timezone) -> None:
    there = moment.replace(tzinfo=UTC).astimezone(offset)
    since = there - EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    assert parse_time(there.isoformat()) == microseconds * 1_000
    assert parse_time(f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}") == microseconds * 1_000
    assert parse_time(str(microseconds * 1_000)) == microseconds * 1_000


@pytest.mark.parametrize(
    "text",
    [
        "bad",
        "2026-13-01T00:00:00Z",
        "2026-01-15",
        "1" * 20,
        "1e5",
        "1e999999999.",
        "1.0e9999999",
        "1.0e" + "9" * 20,
        "1.0e-" + "9" * 20,
        "--1",
        "٣",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"strconv\.Parse(Int|Float): parsing"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("15", 15 * SECOND),
        ("0.5", SECOND // 2),
        ("300.0", 300 * SECOND),
        ("1e2", 100 * SECOND),
        ("1h30m", 90 * 60 * SECOND),
        ("15000ms", 15 * SECOND),
        ("1d", 24 * HOUR),
    ],
)
def test_steps(text: str, nanoseconds: int) -> None:
    assert step_parameter(text) == nanoseconds


@pytest.mark.parametrize("text", ["0", "-5", "0.5h", "1m1h", "x", "1e999999999", "1e" + "9" * 20])
def test_what_is_no_step(text: str) -> None:
    with pytest.raises(BadRequest):
        step_parameter(text)


def test_a_short_text_does_not_become_a_huge_number() -> None:
    with pytest.raises(BadRequest, match='cannot parse "1e999999999" to a valid duration'):
        seconds_or_duration("1e999999999")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "9999999999", "9" * 19])
def test_times_stay_within_64_bits(text: str) -> None:
    assert abs(parse_time(text)) <= 1 << 62


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (RangeTexts("", "", ""), TimeRange(NOW - HOUR, NOW)),
        (RangeTexts("", "", "15m"), TimeRange(NOW - HOUR // 4, NOW)),
        (RangeTexts("", "2026-01-15T11:00:00Z", ""), TimeRange(NOW - 2 * HOUR, NOW - HOUR)),
        # An end in the future leaves the look-back where now is.
        (RangeTexts("", "2026-01-15T13:00:00Z", ""), TimeRange(NOW - HOUR, NOW + HOUR)),
        (RangeTexts("2026-01-15T11:59:00Z", "", "5h"), TimeRange(NOW - 60 * SECOND, NOW)),
        (RangeTexts("1768478400", "1768478400", ""), TimeRange(NOW, NOW)),
    ],
)
def test_ranges(texts: RangeTexts, expected: TimeRange) -> None:
    assert range_parameters(texts, NOW, HOUR) == expected


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "9" * 19, "1" * 5_000])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(BadRequest):
        limit_parameter(text, 100)
