"""The answer of `/ready`: found out at most once in some seconds, and never waited for longer than that."""

import asyncio
import time
from collections.abc import Callable, Sequence

KEPT_SECONDS = 5.0  # how long an answer stands: probes of several balancers cost one write
PATIENCE_SECONDS = 4.0  # a probe of Kubernetes gives up after 1 s by default, and tries again


class Readiness:
    """Asks the store in a thread; belongs to one event loop."""

    def __init__(self, faults: Callable[[], Sequence[str]]) -> None:
        self._faults = faults
        self._task: asyncio.Task[Sequence[str]] | None = None
        self._began = 0.0

    async def faults(self) -> Sequence[str]:
        """What keeps the store from serving, by part; empty when nothing does."""
        task = self._task
        if task is None or (task.done() and time.monotonic() - self._began > KEPT_SECONDS):
            self._began = time.monotonic()
            task = self._task = asyncio.create_task(asyncio.to_thread(self._faults))
        remaining = self._began + PATIENCE_SECONDS - time.monotonic()
        try:
            return await asyncio.wait_for(asyncio.shield(task), max(0.0, remaining) if not task.done() else None)
        except TimeoutError:
            return ["catalog or object store: no answer yet"]
