"""Where the newest entries of each of several intervals are, found by nothing but times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from sigyn.engine.context import QueryContext
from sigyn.engine.entry_places import INTERVAL, NO_PLACES, Int64s, Places
from sigyn.engine.scan import Part, Scan, surviving

_SPARE = 2  # times as many lines as are wanted lie in the piece of an interval that is looked at first, about
_WIDER = 4  # times as wide is the next piece where there were too few
_FAR = 1 << 60  # ns, 36 years: all is looked at behind them, as a wider piece may be more than numbers hold
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Groups:
    """All row groups of a scan: part, number in the segment, times (ns, inclusive), rows, about how many match."""

    parts: Int64s
    numbers: Int64s
    first: Int64s
    last: Int64s
    rows: Int64s
    matching: npt.NDArray[np.float64]


def newest_places(scan: Scan, edges: Int64s, most: int, context: QueryContext) -> Places:
    """The newest `most` entries, or fewer where there are no more, of each edges[i] <= t < edges[i + 1].

    Those of one interval stand side by side, the newest first, and of equal times what arrived last. Raises
    QueryTimeout and Cancelled.
    """
    groups = _groups(scan)
    begins, ends = _within(groups, edges)
    since = _guess(groups, begins, ends, most)
    found = [NO_PLACES]
    while (since < ends).any():
        reach = np.flatnonzero(((groups.last[:, None] >= since) & (groups.first[:, None] < ends)).any(axis=1))
        units = replace(scan, parts=_narrowed(scan, groups, reach)).units()
        read = partial(_read, scan, edges, since, most, context)
        some = np.concatenate([NO_PLACES, *context.in_order(read, units)], axis=1)
        few = np.bincount(some[INTERVAL], minlength=len(begins)) < most
        again = few & (since > begins) & (since < ends)
        found.append(some[:, ~again[some[INTERVAL]]])
        looked_at = ends - np.minimum(since, ends)
        wider = np.where(looked_at < _FAR, np.maximum(begins, ends - _WIDER * looked_at), begins)
        since = np.where(again, wider, _NEVER)
    return _chosen(np.concatenate(found, axis=1), len(begins), most)


def _within(groups: _Groups, edges: Int64s) -> tuple[Int64s, Int64s]:
    """Where intervals begin and end, without what has no entries: it may be as wide as numbers go."""
    first, last = groups.first.min(initial=_NEVER), groups.last.max(initial=-_NEVER)
    return np.maximum(edges[:-1], first), np.minimum(edges[1:], last + 1)


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


def _read(scan: Scan, edges: Int64s, since: Int64s, most: int, context: QueryContext, unit: Sequence[Part]) -> Places:
    context.count_read(unit)
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
    rank = np.arange(len(interval)) - (np.cumsum(sizes) - sizes)[places[INTERVAL]]
    return places[:, rank < most]
