"""When groups are evaluated, by a clock that is only ever told."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.model.time import MILLISECOND, MINUTE, SECOND
from sigyn.ruler import schedule, tasks
from sigyn.ruler.rule import GroupKey

from .rules import START

KEY = GroupKey("fake", "rules.yaml", "shop")


@given(st.integers(0, 10**19), st.integers(1, 3600).map(lambda n: n * SECOND))
def test_the_next_time_is_the_first_of_the_group_that_is_later(now: int, interval: int) -> None:
    at = schedule.next_time(KEY, interval, now)
    assert now < at <= now + interval
    assert at % interval == schedule.offset(KEY, interval)


def test_groups_are_spread_over_their_interval() -> None:
    offsets = [schedule.offset(GroupKey("fake", "rules.yaml", f"group {place}"), MINUTE) for place in range(1000)]
    assert all(0 <= one < MINUTE and one % MILLISECOND == 0 for one in offsets)
    by_second = [sum(one // (6 * SECOND) == tenth for one in offsets) for tenth in range(10)]
    assert min(by_second) > 50


class Times:
    """A clock that goes on only while somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = START
        self.seen: list[int] = []

    async def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    def seconds(self) -> list[int]:
        first = self.seen[0]
        return [(at - first) // SECOND for at in self.seen]


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ([0, 0, 0, 0], [0, 10, 20, 30]),
        ([0, 12, 0, 0], [0, 10, 20, 30]),  # a little late, but none is left out
        ([0, 35, 0, 0], [0, 10, 40, 50]),  # those of 20 and 30 s passed meanwhile
    ],
)
def test_slow_work_leaves_times_out(monkeypatch: pytest.MonkeyPatch, work: list[int], expected: list[int]) -> None:
    times = Times()
    monkeypatch.setattr(schedule.asyncio, "sleep", times.sleep)

    async def evaluate(at: int) -> None:
        assert times.now >= at
        times.seen.append(at)
        if len(times.seen) == len(work):
            raise asyncio.CancelledError
        times.now += work[len(times.seen) - 1] * SECOND

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(schedule.at_times(KEY, 10 * SECOND, lambda: times.now, evaluate))
    assert times.seconds() == expected


def test_a_clock_that_is_set_back_stops_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    times = Times()
    monkeypatch.setattr(schedule.asyncio, "sleep", times.sleep)

    async def evaluate(at: int) -> None:
        times.seen.append(at)
        if len(times.seen) == 3:
            raise asyncio.CancelledError
        if len(times.seen) == 1:
            times.now -= 3600 * SECOND

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(schedule.at_times(KEY, 10 * SECOND, lambda: times.now, evaluate))
    assert times.seconds() == [0, -3590, -3580]


def test_work_in_the_background_goes_on_past_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_PAUSE", 0.0)

    async def run() -> int:
        begun = asyncio.Event()
        times = 0

        async def work() -> None:
            nonlocal times
            times += 1
            if times == 1:
                raise ZeroDivisionError
            begun.set()
            await asyncio.Event().wait()

        background = tasks.Background("work", work)
        await asyncio.wait_for(begun.wait(), 10)
        await background.stop()
        assert background.failures == 1
        return times

    assert asyncio.run(run()) == 2
