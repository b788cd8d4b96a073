"""Exact duplicates between segments, found without reading lines unless two entries meet in place.

A client that got no answer sends again, and the copy may land in another segment. Until a
compaction brings both together, a reader must leave one out: of equal entries in live segments the
one in the segment with the smallest id counts.

A ladder, each rung for what the one above left over:
1. segments that were not compared before (segments never change), and those whose times overlap theirs;
2. streams that a new one has with another, and in them the times that both cover, from the stream tables;
3. times in which both have entries, and the few of one looked up among the many of another (see cells);
4. a hash of (stream, timestamp) of what is left, sorted to find equal ones;
5. line and structured metadata of entries that share stream and timestamp.

Nothing is kept or counted by pairs: while compaction lags, thousands of segments of one time may wait for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Condition

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store.catalog import SegmentInfo
from sigyn.store.cells import entries_in_cells
from sigyn.store.compared import ComparedSegments, bounds_of, overlapping
from sigyn.store.copies import NO_COPIES, Copies, copies, put_together
from sigyn.store.covered import covered_by_others
from sigyn.store.errors import SegmentLost
from sigyn.store.identical import CONTENT, place_hash
from sigyn.store.portion import Portion
from sigyn.store.reader import SegmentReader
from sigyn.store.runs import Entries, RunReader, joined_entries
from sigyn.store.streams import Int64s

_NONE: Int64s = np.empty(0, np.int64)
_GATHERED_ENTRIES = 128 << 10  # that are compared by hash together
_GROUPS_AT_ONCE = 8  # row groups that are read together: 64 Ki entries, some 20 MB of text
_PORTION_ROWS = 128 << 10  # that are compared by content together


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Entries by segment (its place among those that are compared) and row number, both rising; their timestamps."""

    segments: Int64s
    rows: Int64s
    timestamps: Int64s


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
    """Which of a tenant's segments were compared, and what was found.

    Who asks about segments that another thread is comparing waits for it; nobody waits for the comparison of others.
    """

    def __init__(self, reader: SegmentReader) -> None:
        self._reader = reader
        self._changed = Condition()
        self._under_way: list[frozenset[int]] = []  # ids that are fresh in a comparison
        self._compared = ComparedSegments()
        self._found = NO_COPIES

    def copies(self, segments: Sequence[SegmentInfo]) -> Copies:
        ids = np.array([segment.id for segment in segments], np.int64)
        with self._changed:
            while (fresh := self._compared.fresh(segments)).any():
                mine = frozenset(ids[fresh].tolist())
                if all(mine.isdisjoint(others) for others in self._under_way):
                    self._under_way.append(mine)
                    break
                self._changed.wait()
            else:
                return self._found.within(ids)
        try:
            found, unread = self._compare(*_meeting_in_time(segments, fresh))
            with self._changed:
                self._found = self._found.joined(found)
                # An archive is restored, and an object that was lost may come back.
                self._compared.add(ids[~np.isin(ids, list(unread))])
                return self._found.within(ids)
        finally:
            with self._changed:
                self._under_way.remove(mine)
                self._changed.notify_all()

    def forget(self, gone: Sequence[int]) -> None:
        with self._changed:  # they are in no snapshot, and so in no comparison that is under way
            self._compared.forget(gone)
            self._found = self._found.without(gone)

    def _compare(self, segments: Sequence[SegmentInfo], fresh: npt.NDArray[np.bool_]) -> tuple[Copies, set[int]]:
        """What is found, and the ids of segments that can't be read: they are archived, or lost.

        Who reads a lost one next has it quarantined.
        """
        found = []  # which share no row: equal entries are in one cell, and in one portion
        reader = RunReader(self._reader, segments)
        runs = reader.runs(covered_by_others(segments, fresh))
        for entries in _gathered(entries_in_cells(runs, fresh, reader)):
            for some in _portions(_places(_meeting(entries), reader)):
                found.append(self._equal(segments, some, reader))
        return put_together(found), {segments[place].id for place in np.flatnonzero(reader.lost).tolist()}

    def _equal(self, segments: Sequence[SegmentInfo], places: _Places, reader: RunReader) -> Copies:
        """Those of these entries that equal each other."""
        tables = []
        for own in np.split(np.arange(len(places.rows)), np.flatnonzero(np.diff(places.segments)) + 1):
            place = int(places.segments[own[0]])
            try:
                tables.append(self._content(segments[place], places.rows[own]))
            except SegmentLost:
                reader.lost[place] = True
        if not tables:
            return NO_COPIES
        entries = pa.concat_tables(tables)
        groups = entries.group_by(CONTENT, use_threads=False).aggregate([("segment", "list"), ("row", "list")])
        sizes = groups["segment_list"].combine_chunks().value_lengths().to_numpy()
        group = np.repeat(np.arange(len(sizes)), sizes)
        segment = groups["segment_list"].combine_chunks().flatten().to_numpy()
        row = groups["row_list"].combine_chunks().flatten().to_numpy()
        return copies(group, segment, row)

    def _content(self, segment: SegmentInfo, rows: Int64s) -> pa.Table:
        """The entries in these rows, with ids of streams, the segment's id and row numbers. Raises SegmentLost."""
        groups = self._reader.row_groups(segment)
        firsts = np.array([group.first_row for group in groups])
        touched, begins = np.unique(np.searchsorted(firsts, rows, side="right") - 1, return_index=True)
        tables = []
        for some in range(0, len(touched), _GROUPS_AT_ONCE):
            numbers = touched[some : some + _GROUPS_AT_ONCE].tolist()
            end = begins[some + _GROUPS_AT_ONCE] if some + _GROUPS_AT_ONCE < len(begins) else len(rows)
            own = rows[begins[some] : end]
            sizes = np.array([groups[number].rows for number in numbers])
            left_out = firsts[numbers] - (np.cumsum(sizes) - sizes)
            of_group = np.searchsorted(firsts[numbers], own, side="right") - 1
            tables.append(_entries_of(self._reader.portion(segment, numbers), own - left_out[of_group]))
        entries = pa.concat_tables(tables)
        ids = segment.streams.ids[entries["stream"].to_numpy()]
        return (
            entries.set_column(0, "stream", pa.array(ids))
            .append_column("segment", pa.array(np.full(len(entries), segment.id)))
            .append_column("row", pa.array(rows))
        )


