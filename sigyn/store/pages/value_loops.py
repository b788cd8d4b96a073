"""Compiled loops that read pages with values as they are, byte by byte apart, or as places in a dictionary.

https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.pages.bits import bits, integer, varint, word

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


@compiled
def plain_places(
    bodies: Longs, ends: Longs, firsts: Longs, places: Longs, width: int, starts: Longs
) -> bool:  # fmt: skip
    """Where values of `width` bytes each lie, for each row that has one (`places`)."""
    for page in range(len(bodies)):
        for row in range(firsts[page], firsts[page + 1]):
            if places[row] >= 0:
                starts[row] = bodies[page] + places[row] * width
                if starts[row] + width > ends[page]:
                    return False
    return True


@compiled
def plain_integers(data: Bytes, starts: Longs, places: Longs, width: int, values: Longs) -> None:
    """The signed integers of `width` bytes, 4 or 8, at these places, for each row that has one."""
    for row in range(len(places)):
        if places[row] >= 0:
            number = integer(word(data, starts[row]))
            values[row] = number if width == 8 else integer(np.int32(number & 0xFFFFFFFF))


@compiled
def split_integers(
    data: Bytes, bodies: Longs, ends: Longs, counts: Longs, firsts: Longs, places: Longs, width: int, values: Longs
) -> bool:
    """As `plain_integers`, from pages that have the first bytes of all values, then the second and so on."""
    for page in range(len(bodies)):
        if bodies[page] + counts[page] * width > ends[page]:
            return False
        for row in range(firsts[page], firsts[page + 1]):
            if places[row] < 0:
                continue
            number = np.uint64(0)
            for index in range(width):
                byte = data[bodies[page] + index * counts[page] + places[row]]
                number |= np.uint64(byte) << np.uint64(8 * index)
            values[row] = integer(number) if width == 8 else integer(np.int32(integer(number)))
    return True


@compiled
def read_codes(data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, places: Longs, codes: Longs) -> bool:
    """The places in their dictionaries of values that are told by these."""
    for page in range(len(bodies)):
        row, last = firsts[page], firsts[page + 1]
        at, end = bodies[page], ends[page]
        while row < last and places[row] < 0:
            row += 1
        if row == last:
            continue
        if at >= end:
            return False
        width = integer(data[at])
        at += 1
        if width > 32:
            return False
        place = 0
        while row < last:
            run, at = varint(data, at, end)
            if at < 0:
                return False
            length = integer(run >> np.uint64(1))
            if run & np.uint64(1):
                length *= 8
                size = length * width // 8
            else:
                size = (width + 7) // 8
            if length <= 0 or at + size > end:
                return False
            while row < last and places[row] < place + length:
                if places[row] >= 0:
                    bit = (places[row] - place) * width if run & np.uint64(1) else 0
                    codes[row] = integer(bits(data, at, bit, width))
                row += 1
            place += length
            at += size
    return True


@compiled
def coded_places(
    begins: Longs, ends: Longs, counts: Longs, firsts: Longs, places: Longs, codes: Longs, width: int, starts: Longs
) -> bool:
    """Where the values of `width` bytes that codes stand for lie in their dictionaries, which have so many values."""
    for page in range(len(begins)):
        for row in range(firsts[page], firsts[page + 1]):
            if places[row] < 0:
                continue
            starts[row] = begins[page] + codes[row] * width
            if codes[row] >= counts[page] or starts[row] + width > ends[page]:
                return False
    return True


@compiled
def coded_texts(
    data: Bytes, begins: Longs, ends: Longs, counts: Longs, firsts: Longs, places: Longs, codes: Longs,
    starts: Longs, lengths: Longs,
) -> bool:  # fmt: skip
    """As `coded_places` for texts: in a dictionary each has its length in front of it."""
    for page in range(len(begins)):
        first, last = firsts[page], firsts[page + 1]
        most = -1
        for row in range(first, last):
            if places[row] >= 0:
                most = max(most, codes[row])
        if most < 0:
            continue
        if most >= counts[page]:
            return False
        texts = np.empty(most + 1, np.int64)  # where each begins, with its length
        at = begins[page]
        for code in range(most + 1):
            if at + 4 > ends[page]:
                return False
            texts[code] = at
            at += 4 + integer(word(data, at) & np.uint64(0xFFFFFFFF))
            if at > ends[page]:
                return False
        for row in range(first, last):
            if places[row] >= 0:
                at = texts[codes[row]]
                starts[row], lengths[row] = at + 4, integer(word(data, at) & np.uint64(0xFFFFFFFF))
    return True
