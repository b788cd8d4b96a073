"""Which entries of a segment another may hold too, told by the times of the streams that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sigyn.store.catalog import SegmentInfo
from sigyn.store.reader import SegmentReader
from sigyn.store.streams import Int64s

_EARLIEST, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class CoveredEntries:
    """Entries of a segment, rising: numbers of their rows, ordinals of their streams, timestamps."""

    rows: Int64s
    streams: Int64s
    timestamps: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """Of a segment, by ordinal of its streams: entries at t <= `until` or t >= `since` may be elsewhere too."""

    segment: SegmentInfo
    until: Int64s
    since: Int64s

    def entries(self, reader: SegmentReader) -> CoveredEntries:
        """Those entries. Raises SegmentLost, and Unavailable when the object store can't be reached."""
        if self.segment.streams.first_row[0] < 0:
            return self._looked_at_all(reader)
        return self._found_in_runs(reader)

    def _looked_at_all(self, reader: SegmentReader) -> CoveredEntries:
        portion = reader.portion(self.segment)
        streams = portion.column("stream").to_numpy()
        timestamps = portion.column("timestamp").to_numpy()
        rows = np.flatnonzero((timestamps <= self.until[streams]) | (timestamps >= self.since[streams]))
        return CoveredEntries(rows, streams[rows], timestamps[rows])

    def _found_in_runs(self, reader: SegmentReader) -> CoveredEntries:
        """Of a sorted segment: its rows are runs of a stream in a row group, of which the first and the last count."""
        table = self.segment.streams
        groups = reader.row_groups(self.segment)
        begins, sizes, first, last = np.array(
            [(group.first_row, group.rows, group.first, group.last) for group in groups], np.int64
        ).T
        some = np.flatnonzero((table.first <= self.until) | (table.last >= self.since))
        row_ends = table.first_row + table.rows
        lowest = np.searchsorted(begins, table.first_row[some], side="right") - 1
        counts = np.searchsorted(begins, row_ends[some], side="left") - lowest
        streams = np.repeat(some, counts)
        numbers = _ranges(lowest, lowest + counts)
        reached = (first[numbers] <= self.until[streams]) | (last[numbers] >= self.since[streams])
        streams, numbers = streams[reached], numbers[reached]
        read, place_of_number = np.unique(numbers, return_inverse=True)
        timestamps = reader.portion(self.segment, read.tolist()).column("timestamp").to_numpy()
        left_out = begins[read] - (np.cumsum(sizes[read]) - sizes[read])  # rows in front of a row group
        left_out = left_out[place_of_number]
        start = np.maximum(table.first_row[streams], begins[numbers]) - left_out
        end = np.minimum(row_ends[streams], (begins + sizes)[numbers]) - left_out
        early = _bisect(timestamps, start, end, self.until[streams], side="right")
        late = np.maximum(early, _bisect(timestamps, start, end, self.since[streams], side="left"))
        places = _ranges(np.stack([start, late], axis=1).ravel(), np.stack([early, end], axis=1).ravel())
        run_sizes = early - start + end - late
        return CoveredEntries(
            places + np.repeat(left_out, run_sizes), np.repeat(streams, run_sizes), timestamps[places]
        )


def covered_by_others(segments: Sequence[SegmentInfo], fresh: npt.NDArray[np.bool_]) -> list[Covered]:
    """Of each segment, what others among them cover in the same streams; those with nothing are left out.

    Of a segment that is not fresh, only what fresh ones cover: the rest was compared.
    """
    if not segments:
        return []
    sizes = [len(segment.streams) for segment in segments]
    streams = np.concatenate([segment.streams.ids for segment in segments])
    firsts = np.concatenate([segment.streams.first for segment in segments])
    lasts = np.concatenate([segment.streams.last for segment in segments])
    order = np.lexsort((firsts, streams))
    streams, firsts, lasts = streams[order], firsts[order], lasts[order]
    is_fresh = np.repeat(fresh, sizes)[order]
    same_stream = streams[1:] == streams[:-1]

    until = np.full(len(order), _EARLIEST)
    latest = _latest(streams, lasts)
    latest_fresh = _latest(streams, np.where(is_fresh, lasts, _EARLIEST))
    before = np.where(is_fresh[1:], latest[:-1], latest_fresh[:-1])
    reached = same_stream & (before >= firsts[1:])
    until[1:][reached] = before[reached]

    since = np.full(len(order), _LATEST)
    numbers = np.arange(len(order))
    next_fresh = np.minimum.accumulate(np.where(is_fresh, numbers, len(order))[::-1])[::-1]
    following = np.where(is_fresh[:-1], numbers[1:], next_fresh[1:])
    there = np.minimum(following, len(order) - 1)
    reaches = (following < len(order)) & (streams[there] == streams[:-1]) & (firsts[there] <= lasts[:-1])
    since[:-1][reaches] = firsts[there][reaches]
    is_covered = np.zeros(len(order), np.bool_)
    is_covered[1:] |= reached
    is_covered[:-1] |= reaches

    places = np.empty(len(order), np.int64)
    places[order] = numbers
    answer = []
    start = 0
    for segment, size in zip(segments, sizes, strict=True):
        mine = places[start : start + size]
        start += size
        if is_covered[mine].any():
            answer.append(Covered(segment, until[mine], since[mine]))
    return answer


def _latest(streams: Int64s, lasts: Int64s) -> Int64s:
    """The latest of `lasts` up to each place of the same stream; `streams` is sorted.

    A running maximum over ranks, each stream's ranks above those of the stream before it, so that the maximum begins
    anew with a stream.
    """
    by_last = np.lexsort((lasts, streams))
    rank = np.empty(len(lasts), np.int64)
    rank[by_last] = np.arange(len(lasts))
    return np.asarray(lasts[by_last][np.maximum.accumulate(rank)])


def _ranges(begins: Int64s, ends: Int64s) -> Int64s:
    """The numbers from each begin to its end, one range after the other."""
    counts = ends - begins
    return np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def _bisect(values: Int64s, begins: Int64s, ends: Int64s, sought: Int64s, *, side: Literal["left", "right"]) -> Int64s:
    """As `numpy.searchsorted`, in each of the sorted runs of `values` for a value of its own."""
    low, high = begins.copy(), ends.copy()
    while (is_open := low < high).any():
        middle = np.where(is_open, (low + high) // 2, begins)
        found = values[middle]
        is_before = found <= sought if side == "right" else found < sought
        low = np.where(is_open & is_before, middle + 1, low)
        high = np.where(is_open & ~is_before, middle, high)
    return low
