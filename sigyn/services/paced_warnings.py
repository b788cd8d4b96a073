"""Warnings that come with every push of a sender who goes on: in the log each of them once a minute."""

from collections import OrderedDict

from sigyn.model.time import MINUTE, Clock

_BETWEEN_WARNINGS = 1 * MINUTE
_MOST_WARNED = 1_000


class PacedWarnings:
    """Lets a warning pass at most once a minute for each key, and for so many keys in a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._warned: OrderedDict[str, int] = OrderedDict()  # in the order of these times

    def is_due(self, key: str) -> bool:
        """Whether to warn now; who asks is taken to do so."""
        now = self._clock()
        while self._warned and now - next(iter(self._warned.values())) >= _BETWEEN_WARNINGS:
            self._warned.popitem(last=False)
        if key in self._warned or len(self._warned) >= _MOST_WARNED:
            return False
        self._warned[key] = now
        return True
