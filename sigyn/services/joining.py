"""Identical queries in flight are answered once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from sigyn.store.content import Content

Answer = TypeVar("Answer")


class Flight(Generic[Answer]):
    """A query under way; `seen` is what the tenant's entries were when it began to read, None before that."""

    __slots__ = ("seen", "task", "waiting")

    def __init__(self) -> None:
        self.seen: Content | None = None
        self.task: asyncio.Task[Answer] | None = None
        self.waiting = 0


class Flights(Generic[Answer]):
    """Queries under way, by what they ask. Belongs to one event loop; `joined` counts those that cost nothing."""

    def __init__(self) -> None:
        self.joined = 0
        self._flights: dict[Hashable, Flight[Answer]] = {}

    async def answer(
        self,
        key: Hashable,
        now: Callable[[], Content],
        start: Callable[[Flight[Answer]], Coroutine[Any, Any, Answer]],
    ) -> Answer:
        """The answer of the query with this key that is under way, else of one that `start` makes.

        A query that has begun to read is joined only while nothing has come since (`now`): who has
        seen a push acknowledged finds its entries. The query is cancelled when all who wait for it are.
        """
        flight = self._flights.get(key)
        if flight is not None and (flight.seen is None or flight.seen == now()):
            self.joined += 1
        else:
            flight = self._begin(key, start)
        assert flight.task is not None
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()

    def _begin(self, key: Hashable, start: Callable[[Flight[Answer]], Coroutine[Any, Any, Answer]]) -> Flight[Answer]:
        flight: Flight[Answer] = Flight()
        self._flights[key] = flight
        flight.task = asyncio.get_running_loop().create_task(start(flight))
        flight.task.add_done_callback(lambda task: self._landed(key, flight, task))
        return flight

    def _landed(self, key: Hashable, flight: Flight[Answer], task: "asyncio.Task[Answer]") -> None:
        self._forget(key, flight)
        if not task.cancelled():
            task.exception()  # those who waited have it

    def _forget(self, key: Hashable, flight: Flight[Answer]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
