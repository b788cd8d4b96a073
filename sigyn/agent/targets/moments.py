"""Times for entries whose lines name none."""

from sigyn.model.time import Clock, system_clock


class Moments:
    """Now, for each entry another ns: equal lines read together stay apart, since stores drop exact duplicates."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._next = 0

    def take(self, count: int) -> int:
        """The first of `count` moments that follow each other."""
        first = max(self._clock(), self._next)
        self._next = first + count
        return first
