"""Exact duplicates between segments, found without reading lines unless two entries meet in place.

A client that got no answer sends again, and the copy may land in another segment. Until a
compaction brings both together, a reader must leave one out: of equal entries in live segments the
one in the segment with the smallest id counts.

A ladder, each rung for what the one above left over:
1. pairs of segments whose times overlap and that were not compared before (segments never change);
2. streams that both have, and in them the times that both cover, from the stream tables;
3. a hash of (stream, timestamp) of the entries there, sorted to find equal ones;
4. line and structured metadata of entries that share stream and timestamp.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.identical import CONTENT, place_hash
from sigyn.store.reader import SegmentReader
from sigyn.store.streams import Int64s

_NONE: Int64s = np.empty(0, np.int64)
_PORTION_ROWS = 128 << 10
_EARLIEST, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class _Covered:
    """Of a segment, by ordinal of its streams: entries at t <= `until` or t >= `since` may be elsewhere too."""

    segment: SegmentInfo
    until: Int64s
    since: Int64s


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

    def rows(self, segments: Sequence[SegmentInfo]) -> dict[int, dict[int, Int64s]]:
        """Sorted numbers of rows that equal one in an older of `segments`, by id of the newer and of the older.

        The segments are of one tenant. Raises Unavailable when the object store can't be reached.
        """
        if len(segments) < 2:
            return {}
        tenant = segments[0].tenant
        known = self._tenants.get(tenant) or self._tenants.setdefault(tenant, _TenantDuplicates(self._reader))
        return known.rows(segments)

    def forget(self, segments: Iterable[SegmentInfo]) -> None:
        """Drops what is known about segments that are gone."""
        gone: dict[str, set[int]] = {}
        for segment in segments:
            gone.setdefault(segment.tenant, set()).add(segment.id)
        for tenant, ids in gone.items():
            known = self._tenants.get(tenant)
            if known is not None:
                known.forget(ids)


class _TenantDuplicates:
    """Which pairs of a tenant's segments were compared, and what was found. One thread at a time compares."""

    def __init__(self, reader: SegmentReader) -> None:
        self._reader = reader
        self._lock = Lock()
        self._compared: dict[int, set[int]] = {}  # newer -> older
        self._found: dict[int, dict[int, Int64s]] = {}  # newer -> older -> rows of newer

    def rows(self, segments: Sequence[SegmentInfo]) -> dict[int, dict[int, Int64s]]:
        with self._lock:
            pending = [pair for pair in overlapping_pairs(segments) if pair[0] not in self._compared.get(pair[1], ())]
            if pending:
                involved = {id for pair in pending for id in pair}
                unread = self._compare([segment for segment in segments if segment.id in involved])
                for older, newer in pending:
                    if not unread.isdisjoint((older, newer)):
                        continue  # an archive is restored, and an object that was lost may come back
                    self._compared.setdefault(newer, set()).add(older)
            present = {segment.id for segment in segments}
            answer = {}
            for newer in present & self._found.keys():
                by_older = {older: rows for older, rows in self._found[newer].items() if older in present}
                if by_older:
                    answer[newer] = by_older
            return answer

    def forget(self, gone: set[int]) -> None:
        with self._lock:
            for id in gone:
                self._compared.pop(id, None)
                self._found.pop(id, None)
            for older in self._compared.values():
                older -= gone
            for found in self._found.values():
                for id in gone & found.keys():
                    del found[id]

    def _compare(self, segments: Sequence[SegmentInfo]) -> set[int]:
        """Notes what is found; gives the ids of segments that can't be read: they are archived, or lost.

        Who reads a lost one next has it quarantined.
        """
        places = []
        unread = set()
        for covered in covered_by_others(segments):
            try:
                places.append(self._places(covered))
            except SegmentLost:
                unread.add(covered.segment.id)
        for some in _portions(_meeting(places)):
            unread |= self._compare_content(some)
        return unread

    def _places(self, covered: _Covered) -> _Places:
        segment = covered.segment
        groups = self._reader.row_groups(segment)
        numbers = [
            number
            for number, group in enumerate(groups)
            if _reaches(covered, group.first_row, group.first_row + group.rows)
        ]
        table = self._reader.read(segment, ["stream", "timestamp"], numbers)
        rows = _numbers([(groups[number].first_row, groups[number].rows) for number in numbers])
        ordinals = table["stream"].to_numpy()
        timestamps = table["timestamp"].to_numpy()
        kept = np.flatnonzero((timestamps <= covered.until[ordinals]) | (timestamps >= covered.since[ordinals]))
        ids, timestamps = segment.streams.ids[ordinals[kept]], timestamps[kept]
        return _Places(segment, rows[kept], timestamps, place_hash(ids, timestamps))

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
        order = np.lexsort((segment, group))
        group, segment, row = group[order], segment[order], row[order]
        found: dict[tuple[int, int], list[Int64s]] = {}
        for distance in range(1, int(sizes.max(initial=0))):
            newer = np.flatnonzero(group[distance:] == group[:-distance]) + distance
            pairs, which = np.unique(np.stack([segment[newer - distance], segment[newer]]), axis=1, return_inverse=True)
            for number, (older_id, newer_id) in enumerate(pairs.T.tolist()):
                found.setdefault((older_id, newer_id), []).append(row[newer[which == number]])
        for (older_id, newer_id), rows in found.items():
            known = self._found.setdefault(newer_id, {})
            known[older_id] = np.unique(np.concatenate([known.get(older_id, _NONE), *rows]))
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


