"""The newest lines of each of several intervals, as columns.

An answer to a log query is made of objects, and to ask for the intervals one by one takes the same row groups apart
again and again. Here all are read at once: first nothing but times, of row groups that reach into the end of an
interval, then what is held of the lines that are chosen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.context import QueryContext
from sigyn.engine.scan import TEXT_AT_ONCE, Part, Scan, surviving
from sigyn.model.errors import QueryError
from sigyn.model.results import LineSample, LogEntry
from sigyn.store.catalog import SegmentInfo

Int64s = npt.NDArray[np.int64]

Places: TypeAlias = Int64s
"""Of entries in five rows: interval, time, number of the part in the order of arrival, row of its segment, stream."""

_LEVEL = "detected_level"

_SPARE = 2  # times as many lines as are wanted lie in the piece of an interval that is looked at first, about
_WIDER = 4  # times as wide is the next piece where there were too few
_NEVER = np.iinfo(np.int64).max
WORTH_AN_END = 131_072  # rows of row groups that reach into it: below, lines are read sooner than times first
_ROWS_AT_ONCE = 4096  # of lines, which may have 256 KB each where most are short


@dataclass(frozen=True, slots=True)
class _Groups:
    """All row groups of a scan: part, number in the segment, times (ns, inclusive), rows, about how many match."""

    parts: Int64s
    numbers: Int64s
    first: Int64s
    last: Int64s
    rows: Int64s
    matching: npt.NDArray[np.float64]


def newest_lines(scan: Scan, edges: Int64s, most: int, context: QueryContext) -> LineSample:
    """The newest `most` lines, or fewer where there are no more, of each edges[i] <= t < edges[i + 1].

    They are those that a log query without stages gives, in its order. Raises QueryError when they have too much text,
    QueryTimeout and Cancelled.
    """
    return _gathered(scan, edges, _newest(scan, _groups(scan), edges, most, context), context)


def ending(scan: Scan, most: int, context: QueryContext) -> Scan:
    """The end of a scan: as much of it as holds its newest `most` entries, and those of the same time as the oldest.

    The whole scan where few rows reach into it. Raises QueryTimeout and Cancelled.
    """
    groups = _groups(scan)
    edges = np.array([scan.start, scan.end])
    begins, ends = _within(groups, edges)
    reach = groups.last >= _guess(groups, begins, ends, most)
    if groups.rows[reach].sum() < WORTH_AN_END:
        return scan
    newest = _newest(scan, groups, edges, most, context)
    if newest.shape[1] < most:
        return scan
    start = int(newest[1].min())
    parts = _narrowed(scan, groups, np.flatnonzero(groups.last >= start))
    return replace(scan, start=start, parts=[replace(part, exact=False) for part in parts])


def sample_of(edges: Int64s, entries: Sequence[Sequence[LogEntry]]) -> LineSample:
    """The entries of each interval as a sample."""
    every = [entry for some in entries for entry in some]
    return LineSample(
        edges,
        np.cumsum([0, *map(len, entries)], dtype=np.int64),
        np.array([entry.timestamp for entry in every], np.int64),
        pa.array([entry.line for entry in every], pa.string()),
        pa.array([dict(entry.metadata).get(_LEVEL) for entry in every], pa.string()),
    )


def _within(groups: _Groups, edges: Int64s) -> tuple[Int64s, Int64s]:
    """Where intervals begin and end, without what has no entries: it may be as wide as numbers go."""
    first, last = groups.first.min(initial=_NEVER), groups.last.max(initial=-_NEVER)
    return np.maximum(edges[:-1], first), np.minimum(edges[1:], last + 1)


def _newest(scan: Scan, groups: _Groups, edges: Int64s, most: int, context: QueryContext) -> Places:
    """The newest `most` entries of each interval, those of one side by side and the newest first."""
    begins, ends = _within(groups, edges)
    since = _guess(groups, begins, ends, most)
    found = [np.zeros((5, 0), np.int64)]
    while (since < ends).any():
        reach = np.flatnonzero(((groups.last[:, None] >= since) & (groups.first[:, None] < ends)).any(axis=1))
        units = replace(scan, parts=_narrowed(scan, groups, reach)).units()
        read = partial(_read, scan, edges, since, most)
        some = np.concatenate([found[0][:, :0], *context.in_order(read, units)], axis=1)
        few = np.bincount(some[0], minlength=len(begins)) < most
        again = few & (since > begins) & (since < ends)
        found.append(some[:, ~again[some[0]]])
        wider = _WIDER * (ends - np.minimum(since, ends))
        since = np.where(again, np.maximum(begins, ends - wider), _NEVER)
    return _chosen(np.concatenate(found, axis=1), len(begins), most)


def _groups(scan: Scan) -> _Groups:
    rows: list[tuple[int, int, int, int, int]] = []
    matching: list[float] = []
    for place, part in enumerate(scan.parts):
        groups = scan.snapshot.row_groups(part.segment)
        for number in part.groups if groups else ():
            group = groups[number]
            rows.append((place, number, group.first, group.last, group.rows))
            matching.append(group.rows * part.matching / max(part.rows, 1))
    parts, numbers, first, last, sizes = np.array(rows, np.int64).reshape(-1, 5).T
    return _Groups(parts, numbers, first, last, sizes, np.array(matching, np.float64))


def _guess(groups: _Groups, begins: Int64s, ends: Int64s, most: int) -> Int64s:
    """Since when there may be `_SPARE` times as many lines as are wanted, if they come evenly."""
    if not len(groups.parts):
        return np.full(len(begins), _NEVER)
    shared = np.minimum(groups.last[:, None] + 1, ends) - np.maximum(groups.first[:, None], begins)
    share = np.clip(shared, 0, None) / (groups.last - groups.first + 1)[:, None]
    lines = (groups.matching[:, None] * share).sum(axis=0)
    width = (ends - begins) * np.minimum(_SPARE * most / np.maximum(lines, 1), 1)
    return np.asarray(np.maximum(begins, ends - np.ceil(width).astype(np.int64)))


def _narrowed(scan: Scan, groups: _Groups, reach: Int64s) -> list[Part]:
    """The parts with the row groups that are in these places of `groups`."""
    parts = []
    for place in np.unique(groups.parts[reach]).tolist():
        part = scan.parts[place]
        own = scan.snapshot.row_groups(part.segment)
        if own:
            chosen = groups.numbers[reach[groups.parts[reach] == place]]
            parts.append(part.narrowed(own, chosen.tolist()))
    return parts


def _read(scan: Scan, edges: Int64s, since: Int64s, most: int, unit: Sequence[Part]) -> Places:
    return surviving(lambda: _near(scan, edges, since, most, unit))


def _near(scan: Scan, edges: Int64s, since: Int64s, most: int, unit: Sequence[Part]) -> Places:
    """Entries of a unit that are not older than `since` says of their interval; none that is surely not wanted."""
    frame = scan.read(unit)
    times = frame.column("timestamp").to_numpy()
    intervals = np.searchsorted(edges, times, side="right") - 1
    rows = np.flatnonzero(times >= since[intervals])
    times, intervals = times[rows], intervals[rows]
    sizes = np.bincount(intervals, minlength=len(since))
    if (sizes > most).any():
        order = np.lexsort((times, intervals))
        bounds = np.full(len(since), np.iinfo(np.int64).min)
        many = np.flatnonzero(sizes > most)
        bounds[many] = times[order[np.cumsum(sizes)[many] - most]]
        kept = times >= bounds[intervals]
        rows, times, intervals = rows[kept], times[kept], intervals[kept]
    arrival = {part.segment.id: place for place, part in enumerate(scan.parts)}
    segments, own = frame.origins(rows)
    ids, place = np.unique(segments, return_inverse=True)
    parts = np.array([arrival[id] for id in ids.tolist()], np.int64)[place]
    return np.stack([intervals, times, parts, own, frame.column("stream").to_numpy()[rows].astype(np.int64)])


def _chosen(places: Places, intervals: int, most: int) -> Places:
    """The newest `most` of each interval, those of one side by side and the newest first."""
    interval, time, part, row, _ = places
    places = places[:, np.lexsort((-row, -part, -time, interval))]
    sizes = np.bincount(interval, minlength=intervals)
    rank = np.arange(len(interval)) - (np.cumsum(sizes) - sizes)[places[0]]
    return places[:, rank < most]


def _gathered(scan: Scan, edges: Int64s, places: Places, context: QueryContext) -> LineSample:
    """What is held of these entries; those of an object that is lost meanwhile are left out."""
    pieces = list(_pieces(scan, places))
    texts, levels, found, size = [], [], [], 0
    held = context.in_order(lambda piece: surviving(lambda: _held(scan, piece[0], places[3, piece[1]])), pieces)
    for (_, own), columns in zip(pieces, held, strict=True):
        if columns is None:
            continue
        lines, of_lines = columns
        size += lines.nbytes
        if context.max_answer_bytes and size > context.max_answer_bytes:
            raise QueryError(
                f"the lines that were to be looked at have over {size} bytes of text (limit: "
                f"{context.max_answer_bytes} bytes, set by query.max_answer_bytes); ask for a shorter time range"
            )
        texts.append(lines)
        levels.append(of_lines)
        found.append(own)
    rows = np.concatenate([np.zeros(0, np.int64), *found])
    order = np.argsort(rows)
    intervals, times, _, _, streams = places[:, rows[order]]
    indices = pa.array(order)
    lines = pa.concat_arrays([pa.array([], pa.string()), *texts]).take(indices)
    of_lines = pa.concat_arrays([pa.array([], pa.string()), *levels]).take(indices)
    # A stream may have a label of that name, which takes it away from what was detected.
    hiding = np.array([any(name == _LEVEL for name, _ in labels) for labels in scan.streams.labels], np.bool_)
    if hiding.any():
        of_lines = pa.array(of_lines.to_pylist(), pa.string(), mask=hiding[streams])
    firsts = np.searchsorted(intervals, np.arange(len(edges)))
    return LineSample(edges, firsts, times, lines, of_lines)


def _pieces(scan: Scan, places: Places) -> Iterator[tuple[SegmentInfo, Int64s]]:
    """Segments, and which of these entries, by their rows, to read of them at once."""
    for place in np.unique(places[2]).tolist():
        segment = scan.parts[place].segment
        own = np.flatnonzero(places[2] == place)
        own = own[np.argsort(places[3, own])]
        at_once = min(TEXT_AT_ONCE * segment.rows // max(segment.text_bytes, 1) + 1, _ROWS_AT_ONCE)
        for begin in range(0, len(own), at_once):
            yield segment, own[begin : begin + at_once]


def _held(scan: Scan, segment: SegmentInfo, rows: Int64s) -> tuple[pa.Array, pa.Array] | None:
    """Lines and levels of rows (rising) of a segment; None when its object is lost."""
    groups = scan.snapshot.row_groups(segment)
    begins = np.array([group.first_row for group in groups], np.int64)
    sizes = np.array([group.rows for group in groups], np.int64)
    if not groups:
        return None
    touched, place = np.unique(np.searchsorted(begins, rows, side="right") - 1, return_inverse=True)
    portion = scan.snapshot.portion(segment, touched.tolist())
    if not portion.rows:
        return None
    before = np.cumsum(sizes[touched]) - sizes[touched]
    own = rows + (before - begins[touched])[place]
    portion.load_entries(own)
    return portion.lines(own).cast(pa.string()), portion.at(_LEVEL, own).cast(pa.string())
