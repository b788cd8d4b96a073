"""Days on which little came are kept together, and entries go all the same when their time is over."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.model.time import DAY, HOUR
from sigyn.store import SegmentInfo, Store, StoreSettings
from sigyn.store.compaction import WINDOW
from sigyn.store.retention import LabelsOf, RetentionRules
from sigyn.store.streams import Int64s

from .entries import EARLIEST, LATEST, Row, batch, row, stored
from .matching import TextMatcher

pytestmark = pytest.mark.anyio

START = 1250 * WINDOW * DAY  # a window begins
PERIODS = {"a": 0, "b": 3 * DAY, "c": 5 * DAY}


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def periods(_tenant: str, ids: Int64s, labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    return np.array([PERIODS[dict(labels_of(id))["app"]] for id in ids.tolist()], np.int64)


def opened(clock: Clock) -> Store:
    store = Store.open(
        StoreSettings(data=None, compaction=False, recent_bytes=0, delete_cancel_period=0),
        clock=clock,
        retention=RetentionRules(periods=periods),
    )
    store.match_deletes(TextMatcher(store.streams))
    return store


async def take(store: Store, clock: Clock, rows: list[Row]) -> None:
    """Each day's rows come on that day, and are sorted; then all that is due is merged."""
    for one in sorted(rows, key=lambda each: each.timestamp):
        clock.now = max(clock.now, one.timestamp)
        await store.append(batch([one]))
        store.compact_now()
    for _ in range(3):
        clock.now += 2 * HOUR
        store.compact_now()


def segments(store: Store) -> list[SegmentInfo]:
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        return list(snapshot.segments)


async def test_days_of_a_window_become_one_segment() -> None:
    clock = Clock(START)
    store = opened(clock)
    rows = [row("a", START + day * DAY + HOUR, f"day {day}") for day in range(WINDOW + 2)]
    await take(store, clock, rows)
    clock.now += DAY
    store.compact_now()
    spans = [(segment.first, segment.last) for segment in segments(store)]
    assert sorted(spans)[0] == (rows[0].timestamp, rows[WINDOW - 1].timestamp)
    assert len(spans) == 3
    assert stored(store) == sorted(rows, key=repr)
    assert stored(store, start=START + 3 * DAY, end=START + 4 * DAY)
    store.deletions.add("fake", "a:day 7", EARLIEST, LATEST)
    store.forget_now()
    assert stored(store) == sorted(rows[:7] + rows[8:], key=repr)
    assert (len(segments(store)), store.gauges().entries) == (3, WINDOW + 1)
    await store.close()


async def test_a_day_with_much_stays_apart() -> None:
    clock = Clock(START)
    store = opened(clock)
    rows = [row("a", START + day * DAY, f"day {day}") for day in range(8)]
    much = [row("a", START + 3 * DAY + HOUR, "x" * (1 << 20)), row("a", START + 3 * DAY + 2 * HOUR, "small")]
    await take(store, clock, rows + much)
    third = [segment for segment in segments(store) if segment.first // DAY == segment.last // DAY == START // DAY + 3]
    assert sorted(segment.rows for segment in third) == [1, 2]
    assert sum(segment.rows for segment in segments(store) if segment not in third) == len(rows) - 1
    assert len(segments(store)) < 2 + len(rows) - 1
    assert stored(store) == sorted(rows + much, key=repr)
    await store.close()


entries = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.integers(0, DAY - 1)), min_size=1, max_size=40
)


@given(entries, st.lists(st.integers(0, 6 * DAY), max_size=4))
@hypothesis_settings(max_examples=60, deadline=None)
def test_each_entry_goes_within_a_day_after_its_time(times: list[tuple[str, int, int]], waits: list[int]) -> None:
    async def check() -> None:
        clock = Clock(START)
        store = opened(clock)
        rows = [row(app, START + day * DAY + at, f"{number}") for number, (app, day, at) in enumerate(times)]
        await take(store, clock, rows)
        for wait in (0, *waits):
            clock.now += wait
            store.forget_now()
            found = set(stored(store))
            for one in rows:
                period = PERIODS[dict(one.labels)["app"]]
                if one not in found:
                    assert period
                    assert one.timestamp + period <= clock.now
                elif period:
                    assert one.timestamp + period + DAY > clock.now
            assert store.gauges().entries == len(found)
            store.compact_now()
            assert set(stored(store)) == found
        await store.close()

    asyncio.run(check())
