"""Whose query runs next: tenants take turns, and who has to wait waits instead of being refused."""

import asyncio
import time
import traceback
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sigyn.model.errors import QueryTimeout, TooManyRequests
from sigyn.services.counts_by_tenant import CountsByTenant

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many queries run and wait.

    most         that run at a time
    per_tenant   of one tenant that run at a time; 0: all
    outstanding  of one tenant that wait; more are refused. 0: any number
    """

    most: int
    per_tenant: int = 0
    outstanding: int = 0


@dataclass(slots=True)
class Waits:
    """How often queries of a tenant waited until their turn came or was too late, and for how long, in seconds."""

    count: int = 0
    seconds: float = 0.0

    def add(self, other: "Waits") -> None:
        """Counts what was counted there too."""
        self.count += other.count
        self.seconds += other.seconds


class FairQueue:
    """Runs work on threads. Belongs to one event loop.

    A free thread goes to the tenant that has waited for one the longest, and there to the work that came first.
    """

    def __init__(self, limits: QueueLimits, limits_of: Callable[[str], QueueLimits] | None = None) -> None:
        """`limits_of` gives what a tenant may have as it is now, in place of the same for all."""
        self.waits = CountsByTenant(Waits)
        self._limits = limits
        self._limits_of = limits_of or (lambda _tenant: limits)
        self._threads = ThreadPoolExecutor(limits.most, "query")
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._running: Counter[str] = Counter()

    async def run(self, tenant: str, deadline: float, work: Callable[[], Answer]) -> Answer:
        """What `work` gives, computed on a thread when it is the tenant's turn.

        `deadline` is by `time.monotonic()`. Raises QueryTimeout when the turn does not come before it,
        and TooManyRequests when too much of the tenant waits. A caller that is cancelled gives up its
        place; work that runs must notice on its own.
        """
        await self._turn(tenant, deadline)
        loop = asyncio.get_running_loop()
        try:
            running = self._threads.submit(_leaving_nothing, work)
        except BaseException:
            self._done(tenant)
            raise
        # The thread is free when the work is over, which may be after the caller has gone.
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done, tenant))
        return await asyncio.wrap_future(running)

    def lengths(self) -> dict[str, int]:
        """How many wait, by tenant."""
        return {tenant: len(waiting) for tenant, waiting in self._waiting.items()}

    def close(self) -> None:
        """Waits for work that runs."""
        self._threads.shutdown()

    async def _turn(self, tenant: str, deadline: float) -> None:
        asked = time.monotonic()
        waiting = self._waiting.setdefault(tenant, deque())
        most = self._limits_of(tenant).outstanding
        if most and len(waiting) >= most:
            raise TooManyRequests(
                f"{len(waiting)} queries of this tenant wait already; the setting `max_outstanding_per_tenant` "
                "allows no more"
            )
        self.waits.of(tenant)  # is shown from now on
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        self._give_turns()
        try:
            if not turn.done():
                await asyncio.wait([turn], timeout=max(0.0, deadline - time.monotonic()))
        except asyncio.CancelledError:
            self._give_up(tenant, turn)
            raise
        waited = time.monotonic() - asked
        self.waits.of(tenant).add(Waits(1, waited))
        if not turn.done():
            self._give_up(tenant, turn)
            raise QueryTimeout(self._why_late(tenant, waited))

    def _give_turns(self) -> None:
        while self._running.total() < self._limits.most:
            tenant = next((tenant for tenant in self._waiting if self._may_run(tenant)), None)
            if tenant is None:
                return
            waiting = self._waiting[tenant]
            waiting.popleft().set_result(None)
            self._running[tenant] += 1
            if waiting:
                self._waiting.move_to_end(tenant)
            else:
                del self._waiting[tenant]

    def _may_run(self, tenant: str) -> bool:
        most = self._limits_of(tenant).per_tenant
        return not most or self._running[tenant] < most

    def _give_up(self, tenant: str, turn: asyncio.Future[None]) -> None:
        """Gives a place in the queue back, or a turn that nobody takes."""
        if turn.done():
            self._done(tenant)
            return
        waiting = self._waiting[tenant]
        waiting.remove(turn)
        if not waiting:
            del self._waiting[tenant]

    def _done(self, tenant: str) -> None:
        self._running[tenant] -= 1
        if not self._running[tenant]:
            del self._running[tenant]
        self._give_turns()

    def _why_late(self, tenant: str, seconds: float) -> str:
        own, all_running = self._running[tenant], self._running.total()
        waiting = sum(map(len, self._waiting.values()))
        return (
            f"the query waited {seconds:.3g} s for its turn, as long as `query_timeout` allows: {all_running} queries "
            f"run ({own} of this tenant), {waiting} others wait; ask for less at once, or raise `max_concurrent` "
            "or `max_query_parallelism`"
        )


def _leaving_nothing(work: Callable[[], Answer]) -> Answer:
    """What `work` gives; an error that it raises does not hold on to what it had read.

    The calls that an error came through live as long as it does, with all their variables, and those who wait for it
    make it part of a cycle: the lines of refused queries would stay until Python happens to look for cycles.
    """
    try:
        return work()
    except BaseException as error:
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__context__
        raise
