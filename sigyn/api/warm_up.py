"""Compiling ahead of need, once a server turns out to be a busy one.

`python -m sigyn.api.warm_up` compiles at once and keeps the result on disk, so that no server has to.
"""

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
            threading.Thread(target=warm, name="warm-up", daemon=True).start()


def warm() -> None:
    """Compile the loops of pushes and queries, or load what was compiled before."""
    from sigyn.engine.warm import warm_kernels

    warm_ingest()
    warm_kernels()


if __name__ == "__main__":
    warm()
