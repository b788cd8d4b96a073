"""Reads columns of some row groups from a Parquet file that is mapped.

For what Arrow is slow at: 4 to 7 ns for a timestamp told by its difference, 40 ns for a text of a dictionary, and more
for one that is not in one. The loops here take about 1 ns for a number, and copy a text at most once; and where nothing
is left to Arrow it need not read the footer of the file, which takes 3 ms. Only for files as segments are, as in
page_rows: what is otherwise, or damaged, is left to Arrow.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.pages import dense_loops, level_loops
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
from sigyn.store.pages.whole_texts import whole_texts
from sigyn.store.shapes.column_loops import gather
from sigyn.store.shapes.values import Bytes, Flags, Longs, string_array

_CODED = (Encoding.DICTIONARY, Encoding.PLAIN_DICTIONARY)

Values: TypeAlias = npt.NDArray[np.signedinteger[Any]]

_Read: TypeAlias = Callable[[Pages, Longs, Longs, Longs, Values], None]
"""Reads the values of pages: where they begin, where they go, how many there are, the array. Raises Unreadable."""


class WholeColumns:
    """Columns of row groups of a file.

    file    all its bytes
    begins  where the row groups begin
    sizes   how many rows they have
    """

    def __init__(self, file: Bytes, columns: int, begins: Longs, sizes: Longs) -> None:
        """`columns` is how many the file has."""
        self._file = read_only(file)
        self._sizes = sizes
        self._firsts = np.append(0, np.cumsum(sizes))
        self._found = find_pages(self._file, columns, begins, sizes)

    def read(self, columns: Mapping[str, StoredColumn], coded: Collection[str] = ()) -> dict[str, pa.ChunkedArray]:
        """These columns, but for those that can't be read here; texts that are `coded` as dictionaries."""
        read = {}
        for name, column in columns.items():
            with suppress(Unreadable):
                read[name] = self._column(column, coded=name in coded)
        return read

    def _column(self, column: StoredColumn, *, coded: bool) -> pa.ChunkedArray:
        found = self._found[:, column.place]
        encoding = int(found[0, headers.PAGE_ENCODING])
        check(column.codec in CODECS and bool((found[:, headers.PAGE_ENCODING] == encoding).all()))
        if coded:
            check(encoding in _CODED and not column.width)
            return self._coded_texts(found, column)
        if not column.width:
            check(encoding == Encoding.DELTA_TEXTS)
            return pa.chunked_array([whole_texts(self._file, found, self._sizes, column)])
        if not column.is_integer:
            check(encoding == Encoding.PLAIN)
            return pa.chunked_array([self._bytes(found, column)])
        kind: np.dtype[np.signedinteger[Any]] = np.dtype(np.int64) if column.width == 8 else np.dtype(np.int32)
        values, valid = self._values(found, column, kind, self._integers(found, column, encoding))
        return pa.chunked_array([_array(column.kind, values.astype(column.numbers, copy=False), valid)])

    def _integers(self, found: Longs, column: StoredColumn, encoding: int) -> _Read:
        if encoding == Encoding.SPLIT:
            return _split(column.width)
        if encoding in _CODED:
            check(column.width == 4)
            return _coded(*undo_dictionaries(self._file, found, column.codec))
        check(encoding == Encoding.DELTA_INTEGERS and column.width == 8)
        return _deltas

    def _coded_texts(self, found: Longs, column: StoredColumn) -> pa.ChunkedArray:
        dictionaries, known = undo_dictionaries(self._file, found, column.codec)
        check(int(known.sum()) <= len(dictionaries.data))
        codes, valid = self._values(found, column, np.dtype(np.int32), _codes(known))
        starts, lengths = np.empty((2, int(known.sum())), np.int64)
        check(
            dense_loops.dictionary_texts(
                dictionaries.data, dictionaries.begins, dictionaries.ends, known, starts, lengths
            )
        )
        texts = _gathered(dictionaries.data, starts, lengths)
        chunks, text = [], 0
        for first, last, count in zip(
            self._firsts[:-1].tolist(), self._firsts[1:].tolist(), known.tolist(), strict=True
        ):
            indices = _array(pa.int32(), codes[first:last], valid[first:last] if valid is not None else None)
            chunks.append(pa.DictionaryArray.from_arrays(indices, texts.slice(text, count), safe=False))
            text += count
        return pa.chunked_array(chunks)

    def _bytes(self, found: Longs, column: StoredColumn) -> pa.FixedSizeBinaryArray:
        """Values of one length, which are copied as a whole where each row has one."""
        parts: list[Bytes] = []

        def number(pages: Pages, bodies: Longs, _: Longs, counts: Longs, places: Values) -> None:
            check(bool((bodies + counts * column.width <= pages.ends).all()))
            parts.extend(
                pages.data[body : body + count * column.width]
                for body, count in zip(bodies.tolist(), counts.tolist(), strict=True)
            )
            places[:] = np.arange(len(places))

        places, valid = self._values(found, column, np.dtype(np.int32), number)
        values = np.concatenate(parts).reshape(-1, column.width)
        if valid is not None:  # take copies rows 8 times faster than an index does
            values = values.take(places, axis=0) if len(values) else np.zeros((len(places), column.width), np.uint8)
        return _array(column.kind, values, valid)

    def _values(
        self, found: Longs, column: StoredColumn, kind: np.dtype[np.signedinteger[Any]], read: _Read
    ) -> tuple[Values, Flags | None]:
        """The values of all rows, 0 for those without, and which have one; None: all."""
        pages = undo_pages(self._file, found[:, headers.PAGE_AT : headers.PAGE_ENCODING], column.codec)
        values: Values = np.empty(int(self._firsts[-1]), kind)
        if not column.nullable:
            read(pages, pages.begins, self._firsts, self._sizes, values)
            return values, None
        bodies, counts = np.empty((2, len(self._sizes)), np.int64)
        check(level_loops.count_values(pages.data, pages.begins, pages.ends, self._sizes, bodies, counts))
        firsts = np.append(0, np.cumsum(counts))
        if firsts[-1] == len(values):
            read(pages, bodies, self._firsts, counts, values)
            return values, None
        dense: Values = np.empty(int(firsts[-1]), kind)
        read(pages, bodies, firsts, counts, dense)
        valid = np.empty(len(values), np.bool_)
        level_loops.spread_values(pages.data, pages.begins, pages.ends, self._sizes, dense, values, valid)
        return values, valid


