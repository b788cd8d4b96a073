"""Compiled loops that look into the pages of Parquet files.

The layout of a file, Thrift's compact protocol, and the encodings: https://parquet.apache.org/docs/file-format/ and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

Places are offsets into an array of bytes, behind which 8 more may be read. What comes from a file is not trusted:
a loop that would leave its page says so by giving False, or a place of -1.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]

# What `find_pages` tells of the pages of a column in a row group.
DICTIONARY_AT, DICTIONARY_BYTES, DICTIONARY_RAW_BYTES, DICTIONARY_CHECKSUM, DICTIONARY_COUNT = 0, 1, 2, 3, 4
PAGE_AT, PAGE_BYTES, PAGE_RAW_BYTES, PAGE_CHECKSUM, PAGE_ENCODING = 5, 6, 7, 8, 9
TOLD = 10

NO_CHECKSUM = -1
NO_DICTIONARY = -1
OTHER_LAYOUT = -1  # in place of an encoding: several pages, or of a kind that nothing here reads

_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _STRUCT = 0, 1, 2, 3, 4, 5, 6, 7, 8, 12
_DEEPEST = 4  # structs in structs of a page header: 2, with statistics

_UNKNOWN = -(2**62)  # no number of a page header is
_MOST_MINIBLOCKS = 64
_IN_A_WORD = 57  # bits that eight bytes hold wherever in the first of them they begin


@njit(nogil=True, cache=True, inline="always")
def _word(data: Bytes, at: int) -> Any:
    """Eight bytes, the first the lowest."""
    word = np.uint64(0)
    for index in range(8):
        word |= np.uint64(data[at + index]) << np.uint64(8 * index)
    return word


@njit(nogil=True, cache=True)
def _varint(data: Bytes, at: int, end: int) -> tuple[Any, int]:
    """An unsigned number of variable length and the place behind it; -1: it has no end."""
    number, shift = np.uint64(0), 0
    while at < end and shift < 64:
        byte = data[at]
        number |= np.uint64(byte & 0x7F) << np.uint64(shift)
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
    return number, -1


@njit(nogil=True, cache=True, inline="always")
def _number(word: Any) -> Any:
    """A signed number of 64 bits, which numba won't mix with those without a sign."""
    return np.int64(word)


@njit(nogil=True, cache=True, inline="always")
def _signed(number: Any) -> Any:
    """A number from its zigzag code."""
    return np.int64(number >> np.uint64(1)) ^ -np.int64(number & np.uint64(1))


@njit(nogil=True, cache=True, inline="always")
def _bits(data: Bytes, begin: int, bit: int, width: int) -> Any:
    """`width` bits from bit number `bit` behind a place."""
    if width == 0:
        return np.uint64(0)
    at, shift = begin + (bit >> 3), np.uint64(bit & 7)
    number = _word(data, at) >> shift
    if width + (bit & 7) > 64:
        number |= np.uint64(data[at + 8]) << (np.uint64(64) - shift)
    return number & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - width))


@njit(nogil=True, cache=True)
def _read_header(data: Bytes, at: int, end: int, header: Longs) -> int:
    """The place behind a page header, or -1; `header` is filled with, _UNKNOWN where it does not say so:

    0 type, 1 bytes when not compressed, 2 bytes, 3 checksum, 4 values, 5 encoding, 6 encoding of the levels
    """
    header[:] = _UNKNOWN
    fields = np.zeros(_DEEPEST, np.int64)  # the last field of each struct that is open
    depth = 0
    while True:
        if at >= end:
            return -1
        byte = data[at]
        at += 1
        kind = byte & 0xF
        if kind == _STOP:
            if depth == 0:
                return at
            depth -= 1
            continue
        if byte >> 4:
            fields[depth] += byte >> 4
        else:
            number, at = _varint(data, at, end)
            if at < 0:
                return -1
            fields[depth] = _signed(number)
        field = fields[depth]
        if kind == _STRUCT:
            depth += 1
            if depth == _DEEPEST:
                return -1
            fields[depth] = 0
        elif kind == _BINARY:
            number, at = _varint(data, at, end)
            if at < 0 or number > np.uint64(end - at):
                return -1
            at += _number(number)
        elif kind == _BYTE:
            at += 1
        elif kind == _DOUBLE:
            at += 8
        elif kind in (_I16, _I32, _I64):
            number, at = _varint(data, at, end)
            if at < 0:
                return -1
            if depth == 0 and 1 <= field <= 4:
                header[field - 1] = _signed(number)
            elif depth == 1 and (fields[0] == 5 or fields[0] == 7) and 1 <= field <= 3:
                header[field + 3] = _signed(number)
        elif kind != _TRUE and kind != _FALSE:
            return -1


