"""Reads columns of a few rows from a Parquet file that is mapped.

Arrow reads a column of a row group as a whole: some 25 to 100 us, most of it for values that nobody asked for. Here a
page is checked and undone, which is a few us, and only what leads to the rows is looked at. Only for files as
segments are: flat, a page for each column of a row group. What is otherwise, or damaged, is not read: whoever asks
then reads it with Arrow, which says what is wrong.
"""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import cramjam
import numpy as np
import pyarrow as pa

from sigyn.store.pages import page_loops as loops
from sigyn.store.shapes.column_loops import gather
from sigyn.store.shapes.values import ROOM, Bytes, Flags, Longs, string_array

_DICTIONARY, _DELTA_INTEGERS, _DELTA_TEXTS, _SPLIT, _PLAIN = 8, 5, 6, 9, 0
_PLAIN_DICTIONARY = 2  # what RLE_DICTIONARY was called before

_CODECS = ("UNCOMPRESSED", "LZ4", "ZSTD")


class _Unreadable(Exception):
    """A page is of another kind, or not what its checksum or its header says."""


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


@dataclass(frozen=True, slots=True, eq=False)
class _Pages:
    """Pages that can be read: where each begins and ends in `data`."""

    data: Bytes
    begins: Longs
    ends: Longs


class RowsInPages:
    """Rows of some row groups of a file.

    file    all its bytes
    begins  where the row groups begin
    sizes   how many rows they have
    firsts  rows[firsts[i] : firsts[i + 1]] are of row group i, counted in it, rising
    """

    def __init__(self, file: Bytes, columns: int, begins: Longs, sizes: Longs, firsts: Longs, rows: Longs) -> None:
        """`columns` is how many the file has."""
        self._file = _read_only(file)
        self._sizes = sizes
        self._firsts = firsts
        self._rows = rows
        self._found = np.empty((len(begins), columns, loops.TOLD), np.int64)
        self._readable = loops.find_pages(self._file, len(file) - ROOM, begins, sizes, self._found)

    def read(self, columns: Mapping[str, StoredColumn]) -> dict[str, pa.Array]:
        """Columns of the rows, but for those that can't be read here."""
        read = {}
        for name, column in columns.items() if self._readable else ():
            with suppress(_Unreadable):
                read[name] = self._column(column)
        return read

    def _column(self, column: StoredColumn) -> pa.Array:
        found = self._found[:, column.place]
        encodings = set(found[:, loops.PAGE_ENCODING].tolist())
        encoding = encodings.pop()
        if encodings or encoding == loops.OTHER_LAYOUT or column.codec not in _CODECS:
            raise _Unreadable
        pages = self._pages(found[:, loops.PAGE_AT : loops.PAGE_ENCODING], column.codec)
        places, bodies, counts = self._places(pages) if column.nullable else (self._rows, pages.begins, self._sizes)
        values, starts, lengths = np.zeros((3, len(places)), np.int64)
        width, firsts = column.width, self._firsts
        data = pages.data
        if encoding in (_DICTIONARY, _PLAIN_DICTIONARY):
            codes = values
            _check(loops.read_codes(data, bodies, pages.ends, firsts, places, codes))
            dictionaries = self._pages(found[:, loops.DICTIONARY_AT : loops.DICTIONARY_COUNT], column.codec)
            data, begins, ends = dictionaries.data, dictionaries.begins, dictionaries.ends
            known = found[:, loops.DICTIONARY_COUNT].copy()
            if width:
                _check(loops.coded_places(begins, ends, known, firsts, places, codes, width, starts))
                loops.plain_integers(data, starts, places, width, values)
            else:
                _check(loops.coded_texts(data, begins, ends, known, firsts, places, codes, starts, lengths))
        elif encoding == _DELTA_INTEGERS and width:
            _check(loops.delta_integers(data, bodies, pages.ends, firsts, places, values))
        elif encoding == _DELTA_TEXTS and not width:
            _check(loops.delta_texts(data, bodies, pages.ends, firsts, places, starts, lengths))
        elif encoding == _SPLIT and width:
            _check(loops.split_integers(data, bodies, pages.ends, counts, firsts, places, width, values))
        elif encoding == _PLAIN and width:
            _check(loops.plain_places(bodies, pages.ends, firsts, places, width, starts))
            if pa.types.is_integer(column.kind):
                loops.plain_integers(data, starts, places, width, values)
        else:
            raise _Unreadable
        valid = places >= 0
        if pa.types.is_integer(column.kind):
            return pa.array(values.astype(column.kind.to_pandas_dtype()), mask=~valid)
        if width:
            return _fixed(data, starts, valid, column.kind)
        return _texts(data, starts, lengths, valid)

    def _places(self, pages: _Pages) -> tuple[Longs, Longs, Longs]:
        """As loops.find_values: the places of the rows' values, where values begin, and how many there are."""
        places, bodies, counts = np.empty(len(self._rows), np.int64), *np.empty((2, len(self._sizes)), np.int64)
        _check(
            loops.find_values(
                pages.data, pages.begins, pages.ends, self._firsts, self._rows, self._sizes, places, bodies, counts
            )
        )
        return places, bodies, counts

    def _pages(self, found: Longs, codec: str) -> _Pages:
        """Pages, checked and undone; `found` has of each what find_pages tells, from its place to its checksum."""
        bytes_of = self._file.data
        for at, size, _, checksum in found.tolist():
            if at >= 0 and checksum != loops.NO_CHECKSUM and zlib.crc32(bytes_of[at : at + size]) != checksum:
                raise _Unreadable
        begins, sizes = found[:, 0].copy(), np.where(found[:, 0] >= 0, found[:, 1], 0)
        if codec == "UNCOMPRESSED":
            return _Pages(self._file, begins, begins + sizes)
        raw = np.where(begins >= 0, found[:, 2], 0)
        ends = np.cumsum(raw)
        data = np.empty(int(ends[-1]) + ROOM, np.uint8)
        undone = data.data
        for (at, size, length, _), end in zip(found.tolist(), ends.tolist(), strict=True):
            if at < 0 or not length:
                continue
            out = undone[end - length : end]
            try:
                if codec == "LZ4":
                    count = cramjam.lz4.decompress_block_into(bytes_of[at : at + size], out, output_len=length)
                else:
                    count = cramjam.zstd.decompress_into(bytes_of[at : at + size], out)
            except cramjam.DecompressionError as error:
                raise _Unreadable from error
            _check(count == length)
        return _Pages(_read_only(data), ends - raw, ends)


def _read_only(data: Bytes) -> Bytes:
    """The same bytes, of the one kind that the loops are compiled for: that of a mapped file."""
    view = data.view()
    view.flags.writeable = False
    return view


def _check(read: bool) -> None:
    if not read:
        raise _Unreadable


def _texts(data: Bytes, starts: Longs, lengths: Longs, valid: Flags) -> pa.StringArray:
    lengths = np.where(valid, lengths, 0)
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    gather(data, starts, lengths, offsets, out)
    return string_array(offsets, out, valid)


def _fixed(data: Bytes, starts: Longs, valid: Flags, kind: pa.DataType) -> pa.FixedSizeBinaryArray:
    width = kind.bit_width // 8
    offsets = np.arange(len(starts) + 1, dtype=np.int32) * width
    out = np.zeros(int(offsets[-1]), np.uint8)
    gather(data, starts, np.where(valid, width, 0), offsets, out)
    bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(starts), [bits, pa.py_buffer(out)])
