"""Compiled loops that hash lines and fill filters. Their hashes are those of sigyn/store/needles/hashing.py."""

import numpy as np
import numpy.typing as npt
from numba import njit

from sigyn.store.needles.hashing import GRAM, NEEDLE_BYTES, WINDOW

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_PRIME = np.uint64(0x100000001B3)
_GRAM_MASK = np.uint64((1 << (8 * GRAM)) - 1)
_LARGEST = np.uint64((1 << 64) - 1)

BLOCK_WORDS = 8  # 512 bits: one line of the processor's cache
PROBES = 6


@njit(nogil=True, cache=True, inline="always")
def _mix(value: np.uint64) -> np.uint64:
    value = value + _ODD
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))


@njit(nogil=True, cache=True, inline="always")
def _insert(table: Hashes, hashed: np.uint64) -> int:
    """Adds a hash to an open table (0: free); 1 when it was not there."""
    if hashed == np.uint64(0):
        hashed = np.uint64(1)
    mask = np.uint64(len(table) - 1)
    place = hashed & mask
    while table[place] != np.uint64(0):
        if table[place] == hashed:
            return 0
        place = (place + np.uint64(1)) & mask
    table[place] = hashed
    return 1


@njit(nogil=True, cache=True)
def _grown(table: Hashes) -> Hashes:
    larger = np.zeros(2 * len(table), np.uint64)
    for hashed in table:
        if hashed != np.uint64(0):
            _insert(larger, hashed)
    return larger


@njit(nogil=True, cache=True)
def add_minimizers(
    data: Bytes, offsets: Integers, rows: npt.NDArray[np.int64], table: Hashes, count: int
) -> tuple[Hashes, int]:
    """Adds the minimizers of texts of a string column; the table (larger perhaps), and how many hashes it has."""
    recent = np.empty(16, np.uint64)  # the places of the last n-grams in the order that decides: WINDOW at least
    for i in range(len(rows)):
        begin, end = offsets[rows[i]], offsets[rows[i] + 1]
        gram = np.uint64(0)
        grams = 0
        least = _LARGEST
        least_at = -1
        for at in range(begin, end):
            gram = ((gram << np.uint64(8)) | np.uint64(data[at])) & _GRAM_MASK
            if at - begin < GRAM - 1:
                continue
            place = gram * _ODD
            recent[grams & 15] = place
            if place <= least:
                least, least_at = place, grams
            elif least_at <= grams - WINDOW:
                least, least_at = place, grams
                for back in range(1, WINDOW):
                    if recent[(grams - back) & 15] < least:
                        least, least_at = recent[(grams - back) & 15], grams - back
            elif grams >= WINDOW:
                grams += 1
                continue  # the same as for the window before
            grams += 1
            if grams >= WINDOW:
                count += _insert(table, _mix(least))
        if 2 * count > len(table):
            table = _grown(table)
    return table, count


@njit(nogil=True, cache=True)
def add_values(data: Bytes, offsets: Integers, prefix: np.uint64, table: Hashes, count: int) -> tuple[Hashes, int]:
    """Adds a field with each of these values that is too short for a needle."""
    for i in range(len(offsets) - 1):
        if offsets[i + 1] - offsets[i] < NEEDLE_BYTES:
            hashed = prefix
            for k in range(offsets[i], offsets[i + 1]):
                hashed = (hashed ^ np.uint64(data[k])) * _PRIME
            count += _insert(table, _mix(hashed))
        if 2 * count > len(table):
            table = _grown(table)
    return table, count


@njit(nogil=True, cache=True)
def add_fields(
    data: Bytes, rows: npt.NDArray[np.int64], shapes: Integers,
    first_hole: Integers, starts: Integers, lengths: Integers,
    prefixes: Hashes, first_prefix: npt.NDArray[np.int64], table: Hashes, count: int,
) -> tuple[Hashes, int]:  # fmt: skip
    """Adds the fields of shaped lines that are too short for a needle.

    prefixes[first_prefix[s] + j] is that of hole j of shape s, 0: nothing to add.
    """
    for i in range(len(rows)):
        row = rows[i]
        shape = shapes[row]
        if shape < 0:
            continue
        for j in range(first_hole[row + 1] - first_hole[row]):
            hashed = prefixes[first_prefix[shape] + j]
            length = lengths[first_hole[row] + j]
            if hashed != np.uint64(0) and length < NEEDLE_BYTES:
                start = starts[first_hole[row] + j]
                for k in range(start, start + length):
                    hashed = (hashed ^ np.uint64(data[k])) * _PRIME
                count += _insert(table, _mix(hashed))
        if 2 * count > len(table):
            table = _grown(table)
    return table, count


@njit(nogil=True, cache=True)
def fill(table: Hashes, blocks: npt.NDArray[np.uint64]) -> None:
    """Sets the bits of all hashes of a table in a filter of len(blocks) // BLOCK_WORDS blocks."""
    count = np.uint64(len(blocks) // BLOCK_WORDS)
    for hashed in table:
        if hashed == np.uint64(0):
            continue
        block = ((hashed >> np.uint64(32)) * count) >> np.uint64(32)
        bits = hashed & np.uint64(0xFFFFFFFF)
        for _ in range(PROBES):
            bit = bits & np.uint64(511)
            blocks[block * np.uint64(BLOCK_WORDS) + (bit >> np.uint64(6))] |= np.uint64(1) << (bit & np.uint64(63))
            bits = (bits * np.uint64(0x9E3779B1) + np.uint64(0x7F4A7C15)) & np.uint64(0xFFFFFFFF)
            bits ^= bits >> np.uint64(15)
