"""What the server's process gives back of its memory, and what it never loads."""

import ctypes
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

_ARENAS, _TRIM, _MAPPED = -8, -1, -3  # M_ARENA_MAX, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's mallopt

_LOOK_SECONDS = 10.0
_GROWTH = 32 << 20  # bytes
_SMALL_LOOK_SECONDS = 0.25
_SMALL_GROWTH = 4 << 20
_PAGE = resource.getpagesize()


def prepare_allocation(*, small: bool) -> None:
    """For a process that serves, before threads are started: free memory goes back to the system.

    The C library keeps what threads have freed, up to a hundred MB after some minutes of pushes and queries. `small`
    gives back at once and bounds how much is free besides, at the cost of a third of the speed.
    """
    sys.meta_path.insert(0, _WithoutPandas())
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):  # another C library
        return
    look, growth = _LOOK_SECONDS, _GROWTH
    if small:
        look, growth = _SMALL_LOOK_SECONDS, _SMALL_GROWTH
        for parameter, value in ((_ARENAS, 2), (_TRIM, 1 << 20), (_MAPPED, 256 << 10)):
            libc.mallopt(parameter, value)
    threading.Thread(target=_give_back, args=(libc.malloc_trim, look, growth), name="give-back", daemon=True).start()


def _give_back(trim: Callable[[int], int], look: float, growth: int) -> None:
    """Gives free pages between used ones back whenever memory has grown; mallopt knows those at the end alone.

    Looks every `look` seconds, and allows for `growth` bytes.
    """
    least = _private_bytes()
    while True:
        time.sleep(look)
        if _private_bytes() > least + growth:
            trim(0)
            least = _private_bytes()
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
