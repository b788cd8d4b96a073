"""Compiling ahead of need, once a server turns out to be a busy one."""

import threading

from sigyn.model.batch import Batch
from sigyn.services.ingest import warm as warm_ingest

BUSY_ENTRIES = 1000
"""Entries in a push from which a server is a busy one. A small server never needs compiled loops for
its pushes, and the compiler takes 140 MB."""


class WarmUp:
    """Listens to pushes; the first large one begins the work, in a thread of its own."""

    def __init__(self) -> None:
        self._begun = False

    def __call__(self, batch: Batch) -> None:
        """Take notice of a push."""
        if not self._begun and len(batch.entries) >= BUSY_ENTRIES:
            self._begun = True
            threading.Thread(target=_warm, name="warm-up", daemon=True).start()


def _warm() -> None:
    from sigyn.engine.warm import warm_kernels

    warm_ingest()
    warm_kernels()
