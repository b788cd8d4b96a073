"""Which segments were compared with which, as sets within which every pair was.

Snapshots are of few kinds: each holds what the one before held, and what came since. The sets of the last few
tell what is new in the next one; pairs would be n²/2 of n segments.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sigyn.store.catalog import SegmentInfo
from sigyn.store.streams import Int64s

_REMEMBERED = 16  # sets: as many ranges of time as are asked for again and again


class ComparedSegments:
    """Sets of ids, the one that was asked for last first. Not for several threads."""

    def __init__(self) -> None:
        self._sets: list[Int64s] = []  # each sorted

    def fresh(self, segments: Sequence[SegmentInfo]) -> npt.NDArray[np.bool_]:
        """Which segments are to be compared with all that overlap them in time; all other pairs were compared."""
        ids = np.array([segment.id for segment in segments], np.int64)
        if not self._sets:
            return np.ones(len(ids), np.bool_)
        within = [np.isin(ids, known) for known in self._sets]
        most = int(np.argmax([known.sum() for known in within]))
        self._sets.insert(0, self._sets.pop(most))
        fresh = ~within.pop(most)
        if fresh.any():
            firsts, lasts = bounds_of(segments)
            for known in within:
                mine = np.flatnonzero(fresh & known)
                all_of_them = overlapping(firsts[mine], lasts[mine], firsts, lasts)
                compared = overlapping(firsts[mine], lasts[mine], firsts[known], lasts[known])
                fresh[mine[all_of_them == compared]] = False
        return fresh

    def add(self, ids: Int64s) -> None:
        """Every pair of these was compared."""
        ids = np.sort(ids)
        left = [known for known in self._sets if not np.isin(known, ids).all()]
        self._sets = [ids, *left][:_REMEMBERED]

    def forget(self, gone: Sequence[int]) -> None:
        """Segments that are gone."""
        left = [known[~np.isin(known, gone)] for known in self._sets]
        self._sets = [known for known in left if len(known)]


def bounds_of(segments: Sequence[SegmentInfo]) -> tuple[Int64s, Int64s]:
    """The times (ns, both inclusive) of segments."""
    firsts = np.array([segment.first for segment in segments], np.int64)
    return firsts, np.array([segment.last for segment in segments], np.int64)


def overlapping(firsts: Int64s, lasts: Int64s, of_firsts: Int64s, of_lasts: Int64s) -> Int64s:
    """How many of the second ranges overlap each of the first."""
    begun = np.searchsorted(np.sort(of_firsts), lasts, side="right")
    over = np.searchsorted(np.sort(of_lasts), firsts, side="left")
    return (begun - over).astype(np.int64)
