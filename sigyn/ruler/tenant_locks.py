"""A lock for each tenant: what changes one tenant's rules waits for nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Lock:
    """A lock, and how many hold it or wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class TenantLocks:
    """Belongs to one event loop. A lock is there for as long as somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def held(self, tenant: str) -> AsyncIterator[None]:
        """Waits for the lock of a tenant and keeps it until the end; it is given in the order of asking."""
        own = self._locks.setdefault(tenant, _Lock())
        own.users += 1
        try:
            async with own.lock:
                yield
        finally:
            own.users -= 1
            if not own.users:
                del self._locks[tenant]
