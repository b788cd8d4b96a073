"""Rows on their way through pipes: entries as a log query gives them, or the columns of a table.

Whichever they are, pipes see columns by name. Of entries a column is made when a pipe asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.model.errors import QueryError
from sigyn.model.results import LogEntry

Positions: TypeAlias = npt.NDArray[np.int64]

TIMES = frozenset({"_time", "timestamp"})
"""Names of the time of an entry."""

LINES = frozenset({"line", "_msg"})
"""Names of the line of an entry."""

CLASH_SUFFIX = "_label"
"""Ends the name under which pipes see a label that is called as the time or the line is."""

TIMESTAMP = pa.timestamp("ns", "UTC")


class Rows(Protocol):
    """Rows in an order."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> pa.Array:
        """The values of a field: text, int64, float64, timestamps or lists; empty or null where there is none."""
        ...

    def take(self, positions: Positions) -> "Rows":
        """These rows, in this order."""
        ...

    def with_column(self, name: str, values: pa.Array) -> "Rows":
        """The rows with a column added, or replaced."""
        ...


@dataclass(frozen=True, slots=True)
class EntryRows:
    """Entries; `made` are columns that pipes added."""

    entries: Sequence[LogEntry]
    made: dict[str, pa.Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    def column(self, name: str) -> pa.Array:
        """As in Rows. A name that no entry has gives empty texts."""
        if name in self.made:
            return self.made[name]
        if name in TIMES:
            return pa.array([entry.timestamp for entry in self.entries], TIMESTAMP)
        if name in LINES:
            return pa.array([entry.line for entry in self.entries], pa.string())
        return pa.array([label_of(entry, plain_name(name)) for entry in self.entries], pa.string())

    def take(self, positions: Positions) -> "EntryRows":
        """As in Rows."""
        indices = pa.array(positions)
        made = {name: values.take(indices) for name, values in self.made.items()}
        return EntryRows([self.entries[position] for position in positions.tolist()], made)

    def with_column(self, name: str, values: pa.Array) -> "EntryRows":
        """As in Rows."""
        return replace(self, made={**self.made, name: values})


@dataclass(frozen=True, slots=True)
class TableRows:
    """The columns of a table."""

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> pa.Array:
        """As in Rows. Raises QueryError for a column that the table lacks."""
        if name not in self.table.column_names:
            known = ", ".join(f"`{column}`" for column in self.table.column_names)
            raise QueryError(f"the rows have no column `{name}` here; they have {known}")
        return whole(self.table.column(name))

    def take(self, positions: Positions) -> "TableRows":
        """As in Rows."""
        return TableRows(self.table.take(pa.array(positions)))

    def with_column(self, name: str, values: pa.Array) -> "TableRows":
        """As in Rows."""
        if name in self.table.column_names:
            return TableRows(self.table.set_column(self.table.column_names.index(name), name, values))
        return TableRows(self.table.append_column(name, values))


def plain_name(name: str) -> str:
    """The label's own name, where pipes see it under another."""
    stem = name.removesuffix(CLASH_SUFFIX)
    return stem if stem in TIMES | LINES else name


def label_of(entry: LogEntry, name: str) -> str:
    """The value of a label of any origin; empty when there is no such label."""
    for labels in (entry.parsed, entry.stream, entry.metadata):
        for own, value in labels:
            if own == name:
                return value
    return ""


def whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The values in one piece."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
