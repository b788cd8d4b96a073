"""Bytes that were no UTF-8, in whose place U+FFFD was stored: parsers give a blank for each."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing
from sigyn.store.shapes.bytes_at import byte_at


@borrowing
def has_replaced(data: npt.NDArray[np.uint8], start: int, stop: int) -> bool:
    """Whether U+FFFD is in data[start:stop]."""
    for k in range(start, stop - 2):
        if byte_at(data, k) == 0xEF and byte_at(data, k + 1) == 0xBF and byte_at(data, k + 2) == 0xBD:
            return True
    return False
