"""Equal entries of several segments, as groups: a group of n takes n rows, where pairs would be n²/2."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sigyn.store.streams import Int64s

_NONE: Int64s = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Copies:
    """Rows of segments that equal each other. All arrays are int64 and of one length.

    groups    numbers from 0, rising; rows of one group are equal, and those of two differ
    segments  ids of segments, rising within a group
    rows      row numbers

    What is derived from them is kept with them: one query after the other asks for it.
    """

    groups: Int64s
    segments: Int64s
    rows: Int64s

    def __len__(self) -> int:
        return len(self.groups)

    def within(self, segments: Int64s) -> "Copies":
        """Those in segments with these ids; what has no like there is left out."""
        if np.isin(self._ids, segments).all():
            return self
        return _of(self, np.isin(self.segments, segments))

    @cached_property
    def repeated(self) -> Mapping[int, Int64s]:
        """By id of segment sorted numbers of the rows whose like is in an older segment."""
        is_first = np.diff(self.groups, prepend=-1) != 0
        return {id: np.sort(self.rows[own]) for id, own in self.by_segment(~is_first)}

    @cached_property
    def _ids(self) -> Int64s:
        return np.unique(self.segments)

    def without(self, segments: Sequence[int]) -> "Copies":
        """Those in other segments; what has no like there is left out."""
        return _of(self, ~np.isin(self.segments, segments)) if len(self) else self

    def joined(self, other: "Copies") -> "Copies":
        """All groups of both; those that share a row are one. Costs little where `other` is small."""
        if not len(self) or not len(other):
            return self if len(self) else other
        both = np.intersect1d(self._ids, other._ids)
        mine, others = (np.flatnonzero(np.isin(each.segments, both)) for each in (self, other))
        is_in_both = np.zeros(len(mine), np.bool_)
        if len(mine) and len(others):
            width = max(int(self.rows[mine].max()), int(other.rows[others].max())) + 1
            places = np.searchsorted(both, self.segments[mine]) * width + self.rows[mine]
            known = np.sort(np.searchsorted(both, other.segments[others]) * width + other.rows[others])
            found = np.searchsorted(known, places)
            is_in_both = known[np.minimum(found, len(known) - 1)] == places
        shared = np.zeros(int(self.groups[-1]) + 1, np.bool_)
        shared[self.groups[mine[is_in_both]]] = True
        if not shared.any():
            return put_together([self, other])
        is_shared = shared[self.groups]
        return put_together([_of(self, ~is_shared), _merged(put_together([_of(self, is_shared), other]))])

    def by_segment(self, which: npt.NDArray[np.bool_]) -> Iterator[tuple[int, Int64s]]:
        """Ids of segments with the places in these arrays at which they are, of those that `which` chooses."""
        places = np.flatnonzero(which)
        places = places[np.argsort(self.segments[places], kind="stable")]
        ids, begins = np.unique(self.segments[places], return_index=True)
        yield from zip(ids.tolist(), np.split(places, begins[1:]), strict=False)  # of nothing, split makes one piece


NO_COPIES = Copies(_NONE, _NONE, _NONE)


def copies(groups: Int64s, segments: Int64s, rows: Int64s) -> Copies:
    """Copies from rows in any order; a row that is alone in its group is no copy."""
    return _of(_sorted(groups, segments, rows), np.ones(len(groups), np.bool_))


def put_together(several: Sequence[Copies]) -> Copies:
    """All of these, no two of which have a row in common."""
    several = [each for each in several if len(each)]
    if len(several) < 2:
        return several[0] if several else NO_COPIES
    before = np.cumsum([0, *(each.groups[-1] + 1 for each in several[:-1])])
    return Copies(
        np.concatenate([each.groups + count for each, count in zip(several, before, strict=True)]),
        np.concatenate([each.segments for each in several]),
        np.concatenate([each.rows for each in several]),
    )


def _merged(found: Copies) -> Copies:
    """The same where a row may be in several groups, which are then one."""
    order = np.lexsort((found.rows, found.segments))
    groups, segments, rows = found.groups[order], found.segments[order], found.rows[order]
    again = np.flatnonzero((segments[1:] == segments[:-1]) & (rows[1:] == rows[:-1])) + 1
    joined = _components(int(groups.max()) + 1, groups[again - 1], groups[again])
    kept = np.ones(len(groups), np.bool_)
    kept[again] = False
    return _sorted(joined[groups[kept]], segments[kept], rows[kept])


def _of(found: Copies, which: npt.NDArray[np.bool_]) -> Copies:
    groups = found.groups[which]
    is_shared = np.bincount(groups, minlength=1) > 1
    kept = np.flatnonzero(which)[is_shared[groups]]
    return Copies(
        (np.cumsum(is_shared) - 1)[found.groups[kept]].astype(np.int64), found.segments[kept], found.rows[kept]
    )


def _sorted(groups: Int64s, segments: Int64s, rows: Int64s) -> Copies:
    order = np.lexsort((rows, segments, groups))
    groups = groups[order]
    return Copies(np.cumsum(np.diff(groups, prepend=groups[:1]) != 0), segments[order], rows[order])


def _components(count: int, some: Int64s, others: Int64s) -> Int64s:
    """For numbers up to `count`, of which pairs belong together: the smallest that each belongs to."""
    smallest = np.arange(count)
    while True:
        before = smallest.copy()
        least = np.minimum(smallest[some], smallest[others])
        np.minimum.at(smallest, some, least)
        np.minimum.at(smallest, others, least)
        smallest = smallest[smallest]
        if np.array_equal(before, smallest):
            return smallest
