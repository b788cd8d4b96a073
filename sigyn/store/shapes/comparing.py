"""Compares runs of bytes in compiled loops, by words of 8."""

from typing import Any

import numpy as np

from sigyn.compiled.loops import borrowing
from sigyn.store.shapes.bytes_at import byte_at, word_at


@borrowing
def same_bytes(data: Any, at: int, other: Any, begin: int, length: int) -> bool:
    """data[at : at + length] == other[begin : begin + length] for contiguous arrays of bytes."""
    done = 0
    while done + 8 <= length:
        if word_at(data, at + done) != word_at(other, begin + done):
            return False
        done += 8
    left = length - done
    if left == 0:
        return True
    if at + done + 8 <= len(data) and begin + done + 8 <= len(other):
        apart = word_at(data, at + done) ^ word_at(other, begin + done)
        return bool(apart << np.uint64(64 - 8 * left) == 0)
    for k in range(done, length):  # noqa: SIM110
        if byte_at(data, at + k) != byte_at(other, begin + k):
            return False
    return True
