"""What pushes may hold in memory together, from the first byte of a body until its entries are durable."""

from collections.abc import Iterator
from contextlib import contextmanager

from sigyn.model.errors import TooManyRequests


class PushMemory:
    """Counts the bytes of pushes under way. Belongs to one event loop."""

    def __init__(self, budget: int) -> None:
        """`budget` is in bytes; a push that is alone may exceed it."""
        self._budget = budget
        self._held = 0

    @contextmanager
    def hold(self) -> Iterator["HeldMemory"]:
        """What one push holds, until it is done."""
        held = HeldMemory(self)
        try:
            yield held
        finally:
            self._held -= held.size

    def add(self, size: int, own: int) -> None:
        """Counts `size` bytes more for a push that has `own`. Raises TooManyRequests."""
        others = self._held - own
        if others and self._held + size > self._budget:
            raise TooManyRequests(
                f"pushes under way hold {self._held} bytes of memory, {size} more would exceed the "
                f"{self._budget} bytes that they may have; try again in a second"
            )
        self._held += size


class HeldMemory:
    """What one push holds."""

    def __init__(self, memory: PushMemory) -> None:
        self._memory = memory
        self.size = 0

    def add(self, size: int) -> None:
        """So many bytes more. Raises TooManyRequests when there is no room beside other pushes."""
        self._memory.add(size, self.size)
        self.size += size
