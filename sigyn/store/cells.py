"""Entries of several segments that may be in two of them, by cells: spans of the time of one stream.

What is told of a segment before it is read is from when to when a stream has entries. One that came late makes that a
day, and each entry of all other segments may then be a copy. So the time of each stream is cut into cells until little
is left of it, and that costs what the fewer entries are worth, not the more:

- a cell ends where a second segment begins and ends to have entries;
- one with entries of one segment is dropped unread, and so is one in which all were compared;
- where those of one segment, or those that were compared, are many times the others, the others are looked up in them;
- where entries of several segments are among each other, all are taken;
- any other is cut in two, where runs begin, or in the middle of its time.

Equal entries are in one cell, whichever way it is cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sigyn.store.ranges import bisect, ranges
from sigyn.store.runs import Entries, RunReader, Runs, joined_entries, joined_runs
from sigyn.store.streams import Int64s

Flags = npt.NDArray[np.bool_]

_MANY = 8  # times as many: a search among sorted entries costs about as much as to sort so many of them
_FEW = 1024  # entries: to take them all costs less than to read a row group
_PORTION = 256 << 10  # entries that are given at a time
_AT_ONCE = 4 << 20  # entries of some streams, whose timestamps stay in memory while their cells are cut
_ENTRIES_OF_RUN = 16  # that take as much memory as what is known of a run
_LATEST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Runs by cell, and in a cell by segment; `cell` are numbers from 0, of which each has a run."""

    cell: Int64s
    runs: Runs

    def __len__(self) -> int:
        return len(self.cell)

    @property
    def starts(self) -> Int64s:
        return np.flatnonzero(np.diff(self.cell, prepend=-1))

    @property
    def sizes(self) -> Int64s:
        return self.runs.ends - self.runs.begins

    def only(self, which: Flags) -> "_Cells":
        return _Cells(_numbered(self.cell[which]), self.runs.only(which))