def _deltas(pages: Pages, bodies: Longs, firsts: Longs, counts: Longs, values: Values) -> None:
    check(dense_loops.dense_integers(pages.data, bodies, pages.ends, firsts, counts, values))


def _split(width: int) -> _Read:
    def read(pages: Pages, bodies: Longs, firsts: Longs, counts: Longs, values: Values) -> None:
        check(dense_loops.dense_split(pages.data, bodies, pages.ends, firsts, counts, width, values))

    return read


def _coded(dictionaries: Pages, known: Longs) -> _Read:
    codes = _codes(known)

    def read(pages: Pages, bodies: Longs, firsts: Longs, counts: Longs, values: Values) -> None:
        codes(pages, bodies, firsts, counts, values)
        check(
            dense_loops.dictionary_integers(
                dictionaries.data, dictionaries.begins, dictionaries.ends, known, firsts, counts, values
            )
        )

    return read


def _codes(known: Longs) -> _Read:
    """Reads codes, of which each stands for something that is known."""

    def read(pages: Pages, bodies: Longs, firsts: Longs, counts: Longs, codes: Values) -> None:
        check(dense_loops.dense_codes(pages.data, bodies, pages.ends, firsts, counts, codes))
        check(dense_loops.are_below(codes, firsts, counts, known))

    return read


def _gathered(data: Bytes, starts: Longs, lengths: Longs) -> pa.StringArray:
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    gather(data, starts, lengths, offsets, out)
    return string_array(offsets, out, None)


def _array(kind: pa.DataType, values: Values | Bytes, valid: Flags | None) -> pa.Array:
    bits = None if valid is None or valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(values)])
