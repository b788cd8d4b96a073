"""Texts of one column, as slices: one for each row, wherever their bytes lie."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ROOM = 16
"""Bytes that loops which copy 16 at a time may read and write past the end of a run."""

Texts: TypeAlias = pa.StringArray | pa.DictionaryArray
"""A column of texts, null where there is none."""

Columns: TypeAlias = dict[str, pa.Array]
"""Physical columns by name."""


@dataclass(frozen=True, slots=True)
class Slices:
    """data[starts[i] : starts[i] + lengths[i]] is the text of row i; the length is 0 where there is none."""

    data: Bytes
    starts: Longs
    lengths: Integers


def string_buffers(column: pa.Array) -> tuple[Bytes, Integers]:
    """Data bytes and offsets (len + 1) of a string array, without copying."""
    _, offsets, data = column.buffers()
    values = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    if offsets is None or not offsets.size:
        return values, np.zeros(len(column) + 1, np.int32)
    return values, np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]


def slices_of(texts: Texts) -> Slices:
    """The texts of a column, without copying them."""
    if isinstance(texts, pa.DictionaryArray):
        data, offsets = string_buffers(texts.dictionary)
        codes = integers_of(texts.indices)
        if not len(texts.dictionary):
            return Slices(data, np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int32))
        lengths = np.diff(offsets)[codes]
        if texts.null_count:
            lengths = np.where(valid_rows(texts), lengths, 0)
        return Slices(data, offsets[:-1][codes].astype(np.int64), lengths.astype(np.int32))
    data, offsets = string_buffers(texts)
    lengths = np.diff(offsets)
    if texts.null_count:  # what lies under a null need not be empty
        lengths = np.where(valid_rows(texts), lengths, 0).astype(np.int32)
    return Slices(data, offsets[:-1].astype(np.int64), lengths)


def integers_of(column: pa.Array) -> npt.NDArray[np.integer]:
    """The numbers of an integer column, 0 where there is none; not to be written to."""
    numbers = stored_integers(column)
    return numbers * valid_rows(column) if column.null_count else numbers


def stored_integers(column: pa.Array) -> npt.NDArray[np.integer]:
    """The same as they are in memory: whatever stands there where there is none."""
    stored = [None, column.buffers()[1]]
    return np.asarray(pa.Array.from_buffers(column.type, len(column), stored, offset=column.offset).to_numpy())


def integer_column(numbers: Longs, valid: Flags) -> pa.Array:
    """Those of the numbers that are valid, as int32 where they all have room."""
    small = valid.any() and np.abs(numbers[valid]).max() < 2**31
    return pa.array(numbers.astype(np.int32) if small else numbers, mask=~valid)


def valid_rows(column: pa.Array) -> Flags:
    """Which rows have a value."""
    if not column.null_count:
        return np.ones(len(column), np.bool_)
    bits = column.buffers()[0]
    if bits is None:  # of the type of nulls alone
        return np.zeros(len(column), np.bool_)
    first, begin = divmod(column.offset, 8)
    held = np.frombuffer(bits, np.uint8)[first : first + (begin + len(column) + 7) // 8]
    return np.unpackbits(held, bitorder="little")[begin : begin + len(column)].view(np.bool_)


def equal_texts(texts: Texts, text: str) -> Flags:
    """Which texts of an array, strings or a dictionary, are this one."""
    if isinstance(texts, pa.DictionaryArray):
        place = texts.dictionary.index(text).as_py()
        return np.asarray((texts.indices.fill_null(-1).to_numpy() == place) & (place >= 0))
    return np.asarray(pc.equal(texts, text).fill_null(False).to_numpy(zero_copy_only=False))


def without(texts: pa.StringArray, left_out: Flags) -> pa.StringArray:
    """The texts, null where `left_out` says so."""
    kept = np.flatnonzero(~left_out)
    places = np.full(len(texts), -1, np.int64)
    places[kept] = np.arange(len(kept))
    return texts.take(pa.array(kept)).take(pa.array(places, mask=left_out))


def string_array(offsets: Integers, data: Bytes, valid: Flags | None) -> pa.StringArray:
    """A string array over these buffers; `valid` None: every row has a value."""
    validity = None
    if valid is not None and not valid.all():
        validity = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data), validity)


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column in one piece; dictionaries of its chunks become one."""
    if isinstance(column, pa.Array):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks()
