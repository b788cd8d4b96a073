"""Compiled loops that hash lines and fill filters. Their hashes are those of sigyn/store/needles/hashing.py."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled, inlined
from sigyn.store.needles.hashing import GRAM, NEEDLE_BYTES, WINDOW
from sigyn.store.shapes.bytes_at import byte_at, word_at_reversed
from sigyn.store.shapes.copying import prefetch
from sigyn.store.shapes.skim_loops import MAX_HOLES

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_PRIME = np.uint64(0x100000001B3)

_HASH_BYTES = 8
_SOME = 1024  # hashes

_WINDOWS = 1024
"""Of a text, that are looked at together."""

_RECENT = 2048
"""Places of n-grams of which the hashes are known to be in the table, by some of their bits: a power of two."""

_ELSEWHERE = np.uint64(1 << 20)
"""No place that belongs into the first slot of the recent ones, where 0 does."""

_CACHE_LINE = 64
_AHEAD, _PREFETCHED = 4, 6
"""Texts that are asked for so early, and how many lines of the cache of each: rows come in any order."""

BLOCK_WORDS = 8  # 512 bits: one line of the processor's cache
PROBES = 6


@inlined
def _mix(value: np.uint64) -> np.uint64:
    value = value + _ODD
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))


@inlined
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


@borrowing
def _insert_all(table: Hashes, hashes: Hashes, count: int) -> int:
    """Adds so many hashes; how many of them were not there."""
    mask = np.uint64(len(table) - 1)
    for k in range(count):
        prefetch(table, np.uint64(_HASH_BYTES) * (hashes[k] & mask))
    added = 0
    for k in range(count):
        added += _insert(table, hashes[k])
    return added


@compiled
def _grown(table: Hashes) -> Hashes:
    larger = np.zeros(2 * len(table), np.uint64)
    for hashed in table:
        if hashed != np.uint64(0):
            _insert(larger, hashed)
    return larger


@borrowing
def _places(data: Bytes, begin: int, places: Hashes, count: int) -> None:
    """Writes of `count` n-grams, the first of which begins at `begin`, the places in the order that decides."""
    by_words = max(0, min(count, len(data) - 7 - begin))
    for k in range(by_words):
        places[k] = (word_at_reversed(data, begin + k) >> np.uint64(64 - 8 * GRAM)) * _ODD
    for k in range(by_words, count):
        gram = np.uint64(0)
        for at in range(begin + k, begin + k + GRAM):
            gram = (gram << np.uint64(8)) | np.uint64(byte_at(data, at))
        places[k] = gram * _ODD


@borrowing
def _least(places: Hashes, windows: int) -> None:
    """Puts the least place of each window where the window begins.

    It is the least of three that are the least of four: two passes without a branch, which compilers make vectors of.
    """
    for k in range(windows + WINDOW - 4):
        places[k] = min(min(places[k], places[k + 1]), min(places[k + 2], places[k + 3]))
    for k in range(windows):
        places[k] = min(min(places[k], places[k + 4]), places[k + WINDOW - 4])


@borrowing
def _distinct(places: Hashes, windows: int) -> int:
    """Moves the last of equal neighbours to the front, and gives their number."""
    kept = 0
    for k in range(windows - 1):
        places[kept] = places[k]
        kept += places[k] != places[k + 1]
    places[kept] = places[windows - 1]
    return kept + 1


@borrowing
def _hashes(places: Hashes, count: int, recent: Hashes) -> int:
    """Puts hashes in the place of places, but for those that were among the recent ones, and gives their number."""
    kept = 0
    for k in range(count):
        place = places[k]
        slot = (place >> np.uint64(20)) & np.uint64(_RECENT - 1)
        is_new = recent[slot] != place
        recent[slot] = place
        places[kept] = _mix(place)
        kept += is_new
    return kept


@compiled
def add_minimizers(
    data: Bytes, offsets: Integers, rows: npt.NDArray[np.int64], table: Hashes, count: int
) -> tuple[Hashes, int]:
    """Adds the minimizers of texts of a string column; the table (larger perhaps), and how many hashes it has."""
    places = np.empty(_WINDOWS + WINDOW, np.uint64)
    recent = np.zeros(_RECENT, np.uint64)  # most lines have the same keys and words
    recent[0] = _ELSEWHERE
    for i in range(len(rows)):
        if i + _AHEAD < len(rows):
            for line in range(_PREFETCHED):
                prefetch(data, offsets[rows[i + _AHEAD]] + _CACHE_LINE * line)
        behind = offsets[rows[i] + 1] - NEEDLE_BYTES + 1
        for begin in range(offsets[rows[i]], behind, _WINDOWS):
            windows = min(_WINDOWS, behind - begin)
            _places(data, begin, places, windows + WINDOW - 1)
            _least(places, windows)
            found = _hashes(places, _distinct(places, windows), recent)
            while 2 * (count + found) > len(table):
                table = _grown(table)
            count += _insert_all(table, places, found)
    return table, count


@compiled
def add_values(
    data: Bytes, offsets: Integers, prefix: np.uint64, shorter: int, table: Hashes, count: int
) -> tuple[Hashes, int]:  # fmt: skip
    """Adds a field with each of these values that has fewer than `shorter` bytes."""
    for i in range(len(offsets) - 1):
        if offsets[i + 1] - offsets[i] < shorter:
            hashed = prefix
            for k in range(offsets[i], offsets[i + 1]):
                hashed = (hashed ^ np.uint64(byte_at(data, k))) * _PRIME
            hashed = _mix(hashed)
            count += _insert(table, hashed)
            if offsets[i + 1] - offsets[i] >= NEEDLE_BYTES:
                count += _insert(table, _mix(hashed))
        if 2 * count > len(table):
            table = _grown(table)
    return table, count


@compiled
def add_fields(
    data: Bytes, rows: npt.NDArray[np.int64], shapes: Integers,
    first_hole: Integers, starts: Integers, lengths: Integers,
    prefixes: Hashes, first_prefix: npt.NDArray[np.int64], shorter: int, table: Hashes, count: int,
) -> tuple[Hashes, int]:  # fmt: skip
    """Adds the fields of texts with a shape that have fewer than `shorter` bytes.

    prefixes[first_prefix[s] + j] is that of hole j of shape s, 0: nothing to add.
    """
    hashes = np.empty(2 * MAX_HOLES, np.uint64)
    for i in range(len(rows)):
        row = rows[i]
        shape = shapes[row]
        if shape < 0:
            continue
        found = 0
        first, prefix = np.uint64(first_hole[row]), np.uint64(first_prefix[shape])
        for hole in range(np.uint64(first_hole[row + 1]) - first):
            hashed = prefixes[prefix + hole]
            length = lengths[first + hole]
            if hashed != np.uint64(0) and length < shorter:
                start = starts[first + hole]
                for at in range(start, start + length):
                    hashed = (hashed ^ np.uint64(byte_at(data, at))) * _PRIME
                hashes[found] = _mix(hashed)
                found += 1
                if length >= NEEDLE_BYTES:
                    hashes[found] = _mix(hashes[found - 1])
                    found += 1
        while 2 * (count + found) > len(table):
            table = _grown(table)
        count += _insert_all(table, hashes, found)
    return table, count


@borrowing
def _held(table: Hashes, begin: int, end: int, some: Hashes) -> int:
    """Puts the hashes of a part of a table one after the other, without a branch that depends on them; their number."""
    held = 0
    for place in range(begin, end):
        some[held] = table[place]
        held += table[place] != np.uint64(0)
    return held


@borrowing
def _set_bits(hashed: np.uint64, blocks: Hashes) -> None:
    """Sets the bits of a hash in its block."""
    count = np.uint64(len(blocks) // BLOCK_WORDS)
    block = ((hashed >> np.uint64(32)) * count) >> np.uint64(32)
    bits = hashed & np.uint64(0xFFFFFFFF)
    for _ in range(PROBES):
        bit = bits & np.uint64(511)
        blocks[block * np.uint64(BLOCK_WORDS) + (bit >> np.uint64(6))] |= np.uint64(1) << (bit & np.uint64(63))
        bits = (bits * np.uint64(0x9E3779B1) + np.uint64(0x7F4A7C15)) & np.uint64(0xFFFFFFFF)
        bits ^= bits >> np.uint64(15)


@compiled
def fill(table: Hashes, blocks: npt.NDArray[np.uint64]) -> None:
    """Sets the bits of all hashes of a table in a filter of len(blocks) // BLOCK_WORDS blocks."""
    some = np.empty(_SOME, np.uint64)
    for begin in range(0, len(table), _SOME):
        held = _held(table, begin, min(begin + _SOME, len(table)), some)
        for k in range(held):
            _set_bits(some[k], blocks)
