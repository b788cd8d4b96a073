"""Which rows of a segment a delete request takes: found once for each pair, and remembered."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.model.errors import Unavailable
from sigyn.store.bounded_cache import BoundedCache
from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.needles.search import Sought
from sigyn.store.portion import Portion
from sigyn.store.recent import RowGroup
from sigyn.store.streams import Int64s

_NONE: Int64s = np.empty(0, np.int64)
_OVERHEAD = 200  # bytes of an answer without rows


class EntryReader(Protocol):
    """Reads segments, as SegmentReader does."""

    def row_groups(self, segment: SegmentInfo) -> tuple[RowGroup, ...]:
        """The segment's row groups in order."""

    def portion(self, segment: SegmentInfo, row_groups: Sequence[int]) -> Portion:
        """Row groups with these numbers; columns are read when asked for."""

    def possible(self, segment: SegmentInfo, sought: Sequence[Sought], row_groups: Sequence[int]) -> Sequence[int]:
        """Those of these row groups that may hold an entry with all that is sought."""

    def read(self, segment: SegmentInfo, columns: Sequence[str], row_groups: Sequence[int] | None = None) -> pa.Table:
        """Columns of all row groups or of those with these numbers."""


class DeleteMatcher(Protocol):
    """Understands the queries of delete requests, which the store does not. Safe to use from several threads."""

    def streams(self, request: DeleteRequest, ids: Int64s) -> npt.NDArray[np.bool_]:
        """Whether entries of each of these streams may match."""

    def rows(self, request: DeleteRequest, segment: SegmentInfo, reader: EntryReader) -> Int64s:
        """Sorted numbers of the rows that match query and time range, whatever their arrival.

        Raises what the reader raises.
        """


class DeletedRows:
    """Answers of the matcher, the least recently used given up first."""

    def __init__(self, reader: EntryReader, budget: int) -> None:
        """`budget` is in bytes of row numbers."""
        self.matcher: DeleteMatcher | None = None
        self._reader = reader
        self._known: BoundedCache[tuple[int, str], Int64s] = BoundedCache(budget, lambda rows: rows.nbytes + _OVERHEAD)

    def concerns(self, request: DeleteRequest, segment: SegmentInfo) -> bool:
        """Whether the segment may hold entries that the request takes; nothing but the catalog is asked."""
        if not request.may_concern(segment):
            return False
        table = segment.streams
        within = (table.first <= request.last) & (table.last >= request.first)
        return bool((self._matcher().streams(request, table.ids) & within).any())

    def matching(self, request: DeleteRequest, segment: SegmentInfo) -> Int64s:
        """Sorted numbers of rows that match the request, though they may have arrived after it.

        Raises SegmentLost, and Unavailable when the object store can't be reached.
        """
        key = segment.id, request.id
        known = self._known.get(key)
        if known is None:
            known = self._matcher().rows(request, segment, self._reader)
            self._known.put(key, known)
        return known

    def of(self, requests: Iterable[DeleteRequest], segment: SegmentInfo) -> Int64s:
        """Sorted numbers of rows that the requests take. Raises as `matching` does."""
        found = [self.matching(request, segment) for request in requests if self.concerns(request, segment)]
        return np.unique(np.concatenate(found)) if found else _NONE

    def forget(self, segments: Iterable[SegmentInfo]) -> None:
        """Drops what is known about segments that are gone."""
        gone = {segment.id for segment in segments}
        if gone:
            self._known.forget([key for key in self._known if key[0] in gone])

    def _matcher(self) -> DeleteMatcher:
        if self.matcher is None:
            raise Unavailable("there are delete requests, and nothing that understands their queries was given")
        return self.matcher
