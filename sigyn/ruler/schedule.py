"""When groups are evaluated: at aligned times, each group at an offset of its own, so that they are spread."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b

from sigyn.model.time import MILLISECOND, SECOND, Clock
from sigyn.ruler.rule import GroupKey

LONGEST_SLEEP = 60 * SECOND
"""Clocks are set: nobody sleeps longer than this (ns) without looking."""


def offset(key: GroupKey, interval: int) -> int:
    """ns after each multiple of `interval` at which a group is evaluated: whole ms, the same in every process."""
    digest = blake2b(f"{key.tenant}\0{key.namespace}\0{key.group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % interval // MILLISECOND * MILLISECOND


def next_time(key: GroupKey, interval: int, after: int) -> int:
    """The first time of a group that is later than `after` (ns)."""
    start = offset(key, interval)
    return (after - start) // interval * interval + interval + start


async def at_times(key: GroupKey, interval: int, clock: Clock, work: Callable[[int], Awaitable[None]]) -> None:
    """Calls `work` with each time of a group when it has come, until it is cancelled.

    Work that takes longer than an interval makes the next one late; times that passed meanwhile are
    left out. When the clock is set back, the next time is the next one by what it says then.
    """
    at = next_time(key, interval, clock())
    while True:
        while (left := at - clock()) > 0:
            if left > interval:
                at = next_time(key, interval, at - left)
                continue
            await asyncio.sleep(min(left, LONGEST_SLEEP) / SECOND)
        await work(at)
        at = max(at + interval, next_time(key, interval, clock() - interval))
