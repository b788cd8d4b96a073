"""How hard the background works beside those who wait for an answer."""

import time
from collections.abc import Callable

from sigyn.store.live import LiveSegments
from sigyn.store.settings import StoreSettings
from sigyn.store.writer import Writer

_LONGEST_PAUSE = 0.05  # seconds


class Stopped(Exception):
    """The store closes; what was under way is broken off."""


class Pace:
    """Says how much waits to be compacted, and lets work rest by that; safe to use from several threads."""

    def __init__(self, settings: StoreSettings, live: LiveSegments, writer: Writer) -> None:
        self._settings = settings
        self._live = live
        self._writer = writer
        self._stopped = False

    def stop(self) -> None:
        """Breaks off, at its next pause, whatever is under way."""
        self._stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether it was."""
        return self._stopped

    def work(self) -> Callable[[], None]:
        """Begins a piece of work; gives what it is to call often. That raises Stopped.

        Queries and pushes go first: while any is under way, as much rest as work, unless too much waits.
        """
        resumed = time.monotonic()

        def pause() -> None:
            nonlocal resumed
            if self._stopped:
                raise Stopped
            if (self._live.in_use() or self._writer.waiting_bytes()) and not self.is_behind(4):
                time.sleep(min(time.monotonic() - resumed, _LONGEST_PAUSE))
            resumed = time.monotonic()

        return pause

    def is_behind(self, part: int) -> bool:
        """Whether more waits to be compacted than this part (4: a fourth) of what pushes are refused for."""
        segments, text_bytes = self._live.uncompacted()
        settings = self._settings
        return (
            segments > settings.max_uncompacted_segments // part or text_bytes > settings.max_uncompacted_bytes // part
        )
