"""Durations as Go, Prometheus and Loki read and write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.durations import (
    DurationError,
    format_go_duration,
    format_range,
    parse_duration,
    parse_go_duration,
    parse_prometheus_duration,
)
from sigyn.model.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND, WEEK, YEAR


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("+0", 0),
        ("5s", 5 * SECOND),
        ("1h2m3.5s", HOUR + 2 * MINUTE + 3 * SECOND + 500 * MILLISECOND),
        ("-1.5h", -90 * MINUTE),
        ("+5ms", 5 * MILLISECOND),
        (".5s", 500 * MILLISECOND),
        ("1.s", SECOND),
        ("3us", 3000),
        ("3µs", 3000),
        ("3μs", 3000),
        ("7ns", 7),
        ("0.000000001s", 1),
        ("1m1m", 2 * MINUTE),
        ("00000000000000000000000000001h", HOUR),
        ("9223372036854775807ns", (1 << 63) - 1),
        ("-9223372036854775808ns", -(1 << 63)),
    ],
)
def test_go_durations(text: str, nanoseconds: int) -> None:
    assert parse_go_duration(text) == nanoseconds
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("five", 'time: invalid duration "five"'),
        (".s", 'time: invalid duration ".s"'),
        ("5", 'time: missing unit in duration "5"'),
        ("1h5", 'time: missing unit in duration "1h5"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1h 5m", 'time: unknown unit "h " in duration "1h 5m"'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
        ("9" * 5000 + "h", f'time: invalid duration "{"9" * 5000}h"'),
    ],
)
def test_go_refuses_in_its_words(text: str, message: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_go_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("5m", 5 * MINUTE),
        ("1d", DAY),
        ("2w", 2 * WEEK),
        ("1y", YEAR),
        ("1d12h", 36 * HOUR),
        ("1h30m5s10ms", 90 * MINUTE + 5 * SECOND + 10 * MILLISECOND),
    ],
)
def test_prometheus_durations(text: str, nanoseconds: int) -> None:
    assert parse_prometheus_duration(text) == nanoseconds
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty duration string"),
        ("soon", 'not a valid duration string: "soon"'),
        ("5", 'not a valid duration string: "5"'),
        ("-5m", 'not a valid duration string: "-5m"'),
        ("5m1h", 'not a valid duration string: "5m1h"'),
        ("5x", 'unknown unit "x" in duration "5x"'),
        ("0.5h", 'unknown unit "." in duration "0.5h"'),
        ("300y", "duration out of range"),
    ],
)
def test_prometheus_refuses_in_its_words(text: str, message: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_prometheus_duration(text)
    assert str(caught.value) == message


def test_loki_tells_prometheus_complaint() -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration("1.5d")
    assert str(caught.value) == 'unknown unit "." in duration "1.5d"'


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (5 * MINUTE, "5m0s"),
        (HOUR, "1h0m0s"),
        (HOUR + 5 * SECOND + 1, "1h0m5.000000001s"),
        (-90 * SECOND, "-1m30s"),
        (DAY, "24h0m0s"),
    ],
)
def test_go_form(nanoseconds: int, text: str) -> None:
    assert format_go_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (5 * MINUTE, "5m"),
        (90 * SECOND, "1m30s"),
        (DAY, "1d"),
        (WEEK, "1w"),
        (90 * DAY, "90d"),
        (YEAR, "1y"),
        (DAY + HOUR + 10 * MILLISECOND, "1d1h10ms"),
        (1500, "1.5µs"),
    ],
)
def test_range_form(nanoseconds: int, text: str) -> None:
    assert format_range(nanoseconds) == text


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_what_go_writes_go_reads(nanoseconds: int) -> None:
    assert parse_go_duration(format_go_duration(nanoseconds)) == nanoseconds


@given(st.integers(1, (1 << 63) - 1))
def test_what_is_written_as_range_is_read_as_range(nanoseconds: int) -> None:
    assert parse_duration(format_range(nanoseconds)) == nanoseconds
