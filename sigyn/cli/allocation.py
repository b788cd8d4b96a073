"""What the server's process gives back of its memory, and what it never loads."""

import ctypes
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

_ARENAS, _TRIM, _MAPPED = -8, -1, -3  # M_ARENA_MAX, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's mallopt

_GIVE_BACK_SECONDS = 10.0
_LOOK_SECONDS = 0.25
_GROWTH = 4 << 20  # bytes
_PAGE = resource.getpagesize()


def prepare_allocation(*, small: bool) -> None:
    """For a process that serves, before threads are started: free memory goes back to the system.

    The C library keeps what threads have freed, up to a hundred MB after some minutes of pushes and queries, and more
    the longer it runs: what lives long comes to lie between what does not. Fewer arenas than its eight for each core,
    and large blocks that stay out of them, keep that bounded, and cost nothing; with blocks of 4 MB kept out some
    queries would take a third longer, of 512 KB most two thirds. `small` gives back at once and bounds how much is free
    besides, at the cost of a third of the speed.
    """
    sys.meta_path.insert(0, _WithoutPandas())
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):  # another C library
        return
    look, parameters = _GIVE_BACK_SECONDS, {_ARENAS: max(2, os.cpu_count() or 0), _TRIM: 64 << 20, _MAPPED: 16 << 20}
    if small:
        look, parameters = _LOOK_SECONDS, {_ARENAS: 2, _TRIM: 1 << 20, _MAPPED: 256 << 10}
    for parameter, value in parameters.items():
        libc.mallopt(parameter, value)
    threading.Thread(target=_give_back, args=(libc.malloc_trim, look), name="give-back", daemon=True).start()


def _give_back(trim: Callable[[int], int], look: float) -> None:
    """Gives free pages between used ones back, which mallopt does not: it knows those at the end alone.

    Looks every `look` seconds whether memory has grown, and gives back at times anyhow: what was in use the last time
    may have been freed since, which nobody sees from outside.
    """
    least, due = _private_bytes(), 0.0
    while True:
        time.sleep(look)
        if time.monotonic() >= due or _private_bytes() > least + _GROWTH:
            trim(0)
            least, due = _private_bytes(), time.monotonic() + _GIVE_BACK_SECONDS
        least = min(least, _private_bytes())


def _private_bytes() -> int:
    """What of the process is in memory and in no file."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_bytes().split()
    return (int(resident) - int(shared)) * _PAGE


class _WithoutPandas:
    """Arrow loads pandas where it is installed, to know its data frames when it sees one: 21 MB for nothing."""

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        """Nothing; raises ModuleNotFoundError for pandas."""
        if name == "pandas":
            raise ModuleNotFoundError("the server does without pandas", name=name)
        return None