@njit(nogil=True, cache=True)
def find_pages(file: Bytes, end: int, begins: Longs, rows: Longs, found: Longs) -> bool:
    """Tells of each column (second axis) of row groups (first axis) what PAGE_AT and so on name.

    A row group begins at begins[i] and has so many rows; its columns are one behind the other, in front of `end`.
    What is behind a page of a kind that nothing here reads is not known either.
    """
    header = np.empty(7, np.int64)
    found[:, :, DICTIONARY_AT] = NO_DICTIONARY
    found[:, :, PAGE_ENCODING] = OTHER_LAYOUT
    for group in range(len(begins)):
        at, column = begins[group], 0
        while column < found.shape[1]:
            told = found[group, column]
            column += 1
            values = 0
            pages = 0
            encoding = OTHER_LAYOUT
            while values < rows[group]:
                at = _read_header(file, at, end, header)
                if at < 0 or header[2] < 0 or header[1] < 0 or at + header[2] > end:
                    return False
                checksum = header[3] & 0xFFFFFFFF if header[3] != _UNKNOWN else NO_CHECKSUM
                if header[0] == _DICTIONARY_PAGE:
                    told[DICTIONARY_AT], told[DICTIONARY_BYTES], told[DICTIONARY_RAW_BYTES] = at, header[2], header[1]
                    told[DICTIONARY_CHECKSUM], told[DICTIONARY_COUNT] = checksum, header[4]
                elif header[0] == _DATA_PAGE:
                    pages += 1
                    if header[4] <= 0:
                        return False
                    values += header[4]
                    told[PAGE_AT], told[PAGE_BYTES], told[PAGE_RAW_BYTES] = at, header[2], header[1]
                    told[PAGE_CHECKSUM], encoding = checksum, header[5]
                else:
                    column, pages = found.shape[1], 0
                    break
                at += header[2]
            if pages == 1:
                told[PAGE_ENCODING] = encoding
    return True


@njit(nogil=True, cache=True)
def find_values(
    data: Bytes, begins: Longs, ends: Longs, firsts: Longs, rows: Longs, sizes: Longs,
    places: Longs, bodies: Longs, counts: Longs,
) -> bool:  # fmt: skip
    """Where the values of rows are among those of their pages.

    Page i lies at begins[i] to ends[i] and has sizes[i] rows; rows[firsts[i] : firsts[i + 1]] are sought in it, rising.
    Sets `places` for each row, -1: it has none; and for each page where its values begin, and how many there are.
    """
    for page in range(len(begins)):
        at, end = begins[page], ends[page]
        if at + 4 > end:
            return False
        body = at + 4 + _number(_word(data, at) & np.uint64(0xFFFFFFFF))
        if body > end:
            return False
        at += 4
        row, count, sought, last = 0, 0, firsts[page], firsts[page + 1]
        while row < sizes[page]:
            run, at = _varint(data, at, body)
            if at < 0:
                return False
            length = _number(run >> np.uint64(1))
            if run & np.uint64(1):
                if at + length > body:
                    return False
                for index in range(length):
                    levels = data[at + index]
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
                present = data[at] & 1
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


