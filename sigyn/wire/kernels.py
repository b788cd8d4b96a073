"""Compiled loops, loaded only when there is enough to do.

numba and its code cost 140 MB and, the first time on a machine, seconds of compilation; an idle or
small server needs neither. Each loop has a twin in plain Python that gives the same answers, more
slowly: it serves small inputs always, and large ones until the loop is ready.
"""

import importlib
import threading
from collections.abc import Callable
from types import ModuleType

import numpy as np


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


def _exercise_protobuf(module: ModuleType) -> None:
    module.walk_push(np.frombuffer(b"\n\x04\n\x02{}", dtype=np.uint8))


def _exercise_metadata(module: ModuleType) -> None:
    module.render_metadata(
        np.frombuffer(b"ab", np.uint8), np.array([0, 1], np.int32), np.array([[0, 1, 1, 2]], np.int32)
    )


PROTOBUF_LOOPS = Loops("sigyn.wire.protobuf_loops", _exercise_protobuf)
METADATA_LOOPS = Loops("sigyn.wire.metadata_loops", _exercise_metadata)
