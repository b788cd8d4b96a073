"""Work that fails and is tried again, told in the log: who waits for it says nothing, so that nobody else would."""

import time
from collections.abc import Callable
from contextlib import suppress

import structlog

_log = structlog.get_logger("sigyn.store")


class Outage:
    """Warns of the first failure, then now and then while it lasts, and says when all is well again.

    One thread tells it how things go; any may ask what failed last.
    """

    def __init__(
        self, failing: str, well: str, between_warnings: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`failing` and `well` are what the log says, `between_warnings` is in seconds, `now` a clock in seconds."""
        self._failing = failing
        self._well = well
        self._between_warnings = between_warnings
        self._now = now
        self._failed = 0  # since it last went well
        self._warned = 0.0
        self._last: tuple[float, Exception] | None = None  # when it failed last; None since it went well

    def failing(self, within: float) -> Exception | None:
        """What was told last, if it is a failure of the last `within` seconds; else None."""
        last = self._last
        return last[1] if last and self._now() - last[0] <= within else None

    def told(self, failure: Exception | None) -> None:
        """How it went."""
        failed_before = self._failed
        self._failed = 0 if failure is None else failed_before + 1
        self._last = None if failure is None else (self._now(), failure)
        with suppress(OSError):  # the log may be on the disk that is full, and what failed is to be tried again
            if failure is None:
                if failed_before:
                    _log.info(self._well, failed=failed_before)
            elif not failed_before or self._now() - self._warned >= self._between_warnings:
                self._warned = self._now()
                _log.warning(self._failing, reason=str(failure), failed=self._failed)
