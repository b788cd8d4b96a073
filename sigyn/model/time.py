"""Time: integers of nanoseconds inside, text only at the edge."""

import time
from collections.abc import Callable
from dataclasses import dataclass

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR = 365 * DAY

OLDEST = -(1 << 62)
"""1823. No entry is older, so that what is taken from a time of a query stays within 64 bits."""

FIRST, LAST = -(1 << 63), (1 << 63) - 1
"""What 64 bits of ns hold: 1677 and 2262."""

FARTHEST_SECOND = LAST // SECOND - 3
"""Before or after 1970: with the ns that 32 bits hold, 2.1 s, it is within 64 bits of ns."""

Clock = Callable[[], int]
"""Gives now, in ns since the epoch."""

system_clock: Clock = time.time_ns

steady_clock: Clock = time.monotonic_ns
"""Gives ns since some moment, for lengths of time: a system clock that is set leaves it alone."""


def has_passed(since: int, length: int, now: int) -> bool:
    """Whether so many ns have passed since a moment that the same clock gave.

    A moment that is yet to come is of a clock that was set back: it counts as long ago, as nobody can tell.
    """
    return since > now or since + length <= now


def held(time: int) -> int:
    """The time that 64 bits hold and that is nearest."""
    return max(FIRST, min(time, LAST))


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Half-open: start <= t < end, in ns since the epoch."""

    start: int
    end: int
