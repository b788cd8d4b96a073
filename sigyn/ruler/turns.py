"""Whose group is evaluated when: a few of each tenant at a time, and a slow one holds up nobody for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 4
"""Groups of a tenant that are evaluated at a time: a hundred that are due at once leave room for people's queries."""

LONGEST = 5.0
"""Seconds after which a group that is still evaluated counts no more: the others are not late because it is slow."""


class Turns:
    """Belongs to one event loop."""

    def __init__(self, at_once: int = AT_ONCE, longest: float = LONGEST) -> None:
        """`longest` in seconds."""
        self._at_once = at_once
        self._longest = longest
        self._places: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Waits for the turn of a group of this tenant, and keeps it until the end, but no longer than `longest`."""
        places = self._places.setdefault(tenant, asyncio.Semaphore(self._at_once))
        await places.acquire()
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                places.release()

        timer = asyncio.get_running_loop().call_later(self._longest, release)
        try:
            yield
        finally:
            timer.cancel()
            release()
