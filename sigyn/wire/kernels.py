"""The compiled loops, loaded only when there is enough to do.

numba costs 60 MB and, the first time on a machine, seconds of compilation; an idle or small server
needs neither. Each loop has a twin in plain Python that gives the same answers, more slowly; it
serves until `warm` has run, and serves small bodies always.
"""

import importlib
import threading
from types import ModuleType

import numpy as np

_WARM = threading.Event()
_LOADING = threading.Lock()


def warm() -> None:
    """Loads and compiles the loops; call it in a thread. Seconds at first, then a cached 0.5 s."""
    with _LOADING:
        if not _WARM.is_set():
            _compile(protobuf_loops(), metadata_loops())
            _WARM.set()


def warm_soon() -> None:
    """Starts `warm` in a thread of its own, unless that was done or is under way."""
    if not _WARM.is_set() and not _LOADING.locked():
        threading.Thread(target=warm, name="warm-kernels").start()


def are_warm() -> bool:
    """Whether `warm` has run, so that the loops can be called at once."""
    return _WARM.is_set()


def protobuf_loops() -> ModuleType:
    """`sigyn.wire.protobuf_loops`; slow the first time unless the loops are warm."""
    return _module("protobuf_loops")


def metadata_loops() -> ModuleType:
    """`sigyn.wire.metadata_loops`; slow the first time unless the loops are warm."""
    return _module("metadata_loops")


def _compile(protobuf: ModuleType, metadata: ModuleType) -> None:
    message = np.frombuffer(b"\n\x0c\n\x02{}\x12\x06\x1a\x04\n\x02ab", dtype=np.uint8)
    walked = protobuf.walk_push(message)
    metadata.render_metadata(message, walked.pair_offsets, walked.pairs)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"sigyn.wire.{name}")
