"""Columns that hold one value throughout a row group: what the footer says of them, so that nobody reads them.

Row groups are sorted by stream, and within a stream the level, the service, or a field that its lines
don't have are nearly always the same.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Value: TypeAlias = str | int | None

VARIED = -1

_FEW_ROWS = 8  # in a column that is asked for again and again: of the entries of an answer

_LONGEST = 64  # characters of a text that the footer repeats


class ColumnConstants(msgspec.Struct, frozen=True, dict=True):
    """values[groups[i]] is what all rows of row group i hold; VARIED: they differ, or nobody looked."""

    values: tuple[Value, ...]
    groups: tuple[int, ...]

    def column(
        self, groups: Sequence[int] | npt.NDArray[np.int64], rows: Sequence[int] | None, kind: pa.DataType
    ) -> pa.Array | None:
        """The column of these row groups, of so many rows each (None: one); None where it has to be read."""
        codes = self._codes[groups]
        if not len(codes) or codes[0] == VARIED:
            return None
        if (codes == codes[0]).all():
            return self._repeated(int(codes[0]), len(codes) if rows is None else sum(rows), kind)
        if codes.min() == VARIED:
            return None
        of_row = codes if rows is None else np.repeat(codes, rows)
        if not pa.types.is_dictionary(kind):
            return self._of_kind(kind).take(pa.array(of_row))
        places = pa.array(of_row, mask=of_row == self._null)
        return pa.DictionaryArray.from_arrays(places, self._of_kind(kind))

    def varied(self, groups: Sequence[int]) -> tuple[int, ...]:
        """The places of those of these row groups in which the column has to be read."""
        return tuple(np.flatnonzero(self._codes[groups] == VARIED).tolist())

    @cached_property
    def are_null(self) -> npt.NDArray[np.bool_]:
        """For each row group whether the column is null throughout."""
        return np.asarray(self._codes == self._null)

    @cached_property
    def _codes(self) -> npt.NDArray[np.int32]:
        return np.array(self.groups, np.int32)

    @cached_property
    def _null(self) -> int:
        return self.values.index(None) if None in self.values else len(self.values)

    @cached_property
    def _arrays(self) -> dict[pa.DataType, pa.Array]:
        return {}

    def _repeated(self, place: int, rows: int, kind: pa.DataType) -> pa.Array:
        """A value over and over; of a few rows the arrays are kept."""
        known = self._few_rows.get((place, rows, kind))
        if known is not None:
            return known
        value = self.values[place]
        if value is None:
            column = pa.nulls(rows, kind)
        elif pa.types.is_dictionary(kind):
            places = pa.array(np.full(rows, place, np.int32))
            column = pa.DictionaryArray.from_arrays(places, self._of_kind(kind))
        else:
            column = pa.repeat(pa.scalar(value, kind), rows)
        if rows <= _FEW_ROWS:
            self._few_rows[place, rows, kind] = column
        return column

    @cached_property
    def _few_rows(self) -> dict[tuple[int, int, pa.DataType], pa.Array]:
        return {}

    def _of_kind(self, kind: pa.DataType) -> pa.Array:
        """The values; of a dictionary its texts, among which no null may be."""
        if kind not in self._arrays:
            texts = ["" if value is None else value for value in self.values]
            is_dictionary = pa.types.is_dictionary(kind)
            self._arrays[kind] = pa.array(texts, kind.value_type) if is_dictionary else pa.array(self.values, kind)
        return self._arrays[kind]


Constants: TypeAlias = dict[str, ColumnConstants]
"""By column; of one that is not here nothing is known."""


class ConstantsFound:
    """Gathers the constants of row groups as they are written."""

    def __init__(self) -> None:
        self._groups = 0
        self._codes: dict[str, list[int]] = {}
        self._values: dict[str, dict[Value, int]] = {}

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Takes notice of the columns of the next row group."""
        for name, column in columns.items():
            constant, value = _constant(column)
            if constant:
                values = self._values.setdefault(name, {})
                codes = self._codes.setdefault(name, [])
                codes += [VARIED] * (self._groups - len(codes))
                codes.append(values.setdefault(value, len(values)))
        self._groups += 1

    def found(self) -> Constants:
        """Of each column that has one value throughout some row group, in which and which."""
        return {
            name: ColumnConstants(tuple(self._values[name]), (*codes, *[VARIED] * (self._groups - len(codes))))
            for name, codes in self._codes.items()
        }


def _constant(column: pa.Array) -> tuple[bool, Value]:
    """Whether all values are one, and which; of bytes only whether all are null."""
    if column.null_count == len(column):
        return True, None
    if column.null_count:
        return False, None
    if isinstance(column, pa.DictionaryArray):
        codes = column.indices.to_numpy()
        return _are_equal(codes), column.dictionary[int(codes[0])].as_py()
    if pa.types.is_integer(column.type):
        numbers = column.to_numpy()
        return _are_equal(numbers), int(numbers[0])
    if pa.types.is_string(column.type):
        text = column[0].as_py()
        same = len(text) <= _LONGEST and text == column[-1].as_py()
        return same and bool(pc.all(pc.equal(column, column[0])).as_py()), text
    return False, None


def _are_equal(numbers: np.ndarray[tuple[int], np.dtype[np.integer]]) -> bool:
    return bool(numbers[0] == numbers[-1]) and bool((numbers == numbers[0]).all())
