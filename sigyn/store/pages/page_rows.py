"""Reads columns of a few rows from a Parquet file that is mapped.

Arrow reads a column of a row group as a whole: some 25 to 100 us, most of it for values that nobody asked for. Here a
page is checked and undone, which is a few us, and only what leads to the rows is looked at. Only for files as
segments are: flat, a page for each column of a row group. What is otherwise, or damaged, is not read: whoever asks
then reads it with Arrow, which says what is wrong.
"""

from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import pyarrow as pa

from sigyn.store.pages import delta_loops, level_loops, value_loops
from sigyn.store.pages import header_loops as headers
from sigyn.store.pages.stored import (
    CODECS,
    Encoding,
    Pages,
    Unreadable,
    check,
    find_pages,
    read_only,
    undo_dictionaries,
    undo_pages,
)
from sigyn.store.pages.stored_column import StoredColumn
from sigyn.store.shapes.column_loops import gather
from sigyn.store.shapes.values import Bytes, Flags, Longs, string_array


class RowsInPages:
    """Rows of some row groups of a file.

    file    all its bytes
    begins  where the row groups begin
    sizes   how many rows they have
    firsts  rows[firsts[i] : firsts[i + 1]] are of row group i, counted in it, rising
    """

    def __init__(self, file: Bytes, columns: int, begins: Longs, sizes: Longs, firsts: Longs, rows: Longs) -> None:
        """`columns` is how many the file has."""
        self._file = read_only(file)
        self._sizes = sizes
        self._firsts = firsts
        self._rows = rows
        self._found = find_pages(self._file, columns, begins, sizes)

    def read(self, columns: Mapping[str, StoredColumn]) -> dict[str, pa.Array]:
        """Columns of the rows, but for those that can't be read here."""
        read = {}
        for name, column in columns.items():
            with suppress(Unreadable):
                read[name] = self._column(column)
        return read

    def _column(self, column: StoredColumn) -> pa.Array:
        found = self._found[:, column.place]
        encodings = set(found[:, headers.PAGE_ENCODING].tolist())
        encoding = encodings.pop()
        if encodings or encoding == headers.OTHER_LAYOUT or column.codec not in CODECS:
            raise Unreadable
        pages = undo_pages(self._file, found[:, headers.PAGE_AT : headers.PAGE_ENCODING], column.codec)
        places, bodies, counts = self._places(pages) if column.nullable else (self._rows, pages.begins, self._sizes)
        values, starts, lengths = np.zeros((3, len(places)), np.int64)
        width, firsts = column.width, self._firsts
        data = pages.data
        if encoding in (Encoding.DICTIONARY, Encoding.PLAIN_DICTIONARY):
            codes = values
            check(value_loops.read_codes(data, bodies, pages.ends, firsts, places, codes))
            dictionaries, known = undo_dictionaries(self._file, found, column.codec)
            data, begins, ends = dictionaries.data, dictionaries.begins, dictionaries.ends
            if width:
                check(value_loops.coded_places(begins, ends, known, firsts, places, codes, width, starts))
                value_loops.plain_integers(data, starts, places, width, values)
            else:
                check(value_loops.coded_texts(data, begins, ends, known, firsts, places, codes, starts, lengths))
        elif encoding == Encoding.DELTA_INTEGERS and width:
            check(delta_loops.delta_integers(data, bodies, pages.ends, firsts, places, values))
        elif encoding == Encoding.DELTA_TEXTS and not width:
            check(delta_loops.delta_texts(data, bodies, pages.ends, firsts, places, starts, lengths))
        elif encoding == Encoding.SPLIT and width:
            check(value_loops.split_integers(data, bodies, pages.ends, counts, firsts, places, width, values))
        elif encoding == Encoding.PLAIN and width:
            check(value_loops.plain_places(bodies, pages.ends, firsts, places, width, starts))
            if column.is_integer:
                value_loops.plain_integers(data, starts, places, width, values)
        else:
            raise Unreadable
        valid = places >= 0
        if column.is_integer:
            return pa.array(values.astype(column.numbers), mask=~valid)
        if width:
            return _fixed(data, starts, valid, column.kind)
        return _texts(data, starts, lengths, valid)

    def _places(self, pages: Pages) -> tuple[Longs, Longs, Longs]:
        """As level_loops.find_values: the places of the rows' values, where values begin, and how many there are."""
        places, bodies, counts = np.empty(len(self._rows), np.int64), *np.empty((2, len(self._sizes)), np.int64)
        check(
            level_loops.find_values(
                pages.data, pages.begins, pages.ends, self._firsts, self._rows, self._sizes, places, bodies, counts
            )
        )
        return places, bodies, counts


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
