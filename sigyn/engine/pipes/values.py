"""Columns as texts and as numbers."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.languages.go_numbers import format_plain, parse_go_float
from sigyn.model.errors import BadRequest
from sigyn.model.rfc3339 import format_rfc3339_nano


class Numbers(NamedTuple):
    """A float64 for each row, and whether the row has one."""

    values: npt.NDArray[np.float64]
    there: npt.NDArray[np.bool_]

    def array(self) -> pa.Array:
        """The numbers as a column, null where there is none."""
        return pa.array(self.values, pa.float64(), mask=~self.there)


def numbers_of(column: pa.Array) -> Numbers:
    """The numbers that a column holds; texts count where Go's ParseFloat reads them, times in seconds."""
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        read = [_number(text) for text in encoded.dictionary.to_pylist()]
        column = pa.array(read, pa.float64()).take(encoded.indices)
    elif pa.types.is_timestamp(column.type):
        column = pc.divide(pc.cast(column.cast(pa.int64()), pa.float64()), 1e9)
    elif pa.types.is_list(column.type):
        column = pa.nulls(len(column), pa.float64())
    there = column.is_valid().to_numpy(zero_copy_only=False)
    return Numbers(pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False), there)


def texts_of(column: pa.Array) -> list[str]:
    """The values as label filters and answers write them; empty where there is none."""
    values = column.to_pylist() if not pa.types.is_timestamp(column.type) else column.cast(pa.int64()).to_pylist()
    if pa.types.is_timestamp(column.type):
        return ["" if value is None else format_rfc3339_nano(value) for value in values]
    return [text_of(value) for value in values]


def text_of(value: str | float | list[str] | None) -> str:
    """A single value as text: numbers in plain digits, lists with commas."""
    match value:
        case None:
            return ""
        case str():
            return value
        case list():
            return ",".join(value)
        case _:
            return format_plain(value)


def _number(text: str) -> float | None:
    try:
        return parse_go_float(text)
    except BadRequest:
        return None
