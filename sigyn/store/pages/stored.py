"""How columns are in a Parquet file, and their pages as they are before something looks into them.

https://parquet.apache.org/docs/file-format/
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate

import cramjam
import numpy as np
from zlib_ng.zlib_ng import crc32

from sigyn.store.pages import header_loops as headers
from sigyn.store.shapes.values import ROOM, Bytes, Longs

CODECS = ("UNCOMPRESSED", "LZ4", "ZSTD")
"""Those that `undo` knows, and none, as Parquet's metadata name them."""


class Encoding(IntEnum):
    """Of the values of a page, as its header names them."""

    PLAIN = 0
    PLAIN_DICTIONARY = 2  # what RLE_DICTIONARY was called before
    DELTA_INTEGERS = 5
    DELTA_TEXTS = 6
    DICTIONARY = 8
    SPLIT = 9


_NO_PAGE = (0, 0, 0, headers.NO_CHECKSUM)


class Unreadable(Exception):
    """A page is of another kind than can be read here, or not what its checksum or its header says."""


@dataclass(frozen=True, slots=True, eq=False)
class Pages:
    """Pages that can be read: where each begins and ends in `data`."""

    data: Bytes
    begins: Longs
    ends: Longs


def find_pages(file: Bytes, columns: int, begins: Longs, sizes: Longs) -> Longs:
    """For each row group and column what header_loops names, from DICTIONARY_AT on; OTHER_LAYOUT if unknown.

    `file` are all bytes of a file with so many columns; the row groups begin there, and have so many rows.
    """
    found = np.empty((len(begins), columns, headers.TOLD), np.int64)
    if not headers.find_pages(file, len(file) - ROOM, begins, sizes, found):
        found[:, :, headers.PAGE_ENCODING] = headers.OTHER_LAYOUT
    return found


def verify(page: memoryview, checksum: int) -> None:
    """Raises Unreadable when a page is not as its checksum says."""
    if checksum != headers.NO_CHECKSUM and crc32(page) != checksum:
        raise Unreadable


def undo(page: memoryview, codec: str, out: memoryview) -> None:
    """Fills `out` with what a page is made of, which one of CODECS has compressed. Raises Unreadable."""
    if not len(out):
        return
    try:
        if codec == "LZ4":
            count = cramjam.lz4.decompress_block_into(page, out, output_len=len(out))
        else:
            count = cramjam.zstd.decompress_into(page, out)
    except cramjam.DecompressionError as error:
        raise Unreadable from error
    if count != len(out):
        raise Unreadable


def undo_pages(file: Bytes, found: Longs, codec: str) -> Pages:
    """Pages, checked and undone; `found` has of each what find_pages tells, from its place (-1: none) to its checksum.

    Raises Unreadable.
    """
    view, pages = file.data, [page if page[0] >= 0 else _NO_PAGE for page in found.tolist()]
    for at, size, _, checksum in pages:
        verify(view[at : at + size], checksum)
    if codec == "UNCOMPRESSED":
        begins = [at for at, _, _, _ in pages]
        return Pages(file, np.array(begins, np.int64), np.array([at + size for at, size, _, _ in pages], np.int64))
    ends = list(accumulate(length for _, _, length, _ in pages))
    data = np.empty(ends[-1] + ROOM, np.uint8)
    out = data.data
    for (at, size, length, _), end in zip(pages, ends, strict=True):
        undo(view[at : at + size], codec, out[end - length : end])
    return Pages(read_only(data), np.array([0, *ends[:-1]], np.int64), np.array(ends, np.int64))


def undo_dictionaries(file: Bytes, found: Longs, codec: str) -> tuple[Pages, Longs]:
    """The dictionaries of pages, and how many values each has; `found` is what find_pages tells. Raises Unreadable."""
    dictionaries = undo_pages(file, found[:, headers.DICTIONARY_AT : headers.DICTIONARY_COUNT], codec)
    known = np.where(found[:, headers.DICTIONARY_AT] >= 0, found[:, headers.DICTIONARY_COUNT], 0)
    check(bool((known >= 0).all()))
    return dictionaries, known


def read_only(data: Bytes) -> Bytes:
    """The same bytes, of the one kind that the loops are compiled for: that of a mapped file."""
    view = data.view()
    view.flags.writeable = False
    return view


def check(read: bool) -> None:
    """Raises Unreadable when a loop says that it could not read."""
    if not read:
        raise Unreadable
