"""Compiled loops that read which rows of a page have a value: runs and bits, each of one bit here.

https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled, inlined
from sigyn.store.pages.bits import byte, integer, varint, word

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64]


_LENGTH = 4  # bytes, that say how many there are of levels


@compiled
def _end_of_levels(data: Bytes, begin: int, end: int) -> int:
    """Where the values of a page begin, behind the levels; -1: not in the page."""
    if begin + _LENGTH > end:
        return -1
    body = begin + _LENGTH + integer(word(data, begin) & np.uint64(0xFFFFFFFF))
    return body if body <= end else -1


@compiled
def find_values(
    data: Bytes, begins: Longs, ends: Longs, firsts: Longs, rows: Longs, sizes: Longs,
    places: Longs, bodies: Longs, counts: Longs,
) -> bool:  # fmt: skip
    """Where the values of rows are among those of their pages.

    Page i lies at begins[i] to ends[i] and has sizes[i] rows; rows[firsts[i] : firsts[i + 1]] are sought in it, rising.
    Sets `places` for each row, -1: it has none; and for each page where its values begin, and how many there are.
    """
    for page in range(len(begins)):
        at = begins[page] + _LENGTH
        body = _end_of_levels(data, begins[page], ends[page])
        if body < 0:
            return False
        row, count, sought, last = 0, 0, firsts[page], firsts[page + 1]
        while row < sizes[page]:
            run, at = varint(data, at, body)
            if at < 0:
                return False
            length = integer(run >> np.uint64(1))
            if run & np.uint64(1):
                if at + length > body:
                    return False
                for index in range(length):
                    levels = integer(byte(data, at + index))
                    stop = min(row + 8, sizes[page])
                    while sought < last and rows[sought] < stop:
                        bit = rows[sought] - row
                        before = _ones(levels & ((1 << bit) - 1))
                        places[sought] = count + before if (levels >> bit) & 1 else -1
                        sought += 1
                    count += _ones(levels & ((1 << (stop - row)) - 1))
                    row = stop
                at += length
            else:
                if at >= body or length == 0:
                    return False
                present = integer(byte(data, at)) & 1
                at += 1
                stop = min(row + length, sizes[page])
                while sought < last and rows[sought] < stop:
                    places[sought] = count + rows[sought] - row if present else -1
                    sought += 1
                count += (stop - row) * present
                row = stop
        if sought < last:
            return False
        bodies[page], counts[page] = body, count
    return True


@compiled
def count_values(data: Bytes, begins: Longs, ends: Longs, sizes: Longs, bodies: Longs, counts: Longs) -> bool:
    """Where the values of pages of so many rows begin, and how many there are."""
    for page in range(len(begins)):
        at = begins[page] + _LENGTH
        body = _end_of_levels(data, begins[page], ends[page])
        if body < 0:
            return False
        row, count = 0, 0
        while row < sizes[page]:
            run, at = varint(data, at, body)
            if at < 0:
                return False
            length = integer(run >> np.uint64(1))
            if run & np.uint64(1):
                if at + length > body:
                    return False
                for index in range(length):
                    left = min(8, sizes[page] - row)
                    count += _ones(integer(byte(data, at + index)) & ((1 << left) - 1))
                    row += left
                at += length
            else:
                if at >= body or length == 0:
                    return False
                stop = min(row + length, sizes[page])
                count += (stop - row) * (byte(data, at) & 1)
                at += 1
                row = stop
        bodies[page], counts[page] = body, count
    return True


@compiled
def spread_values(
    data: Bytes, begins: Longs, ends: Longs, sizes: Longs, dense: Numbers, values: Numbers, valid: Flags
) -> None:
    """Puts the values of pages, which `dense` has one after the other, where their rows are; other rows get 0.

    Sets `valid` for each row. For pages that `count_values` has read.
    """
    first, number = 0, 0
    for page in range(len(begins)):
        at = begins[page] + _LENGTH
        body = _end_of_levels(data, begins[page], ends[page])
        row, last = first, first + sizes[page]
        while row < last:
            run, at = varint(data, at, body)
            length = integer(run >> np.uint64(1))
            if run & np.uint64(1):
                for index in range(length):
                    levels = integer(byte(data, at + index))
                    for each in range(row, min(row + 8, last)):
                        present = levels & 1
                        values[each] = dense[number] if present else 0
                        valid[each] = present
                        number += present
                        levels >>= 1
                    row = min(row + 8, last)
                at += length
            else:
                stop = min(row + length, last)
                present = integer(byte(data, at)) & 1
                at += 1
                if present:
                    values[row:stop] = dense[number : number + stop - row]
                    number += stop - row
                else:
                    values[row:stop] = 0
                valid[row:stop] = present
                row = stop
        first = last


@inlined
def _ones(byte: int) -> int:
    byte -= (byte >> 1) & 0x55
    byte = (byte & 0x33) + ((byte >> 2) & 0x33)
    return (byte + (byte >> 4)) & 0xF
