"""Work in the background that goes on for as long as the ruler does, also past a defect of ours."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

_log = structlog.get_logger("sigyn.ruler")

_PAUSE = 5.0
"""Seconds after which work that failed is begun again."""


class Background:
    """Work that never returns on its own. What it fails with is logged, and it is begun anew."""

    def __init__(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.failures = 0
        self._name = name
        self._work = work
        self._again: asyncio.TimerHandle | None = None
        self._task = self._begin()

    async def stop(self) -> None:
        """Ends it where it is."""
        if self._again is not None:
            self._again.cancel()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _begin(self) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._work(), name=self._name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.failures += 1
            _log.error("work in the background failed", work=self._name, error=repr(error), exc_info=error)
            self._again = asyncio.get_running_loop().call_later(_PAUSE, self._restart)

    def _restart(self) -> None:
        self._task = self._begin()
