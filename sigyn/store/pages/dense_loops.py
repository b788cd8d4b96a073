"""Compiled loops that read all values of pages, one after the other.

https://parquet.apache.org/docs/file-format/data-pages/encodings/

Page i has counts[i] values from bodies[i] on, which are written to `values` from firsts[i] on; where it has more rows,
`level_loops.spread_values` puts each where its row is.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.pages.bits import MOST_AT_ONCE, bits, byte, integer, some_bits, varint, word
from sigyn.store.pages.delta_loops import read_block_header, read_deltas_header

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@compiled
def dense_deltas(data: Bytes, at: int, end: int, values: Longs) -> int:
    """The place behind integers that are told by their differences, or -1, also where they are not as many."""
    in_mini, minis, count, value, at = read_deltas_header(data, at, end)
    if at < 0 or count != len(values):
        return -1
    if count == 0:
        return at
    values[0] = value
    place = 1
    while place < count:
        least, widths = read_block_header(data, at, end, minis)
        if widths < 0:
            return -1
        at = widths + minis
        for mini in range(minis):
            if place >= count:
                break
            width = integer(byte(data, widths + mini))
            size = in_mini * width // 8
            if width > 64 or at + size > end:
                return -1
            stop = min(place + in_mini, count)
            bit = 0
            if width == 0:
                for row in range(place, stop):
                    value += least
                    values[row] = value
            elif width <= MOST_AT_ONCE:
                for row in range(place, stop):
                    value += least + integer(some_bits(data, at, bit, width))
                    values[row] = value
                    bit += width
            else:
                for row in range(place, stop):
                    value += least + integer(bits(data, at, bit, width))
                    values[row] = value
                    bit += width
            place = stop
            at += size
    return at


@compiled
def dense_integers(data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, counts: Longs, values: Longs) -> bool:
    """The integers of pages with the differences of values."""
    for page in range(len(bodies)):
        some = values[firsts[page] : firsts[page] + counts[page]]
        if len(some) and dense_deltas(data, bodies[page], ends[page], some) < 0:
            return False
    return True


@compiled
def dense_codes(data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, counts: Longs, codes: Integers) -> bool:
    """The places in their dictionaries of values that are told by these: runs, and bits of one width."""
    for page in range(len(bodies)):
        at, end, row, last = bodies[page], ends[page], firsts[page], firsts[page] + counts[page]
        if row == last:
            continue
        if at >= end:
            return False
        width = integer(byte(data, at))
        at += 1
        if width > 31:
            return False
        while row < last:
            run, at = varint(data, at, end)
            if at < 0:
                return False
            length = integer(run >> np.uint64(1))
            packed = integer(run & np.uint64(1))
            if packed:
                length *= 8
            size = length * width // 8 if packed else (width + 7) // 8
            if length <= 0 or at + size > end:
                return False
            stop = min(row + length, last)
            bit = 0
            if packed:
                for place in range(row, stop):
                    codes[place] = integer(some_bits(data, at, bit, width))
                    bit += width
            else:
                codes[row:stop] = integer(some_bits(data, at, 0, width))
            row = stop
            at += size
    return True


@compiled
def dictionary_texts(data: Bytes, begins: Longs, ends: Longs, known: Longs, starts: Longs, lengths: Longs) -> bool:
    """Where the texts of dictionaries, which have so many, lie: each has its length in front of it."""
    text = 0
    for page in range(len(begins)):
        at = begins[page]
        for _ in range(known[page]):
            if at + 4 > ends[page]:
                return False
            length = integer(word(data, at) & np.uint64(0xFFFFFFFF))
            starts[text], lengths[text] = at + 4, length
            at += 4 + length
            if at > ends[page]:
                return False
            text += 1
    return True


@compiled
def dense_split(
    data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, counts: Longs, width: int, values: Numbers
) -> bool:  # fmt: skip
    """Signed integers of `width` bytes, 4 or 8, of which a page has all first bytes, then all second ones and so on."""
    for page in range(len(bodies)):
        at, count = bodies[page], counts[page]
        if at + count * width > ends[page]:
            return False
        some = values[firsts[page] : firsts[page] + count]
        if width == 4:  # sliced, the loop does several at once
            first, second = data[at : at + count], data[at + count : at + 2 * count]
            third, fourth = data[at + 2 * count : at + 3 * count], data[at + 3 * count : at + 4 * count]
            for row in range(count):
                low = np.uint32(first[row]) | np.uint32(second[row]) << np.uint32(8)
                high = np.uint32(third[row]) | np.uint32(fourth[row]) << np.uint32(8)
                some[row] = np.int32(low | high << np.uint32(16))
        else:
            for row in range(count):
                number = np.uint64(0)
                for index in range(width):
                    number |= np.uint64(byte(data, at + index * count + row)) << np.uint64(8 * index)
                some[row] = integer(number)
    return True


@compiled
def dictionary_integers(data: Bytes, begins: Longs, ends: Longs, known: Longs, firsts: Longs, counts: Longs,
                        values: Integers) -> bool:  # fmt: skip
    """Puts what dictionaries of integers of 4 bytes, which have so many, say in the place of codes below that."""
    for page in range(len(begins)):
        if begins[page] + 4 * known[page] > ends[page]:
            return False
        numbers = np.empty(known[page], np.int32)
        for code in range(known[page]):
            numbers[code] = np.int32(integer(word(data, begins[page] + 4 * code)) & 0xFFFFFFFF)
        some = values[firsts[page] : firsts[page] + counts[page]]
        for row in range(len(some)):
            some[row] = numbers[np.uint32(some[row])]
    return True


@compiled
def are_below(codes: Integers, firsts: Longs, counts: Longs, known: Longs) -> bool:
    """Whether all codes of each page have something in its dictionary that they stand for."""
    for page in range(len(counts)):
        most = integer(-1)
        for row in range(firsts[page], firsts[page] + counts[page]):
            most = max(most, integer(codes[row]))
        if most >= known[page]:
            return False
    return True
