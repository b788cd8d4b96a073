"""Tenants take turns, and wait rather than be refused."""

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sigyn.model.errors import QueryError, QueryTimeout, TooManyRequests
from sigyn.services.counts_by_tenant import MOST_TENANTS, OTHER_TENANTS
from sigyn.services.fair_queue import FairQueue, QueueLimits
from sigyn.services.query_limits import QueryLimits

FAR = 3600.0


class Gate:
    """Work that notes its name when it begins, and ends when the gate is opened."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._open = threading.Semaphore(0)

    def work(self, name: str) -> Callable[[], str]:
        def run() -> str:
            self.begun.append(name)
            assert self._open.acquire(timeout=30)
            return name

        return run

    def open(self, times: int = 1) -> None:
        self._open.release(times)


Test = Callable[[FairQueue, Gate], Coroutine[Any, Any, None]]


def run(limits: QueueLimits, test: Test) -> None:
    async def main() -> None:
        queue, gate = FairQueue(limits), Gate()
        try:
            await test(queue, gate)
        finally:
            gate.open(1000)
            await asyncio.to_thread(queue.close)

    asyncio.run(main())


def ask(queue: FairQueue, gate: Gate, tenant: str, name: str, seconds: float = FAR) -> "asyncio.Task[str]":
    return asyncio.create_task(queue.run(tenant, time.monotonic() + seconds, gate.work(name)))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def test_one_tenants_flood_does_not_hold_up_anothers_query() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        flood = [ask(queue, gate, "busy", f"busy {number}") for number in range(60)]
        await until(lambda: len(gate.begun) == 2)
        single = ask(queue, gate, "quiet", "quiet")
        await until(lambda: queue.lengths() == {"busy": 58, "quiet": 1})
        gate.open(2)
        await until(lambda: len(gate.begun) == 4)
        assert "quiet" in gate.begun[2:4]
        gate.open(60)
        assert await asyncio.gather(*flood) == [f"busy {number}" for number in range(60)]
        assert await single == "quiet"
        assert queue.lengths() == {}
        assert (queue.waits.of("busy").count, queue.waits.of("quiet").count) == (60, 1)
        assert queue.waits.of("quiet").seconds > 0

    run(QueueLimits(2), test)


def test_within_a_tenant_who_came_first_is_first() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        tasks = [ask(queue, gate, "a", str(number)) for number in range(5)]
        gate.open(5)
        await asyncio.gather(*tasks)
        assert gate.begun == ["0", "1", "2", "3", "4"]

    run(QueueLimits(1), test)


def test_a_tenant_runs_no_more_than_it_may() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        tasks = [ask(queue, gate, "a", f"a{number}") for number in range(3)]
        await until(lambda: len(gate.begun) == 1)
        tasks += [ask(queue, gate, "b", f"b{number}") for number in range(2)]
        await until(lambda: len(gate.begun) == 2)
        assert gate.begun == ["a0", "b0"]
        assert queue.lengths() == {"a": 2, "b": 1}  # though two threads more are free
        gate.open(10)
        await asyncio.gather(*tasks)

    run(QueueLimits(4, per_tenant=1), test)


def test_who_waits_longer_than_the_timeout_is_told_why() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        first = ask(queue, gate, "a", "first")
        await until(lambda: len(gate.begun) == 1)
        with pytest.raises(
            QueryTimeout, match=r"as `query_timeout` allows: 1 queries run \(1 of this tenant\), 0 others"
        ):
            await ask(queue, gate, "a", "late", seconds=0.01)
        gate.open()
        await first
        assert gate.begun == ["first"]
        assert queue.lengths() == {}
        assert queue.waits.of("a").count == 2
        assert queue.waits.of("a").seconds >= 0.01

    run(QueueLimits(1), test)


def test_a_tenant_whose_first_query_waits_is_among_the_waits() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        first = ask(queue, gate, "a", "first")
        await until(lambda: len(gate.begun) == 1)
        second = ask(queue, gate, "b", "second")
        await until(lambda: queue.lengths() == {"b": 1})
        assert queue.waits.of("b").count == 0
        gate.open(2)
        await asyncio.gather(first, second)
        assert queue.waits.of("b").count == 1

    run(QueueLimits(1), test)


def test_tenants_that_nobody_ever_heard_of_again_are_counted_together() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        gate.open(20_000)
        for number in range(MOST_TENANTS + 100):
            await queue.run(f"tenant-{number}", time.monotonic() + FAR, lambda: None)
        waits = dict(queue.waits.items())
        assert list(waits) == [*(f"tenant-{number}" for number in range(100, MOST_TENANTS + 100)), OTHER_TENANTS]
        assert (waits["tenant-100"].count, waits[OTHER_TENANTS].count) == (1, 100)

    run(QueueLimits(2), test)


def test_more_than_may_wait_is_refused() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        waiting = [ask(queue, gate, "a", str(number)) for number in range(3)]
        await until(lambda: queue.lengths() == {"a": 2})
        with pytest.raises(TooManyRequests, match="max_outstanding_per_tenant"):
            await ask(queue, gate, "a", "more")
        other = ask(queue, gate, "b", "other")
        gate.open(10)
        await asyncio.gather(*waiting, other)

    run(QueueLimits(1, outstanding=2), test)


def test_who_goes_away_gives_up_the_place() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        tasks = [ask(queue, gate, "a", str(number)) for number in range(3)]
        await until(lambda: queue.lengths() == {"a": 2})
        tasks[1].cancel()
        await until(lambda: queue.lengths() == {"a": 1})
        tasks[0].cancel()  # its work goes on, and keeps the thread
        await asyncio.gather(*tasks[:2], return_exceptions=True)
        assert queue.lengths() == {"a": 1}
        gate.open(2)
        assert await tasks[2] == "2"
        assert gate.begun == ["0", "2"]

    run(QueueLimits(1), test)


def test_a_turn_that_nobody_takes_goes_to_the_next() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        first = ask(queue, gate, "a", "first")
        await until(lambda: gate.begun == ["first"])
        second, third = ask(queue, gate, "a", "second"), ask(queue, gate, "a", "third")
        await until(lambda: queue.lengths() == {"a": 2})
        first.add_done_callback(lambda _: second.cancel())
        gate.open(3)
        assert await third == "third"
        await asyncio.gather(first, second, return_exceptions=True)

    run(QueueLimits(1), test)


def test_errors_of_work_reach_the_caller_and_free_the_thread() -> None:
    async def test(queue: FairQueue, gate: Gate) -> None:
        def fail() -> str:
            raise ValueError("work")

        for _ in range(3):
            with pytest.raises(ValueError, match="work"):
                await queue.run("a", time.monotonic() + FAR, fail)
        gate.open()
        assert await ask(queue, gate, "a", "after") == "after"

    run(QueueLimits(1), test)


@pytest.mark.parametrize(
    ("parallelism", "capacity", "allowed"),
    [(0, 0.0, 0), (3, 0.0, 3), (0, 0.5, 4), (0, 0.01, 1), (0, 0.4, 4), (3, 0.5, 3), (7, 0.5, 4), (0, 1.0, 8)],
)
def test_the_part_of_eight_queries_that_a_tenant_may_have(parallelism: int, capacity: float, allowed: int) -> None:
    limits = QueryLimits(max_query_parallelism=parallelism, max_query_capacity=capacity)
    assert limits.at_a_time(8) == allowed


class Held:
    """Something large that work has read."""


def test_an_error_holds_nothing_of_what_its_work_had_read() -> None:
    left: list[weakref.ref[Held]] = []

    def work() -> str:
        held = Held()
        left.append(weakref.ref(held))
        raise QueryError("too much")

    async def test(queue: FairQueue, _gate: Gate) -> None:
        with pytest.raises(QueryError) as raised:
            await queue.run("a", time.monotonic() + FAR, work)
        assert raised.traceback[-1].name == "work"  # still told where it came from
        assert [each() for each in left] == [None]

    run(QueueLimits(1), test)
