"""How columns are in a Parquet file, and their pages as they are before something looks into them.

https://parquet.apache.org/docs/file-format/
"""

from dataclasses import dataclass
from enum import IntEnum

import cramjam
import numpy as np
import pyarrow as pa
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


class Unreadable(Exception):
    """A page is of another kind than can be read here, or not what its checksum or its header says."""


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of a file.

    place  its number in the schema
    codec  as Parquet's metadata name it
    kind   its type; of texts that are read as dictionaries, string
    nullable  whether its pages say which rows have a value
    """

    place: int
    codec: str
    kind: pa.DataType
    nullable: bool

    @property
    def width(self) -> int:
        """Bytes of a value in the file; 0 for texts."""
        if pa.types.is_string(self.kind):
            return 0
        width = int(self.kind.bit_width) // 8
        return max(4, width) if pa.types.is_integer(self.kind) else width  # small integers take 4 too


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


def read_only(data: Bytes) -> Bytes:
    """The same bytes, of the one kind that the loops are compiled for: that of a mapped file."""
    view = data.view()
    view.flags.writeable = False
    return view


def check(read: bool) -> None:
    """Raises Unreadable when a loop says that it could not read."""
    if not read:
        raise Unreadable
