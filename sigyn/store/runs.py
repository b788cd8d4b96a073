"""Entries of several segments as runs: those of one stream in one row group, sorted by time, read where that is needed.

A segment that is not sorted is read and sorted as a whole: it is small, or will be compacted soon.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from sigyn.store.bounded_cache import BoundedCache
from sigyn.store.catalog import SegmentInfo
from sigyn.store.covered import Covered
from sigyn.store.errors import SegmentLost
from sigyn.store.ranges import Side, bisect, ranges
from sigyn.store.reader import SegmentReader
from sigyn.store.streams import Int64s

_KEPT_BYTES = 32 << 20  # of timestamps of sorted segments: the next question is about the same, as a rule
_HELD = -1  # in place of a row group's number: timestamps that stay in memory
_HELD_SHARE = 8  # of what was read: then the rest is let go
_SORTED_AT_ONCE = 64 << 10  # entries of segments that are not sorted
_ROWS_AT_ONCE = 128 << 10  # whose timestamps are put together for one bisection: they fit in a processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class _InStreams:
    """Things of several segments: places of their segments among those that are compared, and ids of streams."""

    segments: Int64s
    streams: Int64s

    def __len__(self) -> int:
        return len(self.segments)

    def only(self, which: npt.NDArray[np.bool_] | Int64s) -> Self:
        """Those that are chosen, or those with these numbers."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Runs(_InStreams):
    """Runs, or parts of them. All arrays are int64 and of one length.

    groups        numbers of their row groups, or _HELD
    shifts        what is to be added to a place to have the place in the row group, or in what is held
    begins, ends  places of their entries: numbers of rows; of a segment that is not sorted, places among what is held
    lows, highs   no entry is earlier or later than these timestamps (ns)
    """

    groups: Int64s
    shifts: Int64s
    begins: Int64s
    ends: Int64s
    lows: Int64s
    highs: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Entries(_InStreams):
    """Entries: places as in `Runs`, and timestamps (ns)."""

    places: Int64s
    timestamps: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Runs cut at a time each: the place of the first entry behind it, and bounds of the timestamps on both sides."""

    places: Int64s
    highs_before: Int64s
    lows_behind: Int64s


class RunReader:
    """Reads runs of these segments; what was read last is kept. Not for several threads.

    Raises Unavailable when the object store can't be reached.
    """

    def __init__(self, reader: SegmentReader, segments: Sequence[SegmentInfo]) -> None:
        """`lost` says of which segments something could not be read: what is told of them means nothing."""
        self.lost = np.zeros(len(segments), np.bool_)
        self._reader = reader
        self._segments = segments
        self._kept: BoundedCache[tuple[int, int], Int64s] = BoundedCache(_KEPT_BYTES, lambda times: times.nbytes)
        self._held = _Growing()
        self._rows = _Growing()  # of the first that are held, which are all of segments that are not sorted

    def runs(self, covered: Sequence[Covered]) -> Runs:
        """The runs in which the entries are that another segment may have.

        Read are segments that are not sorted; of others, row groups in which what matters of a stream begins or ends.
        """
        sorted_ones = [each for each in covered if self._is_sorted(each.place)]
        found = list(self._unsorted_runs([each for each in covered if not self._is_sorted(each.place)]))
        for some in sorted_ones:
            try:
                found.append(self._sorted_runs(some))
            except SegmentLost:
                self.lost[some.place] = True
        return joined_runs(found)

    def _is_sorted(self, segment: int) -> bool:
        return bool(self._segments[segment].streams.first_row[0] >= 0)

    def _unsorted_runs(self, covered: Sequence[Covered]) -> Iterator[Runs]:
        """Those of several segments at a time, as there may be thousands of a few entries."""
        read: list[tuple[int, Int64s, Int64s, Int64s]] = []
        entries = 0
        for some in covered:
            try:
                portion = self._reader.portion(self._segments[some.place])
                streams, timestamps = portion.column("stream").to_numpy(), portion.column("timestamp").to_numpy()
            except SegmentLost:
                self.lost[some.place] = True
                continue
            rows = np.flatnonzero((timestamps <= some.until[streams]) | (timestamps >= some.since[streams]))
            read.append((some.place, rows, self._segments[some.place].streams.ids[streams[rows]], timestamps[rows]))
            entries += len(rows)
            if entries >= _SORTED_AT_ONCE:
                yield self._in_order(read)
                read, entries = [], 0
        if entries:
            yield self._in_order(read)

    def _in_order(self, read: Sequence[tuple[int, Int64s, Int64s, Int64s]]) -> Runs:
        places, rows, ids, timestamps = zip(*read, strict=True)
        segments = np.repeat(places, [len(each) for each in rows])
        order = np.lexsort((np.concatenate(timestamps), np.concatenate(ids), segments))
        segments, streams = segments[order], np.concatenate(ids)[order]
        times = np.concatenate(timestamps)[order]
        self._rows.add(np.concatenate(rows)[order])
        first = self._held.add(times)
        changes = np.flatnonzero((np.diff(segments) != 0) | (np.diff(streams) != 0)) + 1
        begins, ends = np.append(0, changes), np.append(changes, len(order))
        nothing = np.zeros(len(begins), np.int64)
        return Runs(
            segments[begins], streams[begins], nothing + _HELD, nothing,
            begins + first, ends + first, times[begins], times[ends - 1],
        )  # fmt: skip

    def _sorted_runs(self, covered: Covered) -> Runs:
        table = self._segments[covered.place].streams
        groups = self._reader.row_groups(self._segments[covered.place])
        begins, sizes, first, last = np.array(
            [(group.first_row, group.rows, group.first, group.last) for group in groups], np.int64
        ).T
        some = np.flatnonzero((table.first <= covered.until) | (table.last >= covered.since))
        row_ends = table.first_row + table.rows
        lowest = np.searchsorted(begins, table.first_row[some], side="right") - 1
        counts = np.searchsorted(begins, row_ends[some], side="left") - lowest
        streams = np.repeat(some, counts)
        numbers = ranges(lowest, lowest + counts)
        lows = np.maximum(table.first[streams], first[numbers])
        highs = np.minimum(table.last[streams], last[numbers])
        found = Runs(
            np.full(len(streams), covered.place), table.ids[streams], numbers, -begins[numbers],
            np.maximum(table.first_row[streams], begins[numbers]),
            np.minimum(row_ends[streams], (begins + sizes)[numbers]),
            lows, highs,
        )  # fmt: skip
        until, since = covered.until[streams], covered.since[streams]
        is_whole = (highs <= until) | (lows >= since)
        is_cut = ~is_whole & ((lows <= until) | (highs >= since))
        ends_of_runs = self._ends(found.only(is_cut), until[is_cut], since[is_cut])
        return joined_runs([found.only(is_whole), ends_of_runs])

    def _ends(self, runs: Runs, until: Int64s, since: Int64s) -> Runs:
        """What is up to the one time and from the other on, of runs of a segment.

        Most segments share nothing but some seconds with the next: that little is held, so that it is read once.
        """
        found = []
        for some, offsets, timestamps in self._read(runs, np.arange(len(runs))):
            begins, ends = runs.begins[some] + offsets, runs.ends[some] + offsets
            early = bisect(timestamps, begins, ends, until[some], side="right")
            late = bisect(timestamps, early, ends, since[some], side="left")
            begins, ends = np.concatenate([begins, late]), np.concatenate([early, ends])
            has_some = begins < ends
            begins, ends, offsets = begins[has_some], ends[has_some], np.tile(offsets, 2)[has_some]
            part = replace(
                runs.only(np.tile(some, 2)[has_some]),
                begins=begins - offsets, ends=ends - offsets,
                lows=timestamps[begins], highs=timestamps[ends - 1],
            )  # fmt: skip
            counts = ends - begins
            if _HELD_SHARE * int(counts.sum()) <= len(timestamps):
                shifts = self._held.add(timestamps[ranges(begins, ends)]) + np.cumsum(counts) - counts - part.begins
                part = replace(part, groups=np.full(len(part), _HELD), shifts=shifts)
                self._kept.forget(zip(runs.segments[some].tolist(), runs.groups[some].tolist(), strict=True))
            found.append(part)
        return joined_runs(found)

    def cut(self, runs: Runs, times: Int64s, *, side: Side) -> Cut:
        """Cuts each run in front of the first entry at its time or later (`left`), or later (`right`)."""
        if side == "left":
            is_before, is_open = runs.highs < times, (runs.lows < times) & (times <= runs.highs)
        else:
            is_before, is_open = runs.highs <= times, (runs.lows <= times) & (times < runs.highs)
        places = np.where(is_before, runs.ends, runs.begins)
        highs, lows = runs.highs.copy(), runs.lows.copy()
        for some, offsets, timestamps in self._read(runs, np.flatnonzero(is_open)):
            begins, ends = runs.begins[some] + offsets, runs.ends[some] + offsets
            found = bisect(timestamps, begins, ends, times[some], side=side)
            places[some] = found - offsets
            has_before, has_behind = found > begins, found < ends
            highs[some[has_before]] = timestamps[found[has_before] - 1]
            lows[some[has_behind]] = timestamps[found[has_behind]]
        return Cut(places, highs, lows)

    def entries(self, runs: Runs) -> Iterator[Entries]:
        """All entries of runs, in pieces."""
        for some, offsets, timestamps in self._read(runs, np.arange(len(runs))):
            counts = runs.ends[some] - runs.begins[some]
            places = ranges(runs.begins[some], runs.ends[some])
            yield Entries(
                np.repeat(runs.segments[some], counts), np.repeat(runs.streams[some], counts),
                places, timestamps[places + np.repeat(offsets, counts)],
            )  # fmt: skip

    def rows(self, segment: int, places: Int64s) -> Int64s:
        """The numbers of the rows in which entries of a segment are."""
        return places if self._is_sorted(segment) else self._rows.all()[places]

    def _read(self, runs: Runs, which: Int64s) -> Iterator[tuple[Int64s, Int64s, Int64s]]:
        """Some of these runs, what is to be added to their places, and an array that has their timestamps there."""
        is_held = runs.groups[which] == _HELD
        if is_held.any():
            held = which[is_held]
            yield held, runs.shifts[held], self._held.all()
            which = which[~is_held]
        which = which[np.lexsort((runs.groups[which], runs.segments[which]))]
        numbers: list[Int64s] = []
        offsets: list[Int64s] = []
        timestamps: list[Int64s] = []
        rows = 0
        for own in np.split(which, np.flatnonzero(np.diff(runs.segments[which])) + 1):
            groups, group = np.unique(runs.groups[own], return_inverse=True)
            loaded = self._groups(int(runs.segments[own[0]]), groups.tolist()) if len(own) else ()
            if not loaded:
                continue
            sizes = np.array([len(each) for each in loaded])
            numbers.append(own)
            offsets.append((rows + np.cumsum(sizes) - sizes)[group] + runs.shifts[own])
            timestamps += loaded
            rows += int(sizes.sum())
            if rows >= _ROWS_AT_ONCE:
                yield np.concatenate(numbers), np.concatenate(offsets), np.concatenate(timestamps)
                numbers, offsets, timestamps, rows = [], [], [], 0
        if rows:
            yield np.concatenate(numbers), np.concatenate(offsets), np.concatenate(timestamps)

    def _groups(self, segment: int, numbers: Sequence[int]) -> Sequence[Int64s]:
        """The timestamps of row groups of a segment; nothing where one of them is lost."""
        groups = {number: self._kept.get((segment, number)) for number in numbers}
        missing = [number for number, times in groups.items() if times is None]
        try:
            for number, times in self._load(self._segments[segment], missing):
                groups[number] = times
                self._kept.put((segment, number), times)
        except SegmentLost:
            self.lost[segment] = True
            return []
        return [times for times in groups.values() if times is not None]

    def _load(self, segment: SegmentInfo, numbers: Sequence[int]) -> Iterator[tuple[int, Int64s]]:
        if numbers:
            groups = self._reader.row_groups(segment)
            timestamps = self._reader.portion(segment, numbers).column("timestamp").to_numpy()
            ends = np.cumsum([groups[number].rows for number in numbers])
            for number, own in zip(numbers, np.split(timestamps, ends[:-1]), strict=True):
                yield number, own.copy()  # so that what is given up does not stay with its neighbors


class _Growing:
    """One array of pieces, put together when it is asked for."""

    def __init__(self) -> None:
        self._pieces: list[Int64s] = [np.empty(0, np.int64)]
        self._size = 0

    def add(self, piece: Int64s) -> int:
        """The place at which it begins."""
        self._pieces.append(piece)
        self._size += len(piece)
        return self._size - len(piece)

    def all(self) -> Int64s:
        if len(self._pieces) > 1:
            self._pieces = [np.concatenate(self._pieces)]
        return self._pieces[0]


def joined_runs(some: Sequence[Runs]) -> Runs:
    """All of these, one after the other."""
    none: Int64s = np.empty(0, np.int64)
    return Runs(*(np.concatenate([none, *(getattr(each, field.name) for each in some)]) for field in fields(Runs)))


def joined_entries(some: Iterable[Entries]) -> Entries:
    """All of these, one after the other."""
    pieces = list(some)
    none: Int64s = np.empty(0, np.int64)
    return Entries(
        *(np.concatenate([none, *(getattr(each, field.name) for each in pieces)]) for field in fields(Entries))
    )
