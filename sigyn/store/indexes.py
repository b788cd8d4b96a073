"""Indexes of segments in memory: needle filters, mapped where the file is on this machine, and tallies."""

import resource
from collections.abc import Iterable

import pyarrow as pa

from sigyn.store.bounded_cache import BoundedCache
from sigyn.store.catalog import SegmentInfo
from sigyn.store.footer import Footer
from sigyn.store.handles import lost_unless_read, map_range
from sigyn.store.index_section import IndexPlace, SegmentIndex, check_index, decode_index, decode_tallies, index_range
from sigyn.store.objects import ObjectStore

_OVERHEAD = 2000  # bytes of what is kept besides
_TOUCHED = 16  # a search touches a page for each of its words in each row group: of a mapped filter a part
_OF_FILES = 4  # a mapped filter holds a file open: all of them have one in so many of those that a process may open


class SegmentIndexes:
    """Safe to use from several threads. Raises SegmentLost, and Unavailable when the object store can't be reached."""

    def __init__(self, objects: ObjectStore, most_bytes: int) -> None:
        """`most_bytes` are of memory; mapped filters count with what searches touch of them, as a rule."""
        self._objects = objects
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._least_mapped = most_bytes // 2 * _OF_FILES // files if files > 0 else 0  # -1: there is no limit
        self._indexes: BoundedCache[int, tuple[SegmentIndex, int]] = BoundedCache(most_bytes // 2, lambda kept: kept[1])
        self._tallies: BoundedCache[int, pa.Table] = BoundedCache(
            most_bytes // 2, lambda tallies: tallies.nbytes + _OVERHEAD
        )
        self._checked: set[int] = set()

    def get(self, segment: SegmentInfo, footer: Footer) -> SegmentIndex | None:
        """The index of a segment; None when it has none."""
        if footer.index is None:
            return None
        kept = self._indexes.get(segment.id)
        if kept is not None:
            return kept[0]
        begin, end = index_range(segment.object_bytes, footer.length, footer.index)
        path = self._objects.path(segment.key)
        if path is None:
            body: bytes | memoryview = self._objects.get_range(segment.key, begin, end)
            size = len(body)
            self._check(segment, body, footer.index)
        else:
            with lost_unless_read(segment.key):
                mapped = map_range(path, begin, end)
            body = mapped.bytes
            size = max(len(body) // _TOUCHED, self._least_mapped)
            if segment.id not in self._checked:
                self._check(segment, body, footer.index)
                mapped.let_go()
        index = decode_index(body, footer.index)
        self._indexes.put(segment.id, (index, size + _OVERHEAD))
        return index

    def has(self, segment: SegmentInfo) -> bool:
        """Whether the index of a segment is in memory."""
        return self._indexes.get(segment.id) is not None

    def tallies(self, segment: SegmentInfo, footer: Footer) -> pa.Table | None:
        """Counts of its entries by minute (TALLY_SCHEMA); None when it has none."""
        index = self.get(segment, footer)
        if index is None or footer.index is None or not footer.index.tally_bytes:
            return None
        tallies = self._tallies.get(segment.id)
        if tallies is None:
            tallies = decode_tallies(index)
            self._tallies.put(segment.id, tallies)
        return tallies

    def forget(self, segments: Iterable[int]) -> None:
        """Drops what is kept of segments with these ids."""
        ids = list(segments)
        self._indexes.forget(ids)
        self._tallies.forget(ids)
        self._checked.difference_update(ids)

    def _check(self, segment: SegmentInfo, body: bytes | memoryview, place: IndexPlace) -> None:
        check_index(body, place)
        self._checked.add(segment.id)
