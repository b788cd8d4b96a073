"""Entries of the newest L0 segments, kept as they were before they were written.

Most questions are about the last minutes. Those entries lie in segments that are not sorted yet, so
that any question would have to read and decompress them whole; here they are at hand as columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sigyn.store.bounded_cache import BoundedCache
from sigyn.store.segment import row_group_bounds, text_lengths


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group: the number of its first row in the segment, its rows, its timestamps (ns, inclusive)."""

    first_row: int
    rows: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class RecentSegment:
    """All entries of a segment, with the row groups that its object has."""

    entries: pa.Table
    row_groups: tuple[RowGroup, ...]

    def read(self, columns: Sequence[str], row_groups: Sequence[int] | None) -> pa.Table:
        """Columns, in this order, of all row groups or of those with these numbers."""
        table = self.entries.select(list(columns))
        if row_groups is None or len(row_groups) == len(self.row_groups):
            return table
        chosen = [self.row_groups[number] for number in row_groups]
        return pa.concat_tables([table.slice(0, 0), *(table.slice(group.first_row, group.rows) for group in chosen)])


class RecentSegments:
    """Segments by object key. Safe to use from several threads."""

    def __init__(self, budget: int) -> None:
        """`budget` is in bytes of columns."""
        self._segments: BoundedCache[str, RecentSegment] = BoundedCache(budget, lambda segment: segment.entries.nbytes)

    def add(self, key: str, entries: pa.Table) -> None:
        """Keep the entries of a segment that was just written, in the order in which it has them."""
        self._segments.put(key, RecentSegment(entries, tuple(_row_groups(entries))))

    def get(self, key: str) -> RecentSegment | None:
        """What is kept of the object; None when nothing is."""
        return self._segments.get(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Give up segments that are no longer wanted."""
        self._segments.forget(keys)


def _row_groups(entries: pa.Table) -> Iterable[RowGroup]:
    for begin, end in row_group_bounds(text_lengths(entries)):
        bounds = pc.min_max(entries["timestamp"].slice(begin, end - begin))
        yield RowGroup(begin, end - begin, bounds["min"].as_py(), bounds["max"].as_py())
