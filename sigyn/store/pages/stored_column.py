"""How a column is in a Parquet file; knows no loops, so that footers can hold it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
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

    @cached_property
    def is_integer(self) -> bool:
        """Whether its values are integers."""
        return bool(pa.types.is_integer(self.kind))

    @cached_property
    def width(self) -> int:
        """Bytes of a value in the file; 0 for texts."""
        if pa.types.is_string(self.kind):
            return 0
        width = int(self.kind.bit_width) // 8
        return max(4, width) if self.is_integer else width  # small integers take 4 too

    @cached_property
    def has_loops(self) -> bool:
        """Whether its kind is one that loops read."""
        return self.is_integer or bool(pa.types.is_string(self.kind) or pa.types.is_fixed_size_binary(self.kind))

    @cached_property
    def numbers(self) -> np.dtype[np.signedinteger[Any]]:
        """The type of an integer column's values in memory."""
        kind: np.dtype[np.signedinteger[Any]] = np.dtype(self.kind.to_pandas_dtype())
        return kind
