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
        self,
        failing: str,
        well: str,
        between_warnings: float,
        now: Callable[[], float] = time.monotonic,
        *,
        between_outages: float = 0.0,
        **fields: str,
    ) -> None:
        """`failing` and `well` are what the log says, with `fields`; `now` is a clock in seconds, as all times are.

        An outage that begins less than `between_outages` after the last warning is told when that time is over, if
        it lasts: what comes and goes would fill the log.
        """
        self._failing = failing
        self._well = well
        self._between_warnings = between_warnings
        self._now = now
        self._between_outages = between_outages
        self._fields = fields
        self._failed = 0  # since it last went well
        self._warned: float | None = None  # when, if ever
        self._is_told = False  # that it fails
        self._last: tuple[float, Exception] | None = None  # when it failed last; None since it went well

    def failing(self, within: float) -> Exception | None:
        """What was told last, if it is a failure of the last `within` seconds; else None."""
        last = self._last
        return last[1] if last and self._now() - last[0] <= within else None

    def told(self, failure: Exception | None) -> None:
        """How it went."""
        now = self._now()
        failed_before = self._failed
        self._failed = 0 if failure is None else failed_before + 1
        self._last = None if failure is None else (now, failure)
        pause = self._between_warnings if self._is_told else self._between_outages
        with suppress(OSError):  # the log may be on the disk that is full, and what failed is to be tried again
            if failure is None:
                if self._is_told:
                    self._is_told = False
                    _log.info(self._well, failed=failed_before, **self._fields)
            elif self._warned is None or now - self._warned >= pause:
                self._warned, self._is_told = now, True
                _log.warning(self._failing, reason=str(failure), failed=self._failed, **self._fields)
