"""A clock that was ahead and is set back delays nothing."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from sigyn.model.time import DAY, HOUR, SECOND, system_clock
from sigyn.store import Store, StoreSettings
from sigyn.store.compaction import compaction_rules, plan_compaction
from sigyn.store.keys import segment_key
from sigyn.store.objects import LocalObjects

from .entries import EARLIEST, LATEST, batch, row, stored
from .matching import TextMatcher
from .waiting import until

pytestmark = pytest.mark.anyio

YEAR = 365 * DAY


class Clock:
    """The system's, so many ns ahead."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead

    def __call__(self) -> int:
        return system_clock() + self.ahead


async def test_segments_of_a_time_to_come_are_merged(tmp_path: Path) -> None:
    clock = Clock(YEAR)
    store = Store.open(StoreSettings(data=tmp_path, compaction_age_seconds=0.5), clock=clock)
    await store.append(batch([row("a", 1, "x")]))
    await asyncio.sleep(1.5)  # upkeep looks, and finds nothing to do for a while: 30 s of that clock
    clock.ahead = 0
    await until(lambda: store.gauges().uncompacted_segments == 0)
    await store.close()


async def test_days_that_are_over_are_merged_and_moved_whatever_time_their_segments_are_of(tmp_path: Path) -> None:
    clock = Clock(YEAR)
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings, clock=clock)
    yesterday = system_clock() // DAY * DAY - DAY
    for number in range(2):
        await store.append(batch([row("a", yesterday + number, "x" * 100)]))
        store.compact_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        segments = snapshot.segments
    assert len(segments) == 2
    now = yesterday + DAY + 3 * HOUR
    assert set(plan_compaction(segments, compaction_rules(settings), now)) == set(segments)
    await store.close()


async def test_an_orphan_of_a_time_to_come_is_swept(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False, orphan_grace_seconds=600)
    store = Store.open(settings)
    objects = LocalObjects(tmp_path / "objects")
    for ahead in (60, 86_400):  # clocks may differ by a minute
        key = segment_key("fake", 0, DAY)
        objects.put(key, b"left by a process that was killed")
        os.utime(tmp_path / "objects" / key, (time.time() + ahead,) * 2)
    store.sweep_now()
    assert store.metrics.orphans_deleted == 1
    await store.close()


@pytest.mark.parametrize(("period", "left"), [(HOUR, 1), (SECOND, 0)])
async def test_a_delete_request_of_a_time_to_come_can_be_cancelled_for_as_long_as_any(
    tmp_path: Path, period: int, left: int
) -> None:
    clock = Clock(YEAR)
    settings = StoreSettings(data=tmp_path, delete_cancel_period=period, compaction_age_seconds=0.1)
    store = Store.open(settings, clock=clock)
    store.match_deletes(TextMatcher(store.streams))
    await store.append(batch([row("a", 1, "x")]))
    await asyncio.to_thread(store.deletions.add, "fake", "a:", EARLIEST, LATEST)
    clock.ahead = 0
    await asyncio.to_thread(store.forget_now)
    await until(lambda: len(store.deletions.in_force("fake")) == left)
    assert stored(store) == []
    assert store.gauges().entries == left
    await store.close()