def _entries_of(portion: Portion, rows: Int64s) -> pa.Table:
    """CONTENT of these entries (rising)."""
    portion.load_entries(rows)
    columns = [portion.lines(rows) if name == "line" else portion.at(name, rows) for name in CONTENT]
    schema = pa.schema([ENTRY_SCHEMA.field(name) for name in CONTENT])
    return pa.table([column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def _meeting_in_time(
    segments: Sequence[SegmentInfo], fresh: npt.NDArray[np.bool_]
) -> tuple[Sequence[SegmentInfo], npt.NDArray[np.bool_]]:
    """The segments whose times overlap that of a fresh one, and fresh ones that any overlaps; which are fresh."""
    firsts, lasts = bounds_of(segments)
    by_fresh = overlapping(firsts, lasts, firsts[fresh], lasts[fresh])
    by_any = overlapping(firsts, lasts, firsts, lasts)
    meeting = np.flatnonzero(np.where(fresh, by_any > 1, by_fresh > 0))  # a fresh one overlaps itself
    return [segments[place] for place in meeting.tolist()], fresh[meeting]


def _gathered(pieces: Iterator[Entries]) -> Iterator[Entries]:
    """The same in fewer pieces: to look at lines is cheaper where those of a row group are asked for together."""
    waiting: list[Entries] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(len(each) for each in waiting) >= _GATHERED_ENTRIES:
            yield joined_entries(waiting)
            waiting = []
    yield joined_entries(waiting)


def _meeting(entries: Entries) -> Entries:
    """Only the entries whose hash another segment has as well."""
    hashes = place_hash(entries.streams, entries.timestamps)
    ordered = np.sort(hashes)
    if not (ordered[1:] == ordered[:-1]).any():
        return entries.only(np.empty(0, np.int64))
    order = np.lexsort((entries.segments, hashes))
    hashes, segments = hashes[order], entries.segments[order]
    run = np.cumsum(np.diff(hashes, prepend=hashes[:1]) != 0)
    crossing = (run[1:] == run[:-1]) & (segments[1:] != segments[:-1])
    is_shared = np.zeros(int(run[-1]) + 1, np.bool_)
    is_shared[run[1:][crossing]] = True
    return entries.only(order[is_shared[run]])


def _places(entries: Entries, reader: RunReader) -> _Places:
    """Where these entries are, without those of which that can't be read."""
    segments, rows, timestamps = [_NONE], [_NONE], [_NONE]
    order = np.argsort(entries.segments, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(entries.segments[order])) + 1):
        if len(own) and not reader.lost[entries.segments[own[0]]]:
            mine = reader.rows(int(entries.segments[own[0]]), entries.places[own])
            by_row = np.argsort(mine)
            segments.append(entries.segments[own[by_row]][: len(mine)])
            rows.append(mine[by_row])
            timestamps.append(entries.timestamps[own[by_row]][: len(mine)])
    return _Places(np.concatenate(segments), np.concatenate(rows), np.concatenate(timestamps))


def _portions(places: _Places) -> Iterator[_Places]:
    """The same places by time, so that the text of each portion fits in memory: a client may send all again."""
    timestamps = np.sort(places.timestamps)
    edges = np.unique(timestamps[::_PORTION_ROWS]).tolist()
    for since, until in zip(edges, [*edges[1:], None], strict=False):
        own = (places.timestamps >= since) & (True if until is None else places.timestamps < until)
        yield _Places(places.segments[own], places.rows[own], places.timestamps[own])
