"""Compiled loops that read the headers of pages: Thrift's compact protocol.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

Places are offsets into an array of bytes, behind which 8 more may be read. What comes from a file is not trusted:
a loop that would leave its page says so by giving False, or a place of -1.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.pages.bits import integer, varint, zigzag

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

_MOST_BYTES = 1 << 30  # of a page that is undone
_UNKNOWN = -(2**62)  # no number of a page header is


@compiled
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
            number, at = varint(data, at, end)
            if at < 0:
                return -1
            fields[depth] = zigzag(number)
        field = fields[depth]
        if kind == _STRUCT:
            depth += 1
            if depth == _DEEPEST:
                return -1
            fields[depth] = 0
        elif kind == _BINARY:
            number, at = varint(data, at, end)
            if at < 0 or number > np.uint64(end - at):
                return -1
            at += integer(number)
        elif kind == _BYTE:
            at += 1
        elif kind == _DOUBLE:
            at += 8
        elif kind in (_I16, _I32, _I64):
            number, at = varint(data, at, end)
            if at < 0:
                return -1
            if depth == 0 and 1 <= field <= 4:
                header[field - 1] = zigzag(number)
            elif depth == 1 and (fields[0] == 5 or fields[0] == 7) and 1 <= field <= 3:
                header[field + 3] = zigzag(number)
        elif kind != _TRUE and kind != _FALSE:
            return -1


@compiled
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
                if at < 0 or not (0 <= header[1] <= _MOST_BYTES) or not (0 <= header[2] <= end - at):
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
