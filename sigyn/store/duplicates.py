"""Exact duplicates between segments, found without reading lines unless two entries meet in place.

A client that got no answer sends again, and the copy may land in another segment. Until a
compaction brings both together, a reader must leave one out: of equal entries in live segments the
one in the segment with the smallest id counts.

A ladder, each rung for what the one above left over:
1. segments that were not compared before (segments never change), and those whose times overlap theirs;
2. streams that a new one has with another, and in them the times that both cover, from the stream tables;
3. a hash of (stream, timestamp) of the entries there, sorted to find equal ones;
4. line and structured metadata of entries that share stream and timestamp.

Nothing is kept or counted by pairs: while compaction lags, thousands of segments of one time may wait for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.catalog import SegmentInfo
from sigyn.store.compared import ComparedSegments, bounds_of, overlapping
from sigyn.store.copies import NO_COPIES, Copies, copies
from sigyn.store.covered import Covered, covered_by_others
from sigyn.store.errors import SegmentLost
from sigyn.store.identical import CONTENT, place_hash
from sigyn.store.reader import SegmentReader
from sigyn.store.streams import Int64s

_NONE: Int64s = np.empty(0, np.int64)
_PORTION_ROWS = 128 << 10


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Entries of one segment by row number, with their timestamps and hashes."""

    segment: SegmentInfo
    rows: Int64s
    timestamps: Int64s
    hashes: npt.NDArray[np.uint64]

    def only(self, which: npt.NDArray[np.bool_]) -> "_Places":
        return _Places(self.segment, self.rows[which], self.timestamps[which], self.hashes[which])


class DuplicateFinder:
    """Finds duplicates, and remembers what was found; safe to use from several threads."""

    def __init__(self, reader: SegmentReader) -> None:
        self._reader = reader
        self._tenants: dict[str, _TenantDuplicates] = {}

    def copies(self, segments: Sequence[SegmentInfo]) -> Copies:
        """Rows that equal one in another of `segments`.

        The segments are of one tenant. Raises Unavailable when the object store can't be reached.
        """
        if len(segments) < 2:
            return NO_COPIES
        tenant = segments[0].tenant
        known = self._tenants.get(tenant) or self._tenants.setdefault(tenant, _TenantDuplicates(self._reader))
        return known.copies(segments)

    def forget(self, segments: Iterable[SegmentInfo]) -> None:
        """Drops what is known about segments that are gone."""
        gone: dict[str, list[int]] = {}
        for segment in segments:
            gone.setdefault(segment.tenant, []).append(segment.id)
        for tenant, ids in gone.items():
            known = self._tenants.get(tenant)
            if known is not None:
                known.forget(ids)