@njit(nogil=True, cache=True, inline="always")
def _ones(byte: int) -> int:
    byte -= (byte >> 1) & 0x55
    byte = (byte & 0x33) + ((byte >> 2) & 0x33)
    return (byte + (byte >> 4)) & 0xF


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def plain_integers(data: Bytes, starts: Longs, places: Longs, width: int, values: Longs) -> None:
    """The signed integers of `width` bytes, 4 or 8, at these places, for each row that has one."""
    for row in range(len(places)):
        if places[row] >= 0:
            number = _number(_word(data, starts[row]))
            values[row] = number if width == 8 else _number(np.int32(number & 0xFFFFFFFF))


@njit(nogil=True, cache=True)
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
            values[row] = _number(number) if width == 8 else _number(np.int32(_number(number)))
    return True


@njit(nogil=True, cache=True)
def _read_deltas(
    data: Bytes, at: int, end: int, first: int, last: int, places: Longs, values: Longs, sums: Longs, whole: bool
) -> int:
    """The place behind integers that are told by their differences, or -1.

    Sets values[row] for each row that has a value, and sums[row] to the sum of all values in front of it. Where it is
    not `whole`, nothing is read behind the last that is sought.
    """
    block, at = _varint(data, at, end)
    if at < 0:
        return -1
    minis, at = _varint(data, at, end)
    if at < 0 or minis == 0 or minis > _MOST_MINIBLOCKS or block % (np.uint64(8) * minis) or block > 1 << 20:
        return -1
    total, at = _varint(data, at, end)
    if at < 0:
        return -1
    coded, at = _varint(data, at, end)
    if at < 0:
        return -1
    value, count = _signed(coded), _number(total)
    in_mini = _number(block // minis)
    row, before = first, _number(0)
    while row < last and (places[row] < 0 or places[row] == 0):
        if places[row] == 0:
            if count == 0:
                return -1
            values[row], sums[row] = value, 0
        row += 1
    place = 1
    while place < count and (whole or row < last):
        coded, at = _varint(data, at, end)
        if at < 0 or at + _number(minis) > end:
            return -1
        least = _signed(coded)
        widths = at
        at += _number(minis)
        for mini in range(_number(minis)):
            if place >= count:
                break
            width = _number(data[widths + mini])
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
            mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - max(width, 1))
            bit = 0
            while place < stop:
                until = min(stop, places[row] + 1) if row < last else stop
                if width == 0:  # all differences are the same
                    steps = until - place
                    before += steps * value + least * (steps * (steps - 1) // 2)
                    value += steps * least
                elif width <= _IN_A_WORD:
                    for _ in range(place, until):
                        before += value
                        value += least + _number((_word(data, at + (bit >> 3)) >> np.uint64(bit & 7)) & mask)
                        bit += width
                else:
                    for _ in range(place, until):
                        before += value
                        value += least + _number(_bits(data, at, bit, width))
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


@njit(nogil=True, cache=True)
def delta_integers(data: Bytes, bodies: Longs, ends: Longs, firsts: Longs, places: Longs, values: Longs) -> bool:
    """As `plain_integers`, from pages with the differences of values."""
    sums = np.empty(len(places), np.int64)
    for page in range(len(bodies)):
        first, last = firsts[page], firsts[page + 1]
        if _read_deltas(data, bodies[page], ends[page], first, last, places, values, sums, False) < 0:
            return False
    return True


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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
        width = _number(data[at])
        at += 1
        if width > 32:
            return False
        place = 0
        while row < last:
            run, at = _varint(data, at, end)
            if at < 0:
                return False
            length = _number(run >> np.uint64(1))
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
                    codes[row] = _number(_bits(data, at, bit, width))
                row += 1
            place += length
            at += size
    return True


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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
            at += 4 + _number(_word(data, at) & np.uint64(0xFFFFFFFF))
            if at > ends[page]:
                return False
        for row in range(first, last):
            if places[row] >= 0:
                at = texts[codes[row]]
                starts[row], lengths[row] = at + 4, _number(_word(data, at) & np.uint64(0xFFFFFFFF))
    return True
