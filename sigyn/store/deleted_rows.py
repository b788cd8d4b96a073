"""Which rows of a segment a delete request takes: found once for each pair, and remembered.

Requests and segments meet in thousands of pairs where segments are small and requests wait, so that pairs are asked
about together, and what is kept of one that has nothing is a bit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice
from operator import or_
from threading import Condition
from typing import Protocol, TypeAlias

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

Pair: TypeAlias = tuple[SegmentInfo, DeleteRequest]
"""A segment, and a request of its tenant."""

_NONE: Int64s = np.empty(0, np.int64)
_OVERHEAD = 500  # bytes of what is known of a segment besides rows; measured: 470
_OVERHEAD_OF_ROWS = 320  # bytes of an array and its place; measured
_AT_ONCE = 256  # segments that nobody else can look through meanwhile


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

    def rows(self, pairs: Sequence[Pair], reader: EntryReader) -> Sequence[Int64s]:
        """For each pair sorted numbers of the rows that match query and time range, whatever their arrival.

        All segments are of one tenant. Raises what the reader raises.
        """


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a segment.

    asked     numbers of the requests that were looked for, as bits
    rows      by number of the request the rows that it matches, where there are any
    requests  those that were asked for last
    taken     the rows that these take
    """

    asked: int = 0
    rows: Mapping[int, Int64s] = field(default_factory=dict)
    requests: Sequence[DeleteRequest] | None = None
    taken: Int64s = field(default_factory=lambda: _NONE)

    @property
    def nbytes(self) -> int:
        rows = sum(rows.nbytes + _OVERHEAD_OF_ROWS for rows in self.rows.values())
        return _OVERHEAD + self.asked.bit_length() // 8 + rows + self.taken.nbytes


class DeletedRows:
    """Answers of the matcher, those of segments that were not asked about the longest given up first.

    Who asks about segments that another thread is looking through waits for it. Safe to use from several threads.
    """

    def __init__(self, reader: EntryReader, budget: int) -> None:
        """`budget` is in bytes of row numbers."""
        self.matcher: DeleteMatcher | None = None
        self._reader = reader
        self._known: BoundedCache[int, _Known] = BoundedCache(budget, lambda known: known.nbytes)
        self._numbers: dict[str, int] = {}
        self._changed = Condition()
        self._under_way: set[int] = set()  # ids of segments

    def concerned(self, request: DeleteRequest, segments: Sequence[SegmentInfo]) -> list[SegmentInfo]:
        """The segments that may hold entries that the request takes; nothing but the catalog is asked."""
        found = [segment for segment in segments if request.may_concern(segment)]
        if not found:
            return []
        tables = [segment.streams for segment in found]
        first, last = (np.concatenate(times) for times in zip(*((t.first, t.last) for t in tables), strict=True))
        matches = self._matcher().streams(request, np.concatenate([table.ids for table in tables]))
        matches = matches & (first <= request.last) & (last >= request.first)
        begins = np.cumsum([0, *(len(table.ids) for table in tables[:-1])])
        return [found[place] for place in np.flatnonzero(np.logical_or.reduceat(matches, begins)).tolist()]

    def matching(self, pairs: Sequence[Pair]) -> list[Int64s]:
        """For each pair sorted numbers of rows that match the request, though they may have arrived after it.

        All segments are of one tenant. Raises SegmentLost, and Unavailable when the object store can't be reached.
        """
        found: dict[tuple[int, str], Int64s] = {}
        left = pairs
        while True:
            with self._changed:
                left = [pair for pair in left if not self._recall(pair, found)]
                if not left:
                    return [found[segment.id, request.id] for segment, request in pairs]
                claimed = self._claim(segment.id for segment, _ in left)
                if not claimed:
                    self._changed.wait()
                    continue
            mine = [pair for pair in left if pair[0].id in claimed]
            try:
                rows = self._matcher().rows(mine, self._reader)
                found.update(
                    ((segment.id, request.id), own) for (segment, request), own in zip(mine, rows, strict=True)
                )
                self._keep(mine, rows)
            finally:
                with self._changed:
                    self._under_way -= claimed
                    self._changed.notify_all()

    def of(self, requests: Sequence[DeleteRequest], segments: Sequence[SegmentInfo]) -> dict[int, Int64s]:
        """By id of each segment sorted numbers of rows that the requests take. Raises as `matching` does."""
        taken: dict[int, Int64s] = {}
        left = []
        for segment in segments:
            known = self._known.get(segment.id)
            if known is not None and known.requests is requests:
                taken[segment.id] = known.taken
            else:
                left.append(segment)
        pairs = [(segment, request) for request in requests for segment in self.concerned(request, left)]
        found: dict[int, list[Int64s]] = {segment.id: [] for segment in left}
        for (segment, _), rows in zip(pairs, self.matching(pairs), strict=True):
            found[segment.id].append(rows)
        for id, several in found.items():
            taken[id] = np.unique(np.concatenate(several)) if any(map(len, several)) else _NONE
            with self._changed:
                self._known.put(id, replace(self._known.get(id) or _Known(), requests=requests, taken=taken[id]))
        return taken

    def forget(self, segments: Iterable[SegmentInfo]) -> None:
        """Drops what is known about segments that are gone."""
        self._known.forget(segment.id for segment in segments)

    def _recall(self, pair: Pair, found: dict[tuple[int, str], Int64s]) -> bool:
        """Whether the rows of a pair are known; they are put where those are that were found."""
        segment, request = pair
        if (segment.id, request.id) in found:
            return True
        known = self._known.get(segment.id)
        number = self._numbers.get(request.id)
        if known is None or number is None or not known.asked >> number & 1:
            return False
        found[segment.id, request.id] = known.rows.get(number, _NONE)
        return True

    def _claim(self, ids: Iterable[int]) -> frozenset[int]:
        """Those of these segments, at most _AT_ONCE, that nobody looks through; the caller has to, and to say so."""
        free = (id for id in dict.fromkeys(ids) if id not in self._under_way)
        claimed = frozenset(islice(free, _AT_ONCE))
        self._under_way |= claimed
        return claimed

    def _keep(self, pairs: Sequence[Pair], found: Sequence[Int64s]) -> None:
        by_segment: dict[int, dict[int, Int64s]] = {}
        with self._changed:
            for (segment, request), rows in zip(pairs, found, strict=True):
                number = self._numbers.setdefault(request.id, len(self._numbers))
                by_segment.setdefault(segment.id, {})[number] = rows
            for id, own in by_segment.items():
                known = self._known.get(id) or _Known()
                asked = reduce(or_, (1 << number for number in own), known.asked)
                some = {number: rows for number, rows in own.items() if len(rows)}
                self._known.put(id, replace(known, asked=asked, rows={**known.rows, **some}))

    def _matcher(self) -> DeleteMatcher:
        if self.matcher is None:
            raise Unavailable("there are delete requests, and nothing that understands their queries was given")
        return self.matcher
