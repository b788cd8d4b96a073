"""Identical queries under way are computed once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from sigyn.model.errors import QueryError
from sigyn.services.joining import Flight, Flights
from sigyn.store import Content


@dataclass
class Queries:
    """Answers queries with their number when told to."""

    content: Content = Content(1, 0)
    flights: Flights[int] = field(default_factory=Flights)
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    reads: bool = True

    def ask(self, key: str = "query") -> "asyncio.Task[int]":
        return asyncio.create_task(self.flights.answer(key, lambda: self.content, self._compute))

    async def _compute(self, flight: Flight[int]) -> int:
        number = len(self.begun)
        self.begun.append(number)
        if self.reads:
            flight.seen = self.content
        try:
            await self.finish.wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        if not self.reads:
            raise QueryError("failed")
        return number


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(test: Callable[[Queries], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30):
            await test(Queries())

    asyncio.run(main())


def test_the_second_waits_for_the_firsts_answer() -> None:
    async def test(queries: Queries) -> None:
        asked = [queries.ask() for _ in range(3)] + [queries.ask("other")]
        await settle()
        queries.finish.set()
        assert await asyncio.gather(*asked) == [0, 0, 0, 1]
        assert queries.flights.joined == 2
        assert await queries.ask() == 2  # what is answered is not under way

    run(test)


def test_cancelling_one_does_not_cancel_the_other() -> None:
    async def test(queries: Queries) -> None:
        first, second = queries.ask(), queries.ask()
        await settle()
        first.cancel()
        await settle()
        queries.finish.set()
        assert await second == 0
        with pytest.raises(asyncio.CancelledError):
            await first
        assert queries.cancelled == []

    run(test)


def test_when_all_are_cancelled_so_is_the_query() -> None:
    async def test(queries: Queries) -> None:
        both = [queries.ask(), queries.ask()]
        await settle()
        for one in both:
            one.cancel()
        await settle()
        assert queries.cancelled == [0]
        later = queries.ask()
        queries.finish.set()
        assert await later == 1

    run(test)


def test_who_has_seen_entries_acknowledged_does_not_join_what_began_before() -> None:
    async def test(queries: Queries) -> None:
        before = queries.ask()
        await settle()
        queries.content = Content(2, 0)
        after, joined = queries.ask(), queries.ask()
        await settle()
        queries.finish.set()
        assert await asyncio.gather(before, after, joined) == [0, 1, 1]

    run(test)


def test_what_has_not_begun_to_read_sees_everything() -> None:
    async def test(queries: Queries) -> None:
        queries.reads = False
        first = queries.ask()
        await settle()
        queries.content = Content(2, 0)
        second = queries.ask()
        await settle()
        queries.finish.set()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["failed", "failed"]
        assert queries.begun == [0]

    run(test)
