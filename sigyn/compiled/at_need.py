"""Compiled loops, loaded only when there is enough to do.

numba and its code cost 140 MB and, the first time on a machine, seconds of compilation; an idle or
small server needs neither. Each loop has a twin in plain Python or Arrow that gives the same answers, more
slowly: it serves small inputs always, and large ones until the loop is ready.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

_WORTH_LOADING = 256 << 10
"""Rows of a column that are read 1 ms sooner by loops; to load numba takes half a second."""

_ahead = threading.Event()


@contextmanager
def compiling_ahead() -> Iterator[None]:
    """Says that loops which are not asked for by `Loops` are being compiled: who asks for one would wait for all."""
    _ahead.set()
    try:
        yield
    finally:
        _ahead.clear()


def are_worth_it(rows: int) -> bool:
    """Whether to read so many rows by loops: they are loaded, or worth loading, and nobody is about to compile them."""
    return not _ahead.is_set() and ("numba" in sys.modules or rows >= _WORTH_LOADING)


class Loops:
    """A module of compiled loops that is imported and compiled at need.

    `exercise` calls every loop of the module once, with the types that it will see later.
    """

    def __init__(self, module: str, exercise: Callable[[ModuleType], object]) -> None:
        self._module = module
        self._exercise = exercise
        self._loading = threading.Lock()
        self._loaded: ModuleType | None = None

    def warm(self) -> ModuleType:
        """The module, compiled: seconds the first time on a machine, then half a second, then nothing."""
        with self._loading:
            if self._loaded is None:
                module = importlib.import_module(self._module)
                self._exercise(module)
                self._loaded = module
            return self._loaded

    def ready(self) -> ModuleType | None:
        """The module when it is compiled; else None, and a thread begins to compile it."""
        if self._loaded is None and not self._loading.locked():
            threading.Thread(target=self.warm, name=f"compile {self._module}").start()
        return self._loaded