class _TenantDuplicates:
    """Which of a tenant's segments were compared, and what was found. One thread at a time compares."""

    def __init__(self, reader: SegmentReader) -> None:
        self._reader = reader
        self._lock = Lock()
        self._compared = ComparedSegments()
        self._found = NO_COPIES

    def copies(self, segments: Sequence[SegmentInfo]) -> Copies:
        with self._lock:
            fresh = self._compared.fresh(segments)
            if fresh.any():
                unread = self._compare(*_meeting_in_time(segments, fresh))
                # An archive is restored, and an object that was lost may come back.
                self._compared.add(np.array([each.id for each in segments if each.id not in unread], np.int64))
            return self._found.within(np.array([segment.id for segment in segments], np.int64))

    def forget(self, gone: Sequence[int]) -> None:
        with self._lock:
            self._compared.forget(gone)
            self._found = self._found.without(gone)

    def _compare(self, segments: Sequence[SegmentInfo], fresh: npt.NDArray[np.bool_]) -> set[int]:
        """Notes what is found; gives the ids of segments that can't be read: they are archived, or lost.

        Who reads a lost one next has it quarantined.
        """
        places = []
        unread = set()
        for covered in covered_by_others(segments, fresh):
            try:
                places.append(self._places(covered))
            except SegmentLost:
                unread.add(covered.segment.id)
        for some in _portions(_meeting(places)):
            unread |= self._compare_content(some)
        return unread

    def _places(self, covered: Covered) -> _Places:
        found = covered.entries(self._reader)
        ids = covered.segment.streams.ids[found.streams]
        return _Places(covered.segment, found.rows, found.timestamps, place_hash(ids, found.timestamps))

    def _compare_content(self, places: Sequence[_Places]) -> set[int]:
        """As `_compare`."""
        tables = []
        unread = set()
        for place in places:
            try:
                tables.append(self._content(place))
            except SegmentLost:
                unread.add(place.segment.id)
        if not tables:
            return unread
        entries = pa.concat_tables(tables)
        groups = entries.group_by(CONTENT, use_threads=False).aggregate([("segment", "list"), ("row", "list")])
        sizes = groups["segment_list"].combine_chunks().value_lengths().to_numpy()
        group = np.repeat(np.arange(len(sizes)), sizes)
        segment = groups["segment_list"].combine_chunks().flatten().to_numpy()
        row = groups["row_list"].combine_chunks().flatten().to_numpy()
        self._found = self._found.joined(copies(group, segment, row))
        return unread

    def _content(self, place: _Places) -> pa.Table:
        """The entries at places, with ids of streams, the segment's id and row numbers. Raises SegmentLost."""
        segment = place.segment
        tables = []
        for number, group in enumerate(self._reader.row_groups(segment)):
            low, high = np.searchsorted(place.rows, [group.first_row, group.first_row + group.rows])
            if low < high:
                table = self._reader.read(segment, CONTENT, [number])
                tables.append(table.take(pa.array(place.rows[low:high] - group.first_row)))
        entries = pa.concat_tables(tables)
        ids = segment.streams.ids[entries["stream"].to_numpy()]
        return (
            entries.set_column(0, "stream", pa.array(ids))
            .append_column("segment", pa.array(np.full(len(entries), segment.id)))
            .append_column("row", pa.array(place.rows))
        )


def _meeting_in_time(
    segments: Sequence[SegmentInfo], fresh: npt.NDArray[np.bool_]
) -> tuple[Sequence[SegmentInfo], npt.NDArray[np.bool_]]:
    """The segments whose times overlap that of a fresh one, and fresh ones that any overlaps; which are fresh."""
    firsts, lasts = bounds_of(segments)
    by_fresh = overlapping(firsts, lasts, firsts[fresh], lasts[fresh])
    by_any = overlapping(firsts, lasts, firsts, lasts)
    meeting = np.flatnonzero(np.where(fresh, by_any > 1, by_fresh > 0))  # a fresh one overlaps itself
    return [segments[place] for place in meeting.tolist()], fresh[meeting]


def _meeting(places: Sequence[_Places]) -> list[_Places]:
    """Only the places whose hash another segment has as well; segments with none are left out."""
    if len(places) < 2:
        return []
    hashes = np.concatenate([place.hashes for place in places])
    ordered = np.sort(hashes)
    if not (ordered[1:] == ordered[:-1]).any():
        return []
    owner = np.repeat(np.arange(len(places)), [len(place.hashes) for place in places])
    order = np.argsort(hashes, kind="stable")  # owners rise within equal hashes
    equal = hashes[order][1:] == hashes[order][:-1]
    crossing = equal & (owner[order][1:] != owner[order][:-1])
    is_shared = np.isin(hashes, np.unique(hashes[order][1:][crossing]))
    ends = np.cumsum([len(place.hashes) for place in places])[:-1]
    met = [place.only(which) for place, which in zip(places, np.split(is_shared, ends), strict=True)]
    return [place for place in met if len(place.rows)]


def _portions(places: Sequence[_Places]) -> Iterator[list[_Places]]:
    """The same places by time, so that the text of each portion fits in memory: a client may send all again."""
    timestamps = np.sort(np.concatenate([_NONE, *(place.timestamps for place in places)]))
    edges = np.unique(timestamps[::_PORTION_ROWS]).tolist()
    for since, until in zip(edges, [*edges[1:], None], strict=False):
        portion = [
            place.only((place.timestamps >= since) & (True if until is None else place.timestamps < until))
            for place in places
        ]
        yield [place for place in portion if len(place.rows)]