def entries_in_cells(runs: Runs, is_fresh: Flags, reader: RunReader) -> Iterator[Entries]:
    """Portions of entries, of which each has all that share stream and timestamp between two segments.

    One of the two is fresh at least; `is_fresh` tells by place of the segment. Others that share with none may be among
    them. What is lost is left out.
    """
    order = np.lexsort((runs.segments, runs.streams))
    streams, sizes = runs.streams[order], (runs.ends - runs.begins)[order] + _ENTRIES_OF_RUN
    of_portion = (np.cumsum(sizes) // _AT_ONCE)[np.searchsorted(streams, streams)]  # that of its stream's first run
    for some in np.split(order, np.flatnonzero(np.diff(of_portion)) + 1):
        yield from _in_cells(_Cells(_numbered(runs.streams[some]), runs.only(some)), is_fresh, reader)


def _in_cells(cells: _Cells, is_fresh: Flags, reader: RunReader) -> Iterator[Entries]:
    while True:
        cells = _shared(cells, is_fresh, reader)
        cells = _shared(_trimmed(cells, is_fresh, reader), is_fresh, reader)
        if not len(cells):
            return
        is_done, is_searched = _decided(cells, is_fresh)
        done = is_done[cells.cell]
        yield from _taken(cells.only(done), is_searched[done], reader)
        cells, among_each_other = _halves(cells.only(~done), reader)
        yield from _taken(among_each_other, np.zeros(len(among_each_other), np.bool_), reader)


def _shared(cells: _Cells, is_fresh: Flags, reader: RunReader) -> _Cells:
    """The cells with entries of two segments, one of which is fresh."""
    cells = cells.only((cells.sizes > 0) & ~reader.lost[cells.runs.segments])
    if not len(cells):
        return cells
    starts, segments = cells.starts, cells.runs.segments
    has_two = np.minimum.reduceat(segments, starts) < np.maximum.reduceat(segments, starts)
    return cells.only((has_two & np.logical_or.reduceat(is_fresh[segments], starts))[cells.cell])


def _trimmed(cells: _Cells, is_fresh: Flags, reader: RunReader) -> _Cells:
    """Without what is before or after all entries of all other segments, or of those that are fresh."""
    if not len(cells):
        return cells
    since = _latest_begin(cells, cells.runs.lows, is_fresh)
    until = ~_latest_begin(cells, ~cells.runs.highs, is_fresh)  # the same of time that runs backwards
    cut = reader.cut(cells.runs, since[cells.cell], side="left")
    has_some = cut.places < cells.runs.ends
    cell, runs = cells.cell[has_some], replace(cells.runs, begins=cut.places, lows=cut.lows_behind).only(has_some)
    cut = reader.cut(runs, until[cell], side="right")
    return _Cells(_numbered(cell), replace(runs, ends=cut.places, highs=cut.highs_before))


def _latest_begin(cells: _Cells, begins: Int64s, is_fresh: Flags) -> Int64s:
    """For each cell the first time from which on two segments have entries, and one that is fresh."""
    starts, segments = cells.starts, cells.runs.segments
    first = np.minimum.reduceat(begins, starts)
    owner = np.minimum.reduceat(np.where(begins == first[cells.cell], segments, _LATEST), starts)
    second = np.minimum.reduceat(np.where(segments == owner[cells.cell], _LATEST, begins), starts)
    return np.maximum(second, np.minimum.reduceat(np.where(is_fresh[segments], begins, _LATEST), starts))


def _decided(cells: _Cells, is_fresh: Flags) -> tuple[Flags, Flags]:
    """Of which cells the entries are to be taken now, and the runs of which only those that equal another are."""
    starts, sizes, segments = cells.starts, cells.sizes, cells.runs.segments
    total = np.add.reduceat(sizes, starts)
    fresh = np.add.reduceat(np.where(is_fresh[segments], sizes, 0), starts)
    largest, owner, segments_in = _largest(cells)
    by_fresh = (_MANY * fresh <= total) & (total > _FEW)
    by_largest = (_MANY * (total - largest) <= total) & (total > _FEW)
    is_searched = np.where(
        by_fresh[cells.cell], ~is_fresh[segments], by_largest[cells.cell] & (segments == owner[cells.cell])
    )
    taken = np.add.reduceat(np.where(is_searched, 0, sizes), starts)
    is_decided = by_fresh | by_largest | (segments_in == 2) | (total <= _FEW)
    is_instant = np.minimum.reduceat(cells.runs.lows, starts) == np.maximum.reduceat(cells.runs.highs, starts)
    return (is_decided & (taken <= _PORTION)) | is_instant, is_searched


def _largest(cells: _Cells) -> tuple[Int64s, Int64s, Int64s]:
    """For each cell the most entries that a segment has in it, which one that is, and how many segments there are."""
    cell, segments = cells.cell, cells.runs.segments
    starts = np.flatnonzero((np.diff(cell, prepend=-1) != 0) | (np.diff(segments, prepend=-1) != 0))
    sizes = np.add.reduceat(cells.sizes, starts)
    cell, segments = cell[starts], segments[starts]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    largest = np.maximum.reduceat(sizes, starts)
    owner = np.minimum.reduceat(np.where(sizes == largest[cell], segments, _LATEST), starts)
    return largest, owner, np.diff(starts, append=len(cell))


def _halves(cells: _Cells, reader: RunReader) -> tuple[_Cells, _Cells]:
    """Both halves of each cell, and whole those in which entries of several segments are among each other."""
    if not len(cells):
        return cells, cells
    starts, runs = cells.starts, cells.runs
    first, last = np.minimum.reduceat(runs.lows, starts), np.maximum.reduceat(runs.highs, starts)
    by_begin = runs.lows[np.lexsort((runs.lows, cells.cell))]
    middle = by_begin[starts + np.diff(starts, append=len(by_begin)) // 2]
    middle = np.where(
        middle > first, middle, (first | last) - ((first ^ last) >> 1)
    )  # of which the sum may be too much
    cut = reader.cut(runs, middle[cells.cell], side="left")

    smaller = np.minimum(cut.places - runs.begins, runs.ends - cut.places)
    on_both_sides = np.add.reduceat(smaller, starts) - np.maximum.reduceat(smaller, starts)
    total = np.add.reduceat(cells.sizes, starts)
    whole = ((total <= _MANY * on_both_sides) & (total <= _PORTION))[cells.cell]

    before = replace(runs, ends=cut.places, highs=cut.highs_before).only(~whole)
    behind = replace(runs, begins=cut.places, lows=cut.lows_behind).only(~whole)
    cell = 2 * cells.cell[~whole]
    halves = np.concatenate([cell, cell + 1])
    order = np.argsort(halves, kind="stable")
    return _Cells(_numbered(halves[order]), joined_runs([before, behind]).only(order)), cells.only(whole)


def _taken(cells: _Cells, is_searched: Flags, reader: RunReader) -> Iterator[Entries]:
    """All entries, but of runs that are searched only those whose time another has. Each portion has whole cells."""
    if not len(cells):
        return
    taken = np.add.reduceat(np.where(is_searched, 0, cells.sizes), cells.starts)
    portion = ((np.cumsum(taken) - taken) // _PORTION)[cells.cell]
    for some in np.split(np.arange(len(portion)), np.flatnonzero(np.diff(portion)) + 1):
        runs, searched = cells.runs.only(some), is_searched[some]
        found = joined_entries(reader.entries(runs.only(~searched)))
        if searched.any():
            yield joined_entries([found, *_equal(found, runs.only(searched), reader)])
        else:
            yield found


def _equal(sought: Entries, runs: Runs, reader: RunReader) -> Iterator[Entries]:
    """The entries of runs that share stream and timestamp with one that is sought."""
    order = np.lexsort((sought.timestamps, sought.streams))
    streams, timestamps = sought.streams[order], sought.timestamps[order]
    is_first = np.append(True, (np.diff(streams) != 0) | (np.diff(timestamps) != 0))[: len(order)]
    streams, timestamps = streams[is_first], timestamps[is_first]
    begins, ends = (np.searchsorted(streams, runs.streams, side=side) for side in ("left", "right"))
    since = bisect(timestamps, begins, ends, runs.lows, side="left")
    until = bisect(timestamps, begins, ends, runs.highs, side="right")
    before = np.cumsum(until - since) - (until - since)
    for some in np.split(np.arange(len(runs)), np.flatnonzero(np.diff(before // _PORTION)) + 1):
        times = timestamps[ranges(since[some], until[some])]
        pairs = runs.only(np.repeat(some, (until - since)[some]))
        begins = reader.cut(pairs, times, side="left").places
        ends = reader.cut(pairs, times, side="right").places
        found = replace(pairs, begins=begins, ends=ends)
        yield from reader.entries(found.only(begins < ends))


def _numbered(rising: Int64s) -> Int64s:
    """The same with numbers from 0 without gaps."""
    return np.cumsum(np.diff(rising, prepend=rising[:1]) != 0)