def overlapping_pairs(segments: Sequence[SegmentInfo]) -> list[tuple[int, int]]:
    """Pairs of ids (older, newer) of segments of one tenant whose times overlap."""
    ordered = sorted(segments, key=lambda segment: segment.first)
    firsts = np.array([segment.first for segment in ordered], np.int64)
    lasts = np.array([segment.last for segment in ordered], np.int64)
    ids = np.array([segment.id for segment in ordered], np.int64)
    after = np.arange(1, len(ordered) + 1)
    counts = np.searchsorted(firsts, lasts, side="right") - after
    left = np.repeat(after - 1, counts)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    older, newer = np.minimum(ids[left], ids[right]), np.maximum(ids[left], ids[right])
    return list(zip(older.tolist(), newer.tolist(), strict=True))


def covered_by_others(segments: Sequence[SegmentInfo]) -> list[_Covered]:
    """Of each segment, what others among them cover in the same streams; those with nothing are left out."""
    sizes = [len(segment.streams) for segment in segments]
    streams = np.concatenate([segment.streams.ids for segment in segments])
    firsts = np.concatenate([segment.streams.first for segment in segments])
    lasts = np.concatenate([segment.streams.last for segment in segments])
    order = np.lexsort((firsts, streams))
    streams, firsts, lasts = streams[order], firsts[order], lasts[order]

    # The latest `last` before each place of the same stream: a running maximum over ranks, each stream's
    # ranks above those of the stream before it, so that the maximum begins anew with a stream.
    by_last = np.lexsort((lasts, streams))
    rank = np.empty(len(order), np.int64)
    rank[by_last] = np.arange(len(order))
    latest = lasts[by_last][np.maximum.accumulate(rank)]
    same_stream = streams[1:] == streams[:-1]

    until = np.full(len(order), _EARLIEST)
    reached = same_stream & (latest[:-1] >= firsts[1:])
    until[1:][reached] = latest[:-1][reached]
    since = np.full(len(order), _LATEST)
    reaches = same_stream & (firsts[1:] <= lasts[:-1])
    since[:-1][reaches] = firsts[1:][reaches]
    is_covered = np.zeros(len(order), np.bool_)
    is_covered[1:] |= reached
    is_covered[:-1] |= reaches

    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    answer = []
    start = 0
    for segment, size in zip(segments, sizes, strict=True):
        mine = places[start : start + size]
        start += size
        if is_covered[mine].any():
            answer.append(_Covered(segment, until[mine], since[mine]))
    return answer


def _reaches(covered: _Covered, start: int, end: int) -> bool:
    """Whether rows `start` to `end` may hold a covered entry."""
    streams = covered.segment.streams
    if streams.first_row[0] < 0:
        return True
    low = np.searchsorted(streams.first_row, start, side="right") - 1
    high = np.searchsorted(streams.first_row, end, side="left")
    inside = slice(int(low), int(high))
    return bool(
        ((streams.first[inside] <= covered.until[inside]) | (streams.last[inside] >= covered.since[inside])).any()
    )


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
    shared = np.unique(hashes[order][1:][crossing])
    met = [place.only(np.isin(place.hashes, shared)) for place in places]
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


def _numbers(runs: Sequence[tuple[int, int]]) -> Int64s:
    """The numbers of runs given as (first, count)."""
    return np.concatenate([_NONE, *(np.arange(first, first + count) for first, count in runs)])
