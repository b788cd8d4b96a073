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


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Half-open: start <= t < end, in ns since the epoch."""

    start: int
    end: int
