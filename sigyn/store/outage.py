"""Writes that fail, told in the log: agents try again and say nothing, so that nobody else would."""

import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from sigyn.model.errors import SigynError

_log = structlog.get_logger("sigyn.store")
_BETWEEN_WARNINGS = 60.0  # seconds


class Outage:
    """Warns of the first write that fails, then once a minute, and says when writes succeed again. For one thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` is a clock in seconds."""
        self._now = now
        self._failed = 0  # since the last one that succeeded
        self._warned = 0.0

    def told(self, failure: SigynError | None) -> None:
        """How a write ended."""
        failed_before = self._failed
        self._failed = 0 if failure is None else failed_before + 1
        with suppress(OSError):  # the log may be on the disk that is full, and who pushed waits for an answer
            if failure is None:
                if failed_before:
                    _log.info("pushes are stored again", failed=failed_before)
            elif not failed_before or self._now() - self._warned >= _BETWEEN_WARNINGS:
                self._warned = self._now()
                _log.warning("pushes can't be stored and get 503", reason=str(failure), failed=self._failed)
