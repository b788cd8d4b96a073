"""Times as people name them, and as lines of logs do."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sigyn.client.line_times import LineTimes
from sigyn.client.times import Moment, moment, rfc_3339
from sigyn.model.errors import BadRequest
from sigyn.model.time import DAY, HOUR, SECOND

NOW = 1_784_116_800 * SECOND  # 2026-07-15T12:00:00Z
TEN = 1_768_471_200 * SECOND  # 2026-01-15T10:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("1h", NOW - HOUR),
        ("now-1h", NOW - HOUR),
        ("2d ago", NOW - 2 * DAY),
        ("2026-01-15T10:00:00Z", TEN),
        ("2026-01-15T12:00:00.5+02:00", TEN + SECOND // 2),
        ("2026-01-15 10:00", TEN),
        ("2026-01-15", TEN - 10 * HOUR),
        ("1768471200", TEN),
        ("1768471200.25", TEN + SECOND // 4),
        ("1768471200000000001", TEN + 1),
        (TEN, TEN),
        (1768471200.5, TEN + SECOND // 2),
        (datetime(2026, 1, 15, 10, tzinfo=UTC), TEN),
        (datetime(2026, 1, 15, 9, tzinfo=timezone(timedelta(hours=-1))), TEN),
        (date(2026, 1, 15), TEN - 10 * HOUR),
    ],
)
def test_moments(text: Moment, expected: int) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "10:00", "1x"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BadRequest, match="is no time: write"):
        moment(text, NOW)


def test_printing() -> None:
    assert rfc_3339(TEN + 5) == "2026-01-15T10:00:00.000000005Z"
    assert rfc_3339(TEN + 5, 3) == "2026-01-15T10:00:00.000Z"
    assert rfc_3339(-1) == "1969-12-31T23:59:59.999999999Z"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-01-15T10:00:00Z started", "2026-01-15T10:00:00.000000000Z"),
        ("2026-01-15T12:00:00.123456789+02:00 started", "2026-01-15T10:00:00.123456789Z"),
        ("[2026-01-15 10:00:00,250] INFO main: started", "2026-01-15T10:00:00.250000000Z"),
        ("2026/01/15 10:00:00 [error] 7#7: refused", "2026-01-15T10:00:00.000000000Z"),
        ('127.0.0.1 - - [15/Jan/2026:12:00:00 +0200] "GET / HTTP/1.1" 200 12', "2026-01-15T10:00:00.000000000Z"),
        ("[Thu Jan 15 10:00:00.5 2026] [error] refused", "2026-01-15T10:00:00.500000000Z"),
        ("Jan 15 10:00:00 host sshd[1]: refused", "2026-01-15T10:00:00.000000000Z"),
        ("<34>Jan  5 10:00:00 host su: failed", "2026-01-05T10:00:00.000000000Z"),
        ("<34>1 2026-01-15T10:00:00Z host app - - - text", "2026-01-15T10:00:00.000000000Z"),
        ("Dec 24 10:00:00 host sshd[1]: last year's", "2025-12-24T10:00:00.000000000Z"),
        ("Feb 29 10:00:00 host sshd[1]: the last leap year's", "2024-02-29T10:00:00.000000000Z"),
        ('{"level":"info","timestamp":"2026-01-15T10:00:00.5Z"}', "2026-01-15T10:00:00.500000000Z"),
        ('{"ts":1768471200.25,"msg":"x"}', "2026-01-15T10:00:00.250000000Z"),
        ('{"time":1768471200250,"msg":"x"}', "2026-01-15T10:00:00.250000000Z"),
        ('level=info ts=2026-01-15T10:00:00Z msg="x"', "2026-01-15T10:00:00.000000000Z"),
        ('time="2026-01-15 10:00:00" level=info', "2026-01-15T10:00:00.000000000Z"),
        ("I0115 10:00:00.123456       1 main.go:1] started", "2026-01-15T10:00:00.123456000Z"),
        ("17/06/09 20:10:40 INFO executor", "2017-06-09T20:10:40.000000000Z"),
        ("081109 203615 148 INFO dfs.DataNode", "2008-11-09T20:36:15.000000000Z"),
        ("- 1768471200 2026.01.15 R02 text", "2026-01-15T10:00:00.000000000Z"),
        ("nova.log 2026-01-15 10:00:00.008 25746 INFO", "2026-01-15T10:00:00.008000000Z"),
    ],
)
def test_lines(line: str, expected: str) -> None:
    found = LineTimes(NOW).find(line)
    assert found is not None
    assert rfc_3339(found) == expected


@pytest.mark.parametrize(
    "line",
    ["", "no time", "error 5 in line 10", "at shop.py:12", "2026-99-99T10:00:00Z x", '{"time":"soon"}', "10:00:00 x"],
)
def test_lines_without_a_time(line: str) -> None:
    assert LineTimes(NOW).find(line) is None


def test_a_file_may_change_its_form() -> None:
    times = LineTimes(NOW)
    assert times.find("Jan 15 10:00:00 host x") == TEN
    assert times.find("2026-01-15T10:00:00Z x") == TEN
    assert times.find("Jan 15 10:00:00 host x") == TEN
