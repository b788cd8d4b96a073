"""Compiled loops that read pages with the differences of integers, or of the lengths of texts.

https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.pages.bits import MOST_AT_ONCE, bits, integer, some_bits, varint, zigzag

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]

_MOST_MINIBLOCKS = 64


@compiled
def read_deltas_header(data: Bytes, at: int, end: int) -> tuple[int, int, int, int, int]:
    """How many values a small block has, how many of these a block has, how many values there are, the first of them.

    And the place behind that, -1: it can't be read.
    """
    block, at = varint(data, at, end)
    minis, total, first = np.uint64(0), np.uint64(0), np.uint64(0)
    if at >= 0:
        minis, at = varint(data, at, end)
    if at < 0 or minis == 0 or minis > _MOST_MINIBLOCKS or block % (np.uint64(8) * minis) or block > 1 << 20:
        return 0, 0, 0, 0, -1
    total, at = varint(data, at, end)
    if at >= 0:
        first, at = varint(data, at, end)
    return integer(block // minis), integer(minis), integer(total), zigzag(first), at


@compiled
def read_block_header(data: Bytes, at: int, end: int, minis: int) -> tuple[int, int]:
    """The least difference of a block of so many small ones, and where their widths stand, -1: it can't be read."""
    coded, at = varint(data, at, end)
    if at < 0 or at + minis > end:
        return 0, -1
    return zigzag(coded), at


@compiled
def _read_deltas(
    data: Bytes, at: int, end: int, first: int, last: int, places: Longs, values: Longs, sums: Longs, whole: bool
) -> int:
    """The place behind integers that are told by their differences, or -1.

    Sets values[row] for each row that has a value, and sums[row] to the sum of all values in front of it. Where it is
    not `whole`, nothing is read behind the last that is sought.
    """
    in_mini, minis, count, value, at = read_deltas_header(data, at, end)
    if at < 0:
        return -1
    row, before = first, integer(0)
    while row < last and (places[row] < 0 or places[row] == 0):
        if places[row] == 0:
            if count == 0:
                return -1
            values[row], sums[row] = value, 0
        row += 1
    place = 1
    while place < count and (whole or row < last):
        least, widths = read_block_header(data, at, end, minis)
        if widths < 0:
            return -1
        at = widths + minis
        for mini in range(minis):
            if place >= count:
                break
            width = integer(data[widths + mini])
            size = in_mini * width // 8
            if width > 64 or at + size > end:
                return -1
            stop = min(place + in_mini, count)
            if row >= last:  # only the end is sought
                place = stop
                at += size
                if not whole:
                    break
                continue
            bit = 0
            while place < stop:
                until = min(stop, places[row] + 1) if row < last else stop
                if width == 0:  # all differences are the same
                    steps = until - place
                    before += steps * value + least * (steps * (steps - 1) // 2)
                    value += steps * least
                elif width <= MOST_AT_ONCE:
                    for _ in range(place, until):
                        before += value
                        value += least + integer(some_bits(data, at, bit, width))
                        bit += width
                else:
                    for _ in range(place, until):
                        before += value
                        value += least + integer(bits(data, at, bit, width))
                        bit += width
                place = until
                while row < last and places[row] < place:
                    if places[row] == place - 1:
                        values[row], sums[row] = value, before
                    row += 1
            at += size
    while row < last and places[row] < 0:
        row += 1
    return at if row >= last else -1


@compiled
def delta_integers(data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, places: Longs, values: Longs) -> bool:
    """As `plain_integers`, from pages with the differences of values."""
    sums = np.empty(len(places), np.int64)
    for page in range(len(bodies)):
        first, last = firsts[page], firsts[page + 1]
        if _read_deltas(data, bodies[page], ends[page], first, last, places, values, sums, False) < 0:
            return False
    return True


@compiled
def delta_texts(
    data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, places: Longs, starts: Longs, lengths: Longs
) -> bool:
    """Where texts lie, in pages with the differences of all lengths in front of all texts."""
    sums = np.zeros(len(places), np.int64)
    for page in range(len(bodies)):
        first, last = firsts[page], firsts[page + 1]
        at = _read_deltas(data, bodies[page], ends[page], first, last, places, lengths, sums, True)
        if at < 0:
            return False
        for row in range(first, last):
            if places[row] >= 0:
                starts[row] = at + sums[row]
                if lengths[row] < 0 or sums[row] < 0 or starts[row] + lengths[row] > ends[page]:
                    return False
    return True
