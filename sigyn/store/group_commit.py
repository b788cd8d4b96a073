"""Group commit: what arrives while a write is under way shares the next one.

An idle queue writes at once. Up to two groups are in flight, so that one is prepared while the other waits for the
disk; the second starts only with enough bytes to be worth an object of its own, so that a flood makes few, large
objects.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Generic, TypeVar

from sigyn.model.errors import SigynError, TooManyRequests, Unavailable

GROUPS_IN_FLIGHT = 2
_SECOND_GROUP_BYTES = 2 << 20

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item]):
    item: Item
    size: int
    done: asyncio.Future[None]


Write = Callable[[Sequence[Item]], Awaitable[Mapping[int, SigynError]]]
"""Writes a group; gives what went wrong, by the number of the item in it, or raises what went wrong with all."""


class GroupCommit(Generic[Item]):
    """Items in groups. All methods belong to one event loop."""

    def __init__(
        self,
        write: Write[Item],
        *,
        max_waiting_bytes: int,
        max_group_bytes: int,
        answered: Callable[[SigynError | None], None] = lambda _failure: None,
    ) -> None:
        """`max_waiting_bytes` 0: any number may wait. `answered` is told how each item ended."""
        self._write_group = write
        self._max_waiting_bytes = max_waiting_bytes
        self._max_group_bytes = max_group_bytes
        self._answered = answered
        self._waiting: deque[_Waiting[Item]] = deque()
        self._bytes_waiting = 0  # not yet in a group
        self.bytes_held = 0  # waiting, or in a group under way
        self._groups = 0  # in flight
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def append(self, item: Item, size: int) -> None:
        """Returns when an item of so many bytes is written.

        Raises TooManyRequests when too much waits already, and what went wrong with the write.
        """
        if self._max_waiting_bytes and self.bytes_held and self.bytes_held + size > self._max_waiting_bytes:
            raise TooManyRequests(
                f"{self.bytes_held} bytes of entries wait to be written, {size} more would exceed "
                f"`max_waiting_bytes` ({self._max_waiting_bytes}); try again in a second"
            )
        waiting = _Waiting(item, size, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._bytes_waiting += size
        self.bytes_held += size
        self._start_groups()
        await waiting.done

    async def flush(self) -> None:
        """Returns when everything appended before is written or has failed."""
        await self._idle.wait()

    def _start_groups(self) -> None:
        while self._waiting and (
            not self._groups or (self._groups < GROUPS_IN_FLIGHT and self._bytes_waiting >= _SECOND_GROUP_BYTES)
        ):
            group = [self._waiting.popleft()]
            size = group[0].size
            while self._waiting and size + self._waiting[0].size <= self._max_group_bytes:
                size += self._waiting[0].size
                group.append(self._waiting.popleft())
            self._bytes_waiting -= size
            self._groups += 1
            self._idle.clear()
            task = asyncio.get_running_loop().create_task(self._write(group, size))
            self._tasks.add(task)  # a task that nothing refers to may be collected
            task.add_done_callback(self._tasks.discard)

    async def _write(self, group: Sequence[_Waiting[Item]], size: int) -> None:
        broken_off = Unavailable("the write was broken off")
        failures: Mapping[int, SigynError] = dict.fromkeys(range(len(group)), broken_off)
        try:
            failures = await self._write_group([waiting.item for waiting in group])
        except SigynError as error:
            failures = dict.fromkeys(range(len(group)), error)
        finally:
            self.bytes_held -= size
            self._groups -= 1
            self._start_groups()
            for number, waiting in enumerate(group):
                self._answer(waiting, failures.get(number))
            if not self._groups:
                self._idle.set()

    def _answer(self, waiting: _Waiting[Item], failure: SigynError | None) -> None:
        self._answered(failure)
        if waiting.done.done():  # the caller went away
            return
        if failure is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(copy(failure))  # each caller gets an error, with a traceback, of its own
