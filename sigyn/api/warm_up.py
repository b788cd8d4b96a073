"""Compiling ahead of need: at once where there are entries and memory is ample, else when a server turns out busy.

`python -m sigyn.api.warm_up` compiles at once and keeps the result on disk, so that no server has to.
"""

import atexit
import gc
import threading
from collections.abc import Callable
from pathlib import Path

from sigyn.compiled.at_need import compiling_ahead
from sigyn.model.batch import Batch
from sigyn.services.ingest import warm as warm_ingest
from sigyn.services.patterns import warm as warm_patterns

BUSY_ENTRIES = 1000
"""Entries in a push from which a server is a busy one. A small server never needs compiled loops for
its pushes, and the compiler takes 140 MB."""


AMPLE_MEMORY = 2 << 30
"""Bytes of memory that are there to use, from which 140 MB matter less than a quick first answer."""


_LIMIT_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container finds its limit: of control groups version 2, and 1."""


_THREAD = "warm-up"


class WarmUp:
    """Listens to pushes; the first large one begins the work, in a thread of its own."""

    def __init__(self, *, has_entries: bool, work: Callable[[], None] | None = None) -> None:
        """`has_entries` says whether there is something to query already; `work` is `warm` unless it is said."""
        self._begun = False
        self._work = work or warm
        if has_entries and usable_memory() >= AMPLE_MEMORY:
            self._begin()

    def __call__(self, batch: Batch) -> None:
        """Take notice of a push."""
        if not self._begun and len(batch.entries) >= BUSY_ENTRIES:
            self._begin()

    def _begin(self) -> None:
        self._begun = True
        # Not a daemon: a process that ends while libraries are being loaded would be aborted by them.
        threading.Thread(target=self._work, name=_THREAD).start()


def is_warming() -> bool:
    """Whether a thread of this process compiles, which may take it a minute more."""
    return any(thread.name == _THREAD for thread in threading.enumerate())


def usable_memory() -> int:
    """Bytes that this process may still use, as far as the machine and its container tell; 0: not known."""
    try:
        meminfo = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 0
    available = next((line for line in meminfo.splitlines() if line.startswith("MemAvailable:")), "")
    usable = int(available.split()[1]) * 1024 if available else 0
    for limit_file in _LIMIT_FILES:
        try:
            limit = limit_file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        return min(usable, int(limit)) if limit.isdigit() else usable
    return usable


def warm() -> None:
    """Compile the loops of pushes and queries, or load what was compiled before."""
    from sigyn.engine.duck import load_library
    from sigyn.engine.warm import warm_kernels

    load_library()
    with compiling_ahead():
        warm_kernels()
    warm_ingest()
    warm_patterns()
    gc.freeze()  # to search what libraries made at their start for cycles takes tens of ms, in the middle of a query
    atexit.register(gc.unfreeze)  # DuckDB complains of what is left at the end


if __name__ == "__main__":
    warm()
