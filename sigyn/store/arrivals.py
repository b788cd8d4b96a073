"""What arrived when: the bounds of the newest level 0 segments of a tenant, remembered beyond their compaction.

A cached answer holds as long as nothing arrives in its range of time. Live segments alone tell that
with many false alarms: a merge of a whole day's small segments spans the day, and has arrived when
the newest of them did.
"""

from array import array
from bisect import bisect_right

from sigyn.store.catalog import SegmentInfo

REMEMBERED = 8192  # a quarter of an hour at ten commits a second


class Arrivals:
    """Level 0 segments in order of their commit. Not for several threads.

    newest          id of the newest level 0 segment that there ever was
    complete_since  `since` knows about what came after any id from this one on
    """

    def __init__(self) -> None:
        self.newest = 0
        self.complete_since = 0
        self._ids = array("q")
        self._firsts = array("q")
        self._lasts = array("q")

    def known(self, segment: SegmentInfo) -> None:
        """A segment that was there when the process started."""
        self.newest = self.complete_since = max(self.newest, segment.arrival)

    def add(self, segment: SegmentInfo) -> None:
        """A segment that was committed; those of compaction bring nothing new, and are passed over."""
        if segment.id != segment.arrival or segment.id <= self.newest:
            return
        self.newest = segment.id
        self._ids.append(segment.id)
        self._firsts.append(segment.first)
        self._lasts.append(segment.last)
        if len(self._ids) > 2 * REMEMBERED:
            self.complete_since = self._ids[REMEMBERED - 1]
            for remembered in (self._ids, self._firsts, self._lasts):
                del remembered[:REMEMBERED]

    def since(self, newest: int, first: int, last: int) -> bool:
        """Whether a segment that came after the id `newest` has its bounds in first <= t <= last (ns)."""
        begin = bisect_right(self._ids, newest)
        bounds = zip(self._firsts[begin:], self._lasts[begin:], strict=True)
        return any(own <= last and other >= first for own, other in bounds)
