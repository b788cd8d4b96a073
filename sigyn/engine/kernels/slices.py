"""Slices of a string column as a string column of their own."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.shapes.column_loops import gather
from sigyn.store.shapes.values import string_array


def slice_column(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
) -> pa.Array:
    """The string array of data[start : start + length] for each row; a negative length is null."""
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    gather(data, starts, lengths, offsets, out)
    return string_array(offsets, out, lengths >= 0)


def joined(texts: Iterable[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Texts one after the other, and where each ends."""
    parts = list(texts)
    return (
        np.frombuffer(b"".join(parts), np.uint8),
        np.cumsum([len(part) for part in parts], dtype=np.int32) if parts else np.empty(0, np.int32),
    )


def room(labels: int, rows: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Arrays for a kernel's results: starts and lengths [labels, rows], hard [rows]."""
    return np.zeros((labels, rows), np.int32), np.full((labels, rows), -1, np.int32), np.zeros(rows, np.bool_)
