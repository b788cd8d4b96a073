"""Slices of a string column as a string column of their own."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit


@njit(nogil=True, cache=True)
def _gather(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int32],
    out: npt.NDArray[np.uint8],
) -> None:
    for i in range(len(starts)):
        length = lengths[i]
        if length > 0:
            begin = offsets[i]
            start = starts[i]
            for k in range(length):
                out[begin + k] = data[start + k]


def slice_column(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
) -> pa.Array:
    """The string array of data[start : start + length] for each row; a negative length is null."""
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    _gather(data, starts, lengths, offsets, out)
    missing = lengths < 0
    validity = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    return pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(out), validity)


def string_buffers(column: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Data bytes and offsets (len + 1) of a string array, without copying."""
    _, offsets, data = column.buffers()
    values = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return values, np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]


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
