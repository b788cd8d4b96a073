"""Columns that hold one value throughout a row group: what the footer says of them, so that nobody reads them.

Row groups are sorted by stream, and within a stream the level, the service, or a field that its lines
don't have are nearly always the same.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

Value: TypeAlias = str | int | None

VARIED = -1


class ColumnConstants(msgspec.Struct, frozen=True):
    """values[groups[i]] is what all rows of row group i hold; VARIED: they differ, or nobody looked."""

    values: tuple[Value, ...]
    groups: tuple[int, ...]

    def column(self, groups: Sequence[int], rows: Sequence[int], kind: pa.DataType) -> pa.Array | None:
        """The column of these row groups, of so many rows each; None where it has to be read."""
        codes = [self.groups[group] for group in groups]
        if VARIED in codes:
            return None
        of_row = np.repeat(np.array(codes, np.int32), rows)
        if not pa.types.is_dictionary(kind):
            return pa.array(self.values, kind).take(pa.array(of_row))
        null = self.values.index(None) if None in self.values else VARIED
        texts = pa.array(["" if value is None else value for value in self.values], kind.value_type)
        return pa.DictionaryArray.from_arrays(pa.array(of_row, mask=of_row == null), texts)


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
    """Whether all values are one, and which; of texts without a dictionary only whether all are null."""
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
    return False, None


def _are_equal(numbers: np.ndarray[tuple[int], np.dtype[np.integer]]) -> bool:
    return bool(numbers[0] == numbers[-1]) and bool((numbers == numbers[0]).all())
