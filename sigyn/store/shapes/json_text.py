"""Pieces of JSON text (RFC 8259), found by compiled loops."""

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]


@njit(nogil=True, cache=True, inline="always")
def is_space(byte: int) -> bool:
    """Whether a byte is white space between tokens."""
    return byte == 32 or byte == 10 or byte == 13 or byte == 9


@njit(nogil=True, cache=True)
def string_end(data: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Offset of the quote that closes the string begun before `at`, and whether it holds escapes; -1: none."""
    escaped = False
    while at < end:
        byte = data[at]
        if byte == 34:
            return at, escaped
        if byte == 92:
            escaped = True
            at += 1
            if at >= end:
                return -1, escaped
            byte = data[at]
            if byte == 117:  # \uXXXX
                if at + 4 >= end:
                    return -1, escaped
                for k in range(1, 5):
                    digit = data[at + k]
                    if not ((48 <= digit <= 57) or (97 <= digit <= 102) or (65 <= digit <= 70)):
                        return -1, escaped
                at += 4
            elif not (
                byte == 34
                or byte == 92
                or byte == 47
                or byte == 98
                or byte == 102
                or byte == 110
                or byte == 114
                or byte == 116
            ):
                return -1, escaped
        elif byte < 32:
            return -1, escaped
        at += 1
    return -1, escaped


@njit(nogil=True, cache=True)
def scalar_end(data: Bytes, at: int, end: int) -> int:
    """Offset behind the number, true or false that begins at `at`; negative for null; 0: none of them."""
    byte = data[at]
    if byte == 116:
        if at + 4 <= end and data[at + 1] == 114 and data[at + 2] == 117 and data[at + 3] == 101:
            return at + 4
        return 0
    if byte == 102:
        if at + 5 <= end and data[at + 1] == 97 and data[at + 2] == 108 and data[at + 3] == 115 and data[at + 4] == 101:
            return at + 5
        return 0
    if byte == 110:
        if at + 4 <= end and data[at + 1] == 117 and data[at + 2] == 108 and data[at + 3] == 108:
            return -(at + 4)
        return 0
    if byte == 45:
        at += 1
        if at >= end:
            return 0
        byte = data[at]
    if byte == 48:
        at += 1
    elif 49 <= byte <= 57:
        while at < end and 48 <= data[at] <= 57:
            at += 1
    else:
        return 0
    if at < end and data[at] == 46:
        at += 1
        if at >= end or not (48 <= data[at] <= 57):
            return 0
        while at < end and 48 <= data[at] <= 57:
            at += 1
    if at < end and (data[at] == 101 or data[at] == 69):
        at += 1
        if at < end and (data[at] == 43 or data[at] == 45):
            at += 1
        if at >= end or not (48 <= data[at] <= 57):
            return 0
        while at < end and 48 <= data[at] <= 57:
            at += 1
    return at
