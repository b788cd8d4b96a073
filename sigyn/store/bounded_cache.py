"""A cache bounded in bytes, so that it costs the same however much is stored."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Values by key; those that were not asked for the longest are given up first. Safe to use from several threads.

    A value that alone is larger than the budget is not kept.
    """

    def __init__(self, budget: int, size_of: Callable[[V], int]) -> None:
        """`budget` and what `size_of` tells of a value are in bytes of memory."""
        self._budget = budget
        self._size_of = size_of
        self._bytes = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """What is kept under the key; None when nothing is."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V) -> None:
        """Keeps a value in place of an earlier one."""
        size = self._size_of(value)
        with self._lock:
            self._take_out(key)
            if size > self._budget:
                return
            self._values[key] = value, size
            self._bytes += size
            while self._bytes > self._budget:
                self._take_out(next(iter(self._values)))

    def __iter__(self) -> Iterator[K]:
        """The keys of all values, those first that were not asked for the longest."""
        with self._lock:
            return iter(list(self._values))

    def forget(self, keys: Iterable[K]) -> None:
        """Gives up these values, where they are kept."""
        with self._lock:
            for key in keys:
                self._take_out(key)

    def _take_out(self, key: K) -> None:
        found = self._values.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
