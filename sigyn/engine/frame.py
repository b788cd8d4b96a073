"""A chunk of entries on its way through a query: columns, and which of their rows still count.

Filters narrow the selection and copy nothing; a column is read, and gathered, only when a step asks
for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.fields import FieldColumn, StoredMetadata
from sigyn.engine.streams import QueryStreams
from sigyn.store.portion import Portion
from sigyn.store.shapes.values import Flags

STREAM_PREFIX = "stream."
"""Columns of this prefix hold a label of the entry's stream, null where it has none."""

METADATA_PREFIX = "metadata."
"""Columns of this prefix hold what structured metadata has under a name, null where it has nothing."""

POSITION = "position"

Rows = npt.NDArray[np.int64]

Origins: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""For each of some rows the id of its segment, and its number there."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The selected rows of one portion: by their numbers in it, and where they stand in the frame."""

    portion: Portion
    rows: Rows
    first: int

    @property
    def is_whole(self) -> bool:
        """Whether all rows of the portion are selected."""
        return len(self.rows) == self.portion.rows


class Frame:
    """Columns of equal length over the same entries, with a selection of rows.

    Base columns are those of ENTRY_SCHEMA, read from portions one after the other, except that
    `stream` is an ordinal into the query's own list of streams. Added columns are given for the
    selected rows only.
    """

    def __init__(
        self,
        portions: Sequence[Portion],
        ordinals: npt.NDArray[np.int32],
        streams: QueryStreams,
        rows: Rows | None = None,
        origins: Callable[[Rows], Origins] | None = None,
    ) -> None:
        """`origins` tells of rows of the base columns where they come from; None: nobody asks."""
        self.portions = portions
        self.streams = streams
        self._ordinals = ordinals
        self._rows = rows
        self._origins = origins
        self._added: dict[str, pa.Array | pa.ChunkedArray | FieldColumn | Flags] = {}
        self._gathered: dict[str, pa.ChunkedArray | pa.Array] = {}
        self._of_metadata: dict[str, FieldColumn] = {}
        self._close: Sequence[Selected] = ()

    def __len__(self) -> int:
        return len(self._ordinals) if self._rows is None else len(self._rows)

    @property
    def rows(self) -> Rows:
        """Positions of the selected rows in the base columns, rising."""
        return np.arange(len(self._ordinals), dtype=np.int64) if self._rows is None else self._rows

    @property
    def metadata_names(self) -> frozenset[str] | None:
        """The names that structured metadata of the entries may have, besides detected_level; None: any."""
        names: set[str] = set()
        for portion in self.portions:
            if (own := portion.metadata_names) is None:
                return None
            names |= own
        return frozenset(names)

    @property
    def is_shaped(self) -> bool:
        """Whether all lines are held in columns, so that to look at a line is dear."""
        return all(portion.is_shaped for portion in self.portions)

    def selected(self) -> Iterator[Selected]:
        """The selection by portions; those without a selected row are left out."""
        begins = [0, *accumulate(portion.rows for portion in self.portions)]
        for portion, (begin, end) in zip(self.portions, pairwise(begins), strict=True):
            if self._rows is None:
                if portion.rows:
                    yield Selected(portion, np.arange(portion.rows, dtype=np.int64), begin)
                continue
            first, last = np.searchsorted(self._rows, (begin, end))
            if first < last:
                yield Selected(portion, self._rows[first:last] - begin, int(first))

    def column(self, name: str) -> pa.ChunkedArray | pa.Array:
        """A column over the selected rows."""
        field = self._field(name)
        if field is not None:
            return field.texts()
        added = self._added.get(name)
        if isinstance(added, np.ndarray):
            return pa.array(added)
        if added is not None:
            return added
        if name == "stream":
            return pa.array(self._ordinals if self._rows is None else self._ordinals[self._rows])
        if name.startswith(STREAM_PREFIX):
            return self.streams.label_column(name.removeprefix(STREAM_PREFIX), self.column("stream").to_numpy())
        if name not in self._gathered:
            self._gathered[name] = self._gather(name)
        return self._gathered[name]

    def numbers(self, name: str) -> pa.ChunkedArray | None:
        """A parser's label as float64 over the selected rows, where it is held as numbers; else None."""
        field = self._field(name)
        return field.numbers() if field is not None else None

    def equal(self, name: str, text: str) -> Flags | None:
        """Over the selected rows which texts of a label of entries are this one, not an empty one; else None."""
        field = self._field(name)
        return field.equal(text) if field is not None else None

    def has_text(self, name: str) -> Flags:
        """Over the selected rows which texts of a column are there and not empty."""
        field = self._field(name)
        return (field if field is not None else FieldColumn(_pieces(self.column(name)))).has_text()

    def flags(self, name: str) -> Flags:
        """A column of truth values without null over the selected rows."""
        added = self._added.get(name)
        if isinstance(added, np.ndarray):
            return added
        return flags_of(self.column(name))

    def chunks(self, name: str) -> Iterator[tuple[pa.Array, Rows]]:
        """The column piece by piece: contiguous values, and which of them are selected.

        Lines that are held as text are not gathered for this: what a kernel reads is never copied.
        """
        if name in self._added or name != "line":
            for piece in _pieces(self.column(name)):
                yield piece, np.arange(len(piece), dtype=np.int64)
            return
        for part in self.selected():
            yield lines_of(part)

    def add(self, name: str, values: pa.Array | pa.ChunkedArray | FieldColumn | Flags) -> None:
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
        if self._rows is None or 4 * len(self._rows) < len(self._ordinals) or columns != ["line"]:
            return None
        if "line" in self._added or any(portion.is_shaped for portion in self.portions):
            return None
        lines = pa.chunked_array([portion.column("line") for portion in self.portions], pa.string())
        return pa.table({"line": lines, POSITION: pa.array(np.arange(len(lines), dtype=np.int64))})

    def positions_of(self, base_rows: Rows) -> Rows:
        """Positions in the frame of those rows of the base columns that are selected, rising."""
        keep = np.zeros(len(self._ordinals), np.bool_)
        keep[base_rows] = True
        return np.flatnonzero(keep[self.rows])

    def narrowed(self, positions: Rows) -> "Frame":
        """The frame of the selected rows at these positions (rising)."""
        if len(positions) == len(self):
            return self
        rows = positions if self._rows is None else self._rows[positions]
        frame = Frame(self.portions, self._ordinals, self.streams, rows, self._origins)
        for name, values in self._added.items():
            if isinstance(values, np.ndarray):
                frame._added[name] = values[positions]
            else:
                frame._added[name] = values.take(positions if isinstance(values, FieldColumn) else pa.array(positions))
        return frame

    def origins(self, positions: Rows) -> Origins:
        """Where the selected rows at these positions come from."""
        assert self._origins is not None
        return self._origins(positions if self._rows is None else self._rows[positions])

    def load_entries(self) -> None:
        """Reads what the selected entries are made of, from no more row groups than they are in."""
        if not self._close:
            self._close = [Selected(*part.portion.holding(part.rows), part.first) for part in self.selected()]
            for part in self._close:
                part.portion.load_entries(part.rows)

    def _field(self, name: str) -> FieldColumn | None:
        """A label that is read when something asks for it; None: the column is something else."""
        if not name.startswith(METADATA_PREFIX):
            added = self._added.get(name)
            return added if isinstance(added, FieldColumn) else None
        if name not in self._of_metadata:
            under = name.removeprefix(METADATA_PREFIX)
            parts = self._close or self.selected()
            self._of_metadata[name] = FieldColumn([StoredMetadata(part.portion, under, part.rows) for part in parts])
        return self._of_metadata[name]

    def _gather(self, name: str) -> pa.ChunkedArray:
        pieces = []
        for part in self._close or self.selected():
            if name == "line":
                pieces.append(part.portion.lines(part.rows) if not part.is_whole else part.portion.column(name))
            else:
                pieces.append(part.portion.column(name) if part.is_whole else part.portion.at(name, part.rows))
        if name == "timestamp":
            return pa.chunked_array(pieces, pa.int64())
        if any(piece.type != pieces[0].type for piece in pieces):
            pieces = [piece.cast(pa.string()) for piece in pieces]
        return pa.chunked_array(pieces, pieces[0].type if pieces else pa.string())


def _pieces(values: pa.Array | pa.ChunkedArray) -> Sequence[pa.Array]:
    return values.chunks if isinstance(values, pa.ChunkedArray) else [values]


def flags_of(values: pa.Array | pa.ChunkedArray) -> Flags:
    """A column of truth values without null as an array."""
    found = values.to_numpy() if isinstance(values, pa.ChunkedArray) else values.to_numpy(zero_copy_only=False)
    return np.asarray(found, np.bool_)


def lines_of(part: Selected) -> tuple[pa.Array, Rows]:
    """Lines that hold the selected ones of a portion, and which of them they are."""
    if part.portion.are_text(part.rows):
        return part.portion.text(), part.rows
    if not part.is_whole:
        return part.portion.lines(part.rows), np.arange(len(part.rows), dtype=np.int64)
    return part.portion.column("line"), part.rows
