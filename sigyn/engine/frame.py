"""A chunk of entries on its way through a query: columns, and which of their rows still count.

Filters narrow the selection and copy nothing; a column is gathered only when a later step asks
for it.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.streams import QueryStreams

STREAM_PREFIX = "stream."
"""Columns of this prefix hold a label of the entry's stream, null where it has none."""

POSITION = "position"

Rows = npt.NDArray[np.int64]


class Frame:
    """Columns of equal length over the same entries, with a selection of rows.

    Base columns are those of ENTRY_SCHEMA, except that `stream` is an ordinal into the query's own
    list of streams. Added columns are given for the selected rows only. `begins` tells where in the
    base columns the rows of each part begin that the frame was read from.
    """

    def __init__(
        self, base: pa.Table, streams: QueryStreams, rows: Rows | None = None, begins: Sequence[int] = (0,)
    ) -> None:
        self._base = base
        self.streams = streams
        self.begins = begins
        self._rows = rows
        self._added: dict[str, pa.Array | pa.ChunkedArray] = {}
        self._gathered: dict[str, pa.ChunkedArray] = {}

    def __len__(self) -> int:
        return self._base.num_rows if self._rows is None else len(self._rows)

    @property
    def rows(self) -> Rows:
        """Positions of the selected rows in the base columns, rising."""
        return np.arange(self._base.num_rows, dtype=np.int64) if self._rows is None else self._rows

    def has_values(self, name: str) -> bool:
        """Whether the base column has any value."""
        values = self._base.column(name)
        return bool(values.null_count < len(values))

    def base(self, name: str) -> pa.ChunkedArray:
        """A base column over all rows, selected or not."""
        return self._base.column(name)

    def base_table(self, names: Sequence[str]) -> pa.Table | None:
        """These base columns over all rows; None when one of them was not read."""
        return self._base.select(list(names)) if set(names) <= set(self._base.column_names) else None

    def column(self, name: str) -> pa.ChunkedArray | pa.Array:
        """A column over the selected rows."""
        if name in self._added:
            return self._added[name]
        if name.startswith(STREAM_PREFIX):
            return self.streams.label_column(name.removeprefix(STREAM_PREFIX), self.column("stream").to_numpy())
        if self._rows is None:
            return self._base.column(name)
        if name not in self._gathered:
            self._gathered[name] = self._base.column(name).take(pa.array(self._rows))
        return self._gathered[name]

    def chunks(self, name: str) -> Iterator[tuple[pa.Array, Rows]]:
        """The column piece by piece: contiguous values, and which of them are selected.

        A base column is not gathered for this, so lines that a kernel reads are never copied.
        """
        if name in self._added:
            values = self._added[name]
            pieces = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
            for piece in pieces:
                yield piece, np.arange(len(piece), dtype=np.int64)
            return
        begin = 0
        rows = self.rows
        for piece in self._base.column(name).chunks:
            first, last = np.searchsorted(rows, (begin, begin + len(piece)))
            if first < last:
                yield piece, rows[first:last] - begin
            begin += len(piece)

    def add(self, name: str, values: pa.Array | pa.ChunkedArray) -> None:
        """Add a column with a value for each selected row."""
        self._added[name] = values

    def table(self, names: Iterable[str]) -> pa.Table:
        """These columns over the selected rows, and POSITION: the row's place in the frame."""
        positions = pa.array(np.arange(len(self), dtype=np.int64))
        return pa.table({POSITION: positions, **{name: self.column(name) for name in names}})

    def whole(self, names: Iterable[str]) -> pa.Table | None:
        """These base columns over all rows, and POSITION in them; None where a gathered table is cheaper.

        To gather long lines costs more than to look at some that don't count.
        """
        columns = list(names)
        if self._rows is None or 4 * len(self._rows) < self._base.num_rows or not columns:
            return None
        if not set(columns) <= set(self._base.column_names) or not self._added.keys().isdisjoint(columns):
            return None
        positions = pa.array(np.arange(self._base.num_rows, dtype=np.int64))
        return self._base.select(columns).append_column(POSITION, positions)

    def selected(self, base_rows: Rows) -> Rows:
        """Positions in the frame of those rows of the base columns that are selected, rising."""
        keep = np.zeros(self._base.num_rows, np.bool_)
        keep[base_rows] = True
        return np.flatnonzero(keep[self.rows])

    def narrowed(self, positions: Rows) -> "Frame":
        """The frame of the selected rows at these positions (rising)."""
        if len(positions) == len(self):
            return self
        rows = positions if self._rows is None else self._rows[positions]
        frame = Frame(self._base, self.streams, rows, self.begins)
        if self._added:
            indices = pa.array(positions)
            for name, values in self._added.items():
                frame._added[name] = values.take(indices)
        return frame
