"""Numbers as the pages of Parquet files have them: words, varints, zigzag codes, runs of bits.

Places are offsets into an array of bytes, behind which 8 more may be read. What comes from a file is not trusted:
a loop that would leave its page says so by giving False, or a place of -1.

Of a place with a sign numba asks each time whether it is to be counted from the end, and reads a word byte by byte.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled, inlined

Bytes = npt.NDArray[np.uint8]

MOST_AT_ONCE = 57
"""Bits that eight bytes hold wherever in the first of them they begin."""


@inlined
def byte(data: Bytes, at: int) -> Any:
    """The byte at a place that is not negative."""
    return data[np.uint64(at)]


@inlined
def word(data: Bytes, at: int) -> Any:
    """Eight bytes, the first the lowest."""
    word, place = np.uint64(0), np.uint64(at)
    for index in range(8):
        word |= np.uint64(data[place + np.uint64(index)]) << np.uint64(8 * index)
    return word


@compiled
def varint(data: Bytes, at: int, end: int) -> tuple[Any, int]:
    """An unsigned number of variable length and the place behind it; -1: it has no end."""
    number, shift = np.uint64(0), 0
    while at < end and shift < 64:
        seven = byte(data, at)
        number |= np.uint64(seven & 0x7F) << np.uint64(shift)
        at += 1
        if seven < 0x80:
            return number, at
        shift += 7
    return number, -1


@inlined
def integer(word: Any) -> Any:
    """A signed number of 64 bits, which numba won't mix with those without a sign."""
    return np.int64(word)


@inlined
def zigzag(number: Any) -> Any:
    """A number from its zigzag code."""
    return np.int64(number >> np.uint64(1)) ^ -np.int64(number & np.uint64(1))


@inlined
def some_bits(data: Bytes, begin: int, bit: int, width: int) -> Any:
    """As `bits`, of MOST_AT_ONCE at most."""
    return (word(data, begin + (bit >> 3)) >> np.uint64(bit & 7)) & ((np.uint64(1) << np.uint64(width)) - np.uint64(1))


@inlined
def bits(data: Bytes, begin: int, bit: int, width: int) -> Any:
    """`width` bits from bit number `bit` behind a place."""
    if width == 0:
        return np.uint64(0)
    at, shift = begin + (bit >> 3), np.uint64(bit & 7)
    number = word(data, at) >> shift
    if width + (bit & 7) > 64:
        number |= np.uint64(byte(data, at + 8)) << (np.uint64(64) - shift)
    return number & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - width))
