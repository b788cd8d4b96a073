"""Keys as they stand in label names, see `sigyn.model.labels.label_name`."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, inlined
from sigyn.store.shapes.bytes_at import byte_at

Bytes = npt.NDArray[np.uint8]


@inlined
def name_byte(byte: int) -> int:
    """The byte itself where a label name can hold it, else that of `_`."""
    if (
        (97 <= byte <= 122)  # a-z
        or (65 <= byte <= 90)  # A-Z
        or (48 <= byte <= 57)  # 0-9
    ):
        return byte
    return 95


@borrowing
def name_end(data: Bytes, begin: int, end: int, is_first: bool, wanted: Bytes, at: int, stop: int) -> int:
    """The place in `wanted` behind the name of a key, if it stands there, from `at` and before `stop`; otherwise -1."""
    if is_first and 48 <= byte_at(data, begin) <= 57:
        if at >= stop or wanted[at] != 95:
            return -1
        at += 1
    for k in range(begin, end):
        byte = byte_at(data, k)
        if byte & 0xC0 == 0x80:  # a further byte of a character
            continue
        if at >= stop or name_byte(byte) != wanted[at]:
            return -1
        at += 1
    return at


@borrowing
def may_be_trimmed(data: Bytes, begin: int, end: int) -> bool:
    """Whether white space, or what is no UTF-8, may stand at an end of a key: some other characters count, too."""
    last = end - 1
    if byte_at(data, begin) <= 32 or byte_at(data, last) <= 32:
        return True
    if byte_at(data, last) < 128 and byte_at(data, begin) < 128:
        return False
    if _may_be_space(data, begin) or _may_be_space(data, last - 1):
        return True
    return last - 2 >= begin and _may_be_space(data, last - 2)


@borrowing
def _may_be_space(data: Bytes, at: int) -> bool:
    """Whether a character with the first bytes of white space beyond ASCII, or U+FFFD, begins at a place."""
    first, second = byte_at(data, at), byte_at(data, at + 1)
    if first == 0xE2:
        return bool(second == 0x80 or second == 0x81)
    if first == 0xE1:
        return bool(second == 0x9A)
    return bool(first == 0xC2 or (first == 0xE3 and second == 0x80) or (first == 0xEF and second == 0xBF))
