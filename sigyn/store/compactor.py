"""Runs compactions: reads segments, writes their entries as L1, and swaps both in one transaction."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from sigyn.model.errors import Unavailable
from sigyn.store.catalog import NewSegment, SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.compaction import joins_days
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.gathering import GatheredEntries
from sigyn.store.identical import drop_duplicates
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.quarantine import Quarantine
from sigyn.store.rewrite import load_body, load_entries, rewrite
from sigyn.store.streams import Int64s, StreamRegistry

_NONE: Int64s = np.empty(0, np.int64)


class Compactor:
    """Runs jobs, in whatever threads call: those of different segments don't get in each other's way."""

    def __init__(
        self,
        objects: ObjectStore,
        streams: StreamRegistry,
        committer: Committer,
        quarantine: Quarantine,
        metrics: StoreMetrics,
        shape_lines: int,
        most_metadata: int,
    ) -> None:
        """`most_metadata` are bytes of structured metadata beyond which a job takes no further segment.

        `full` has ids of segments that have so much that nothing is merged with them, `unread` the segments by id that
        could not be read though nothing says that they are lost.
        """
        self.full: set[int] = set()
        self.unread: dict[int, SegmentInfo] = {}
        self._most_metadata = most_metadata
        self._objects = objects
        self._streams = streams
        self._committer = committer
        self._quarantine = quarantine
        self._metrics = metrics
        self._shape_lines = shape_lines
        self._counting = Lock()

    def run(
        self,
        segments: Sequence[SegmentInfo],
        pause: Callable[[], None],
        unwanted: Mapping[int, Int64s] = MappingProxyType({}),
    ) -> Sequence[SegmentInfo]:
        """Merges segments of one tenant, in the tier that they are in; gives those that are archived.

        When there are any, nothing was done: to write the others once more would be of no use. The last ones are left
        for another time when those before have much structured metadata.
        `pause` is called often, and may sleep, or raise to break off. Rows with the numbers that `unwanted` has for a
        segment's id are left out for good. A segment whose object is lost is quarantined, and the others are merged.
        Raises Unavailable when the object store or the catalog fails; nothing has changed then.
        """
        begun = time.perf_counter()
        tenant = segments[0].tenant
        read: list[SegmentInfo] = []
        archived: list[SegmentInfo] = []
        gathered = GatheredEntries(sum(segment.text_bytes for segment in segments))
        for segment in sorted(segments, key=lambda segment: segment.arrival_order):
            pause()
            labels = [self._streams.labels(tenant, id) for id in segment.streams.ids.tolist()]
            try:
                gathered.add(labels, self._entries(segment, unwanted.get(segment.id, _NONE)))
            except SegmentArchived:
                archived.append(segment)
            except SegmentLost as error:
                self._quarantine.take(segment, error)
            except Unavailable:
                self.unread[segment.id] = segment
                raise
            else:
                read.append(segment)
                if gathered.metadata_bytes >= self._most_metadata:
                    break
        if archived or not read:
            return archived
        if read[0].level and len(read) == 1 < len(segments):  # the others are lost, or one more would be too much
            if gathered.metadata_bytes >= self._most_metadata:
                self.full.add(read[0].id)
            return ()
        labels, entries = gathered.take()
        if not len(entries):
            self._committer.commit((), read, forgets=bool(unwanted))
            self._count(read, (), 0, unwanted, time.perf_counter() - begun)
            return ()
        entries = drop_duplicates(entries).combine_chunks()
        pa.default_memory_pool().release_unused()
        rows = len(entries)
        written: list[NewSegment] = []
        arrival = max(segment.arrival for segment in read)
        together = joins_days(read)
        rewritten = rewrite(tenant, labels, entries, arrival, self._shape_lines, pause, together=together)
        del entries  # so that `rewrite` can let go of it
        try:
            for encoded in rewritten:
                pause()
                written.append(self._committer.put(encoded, segments[0].tier))
            self._committer.commit(written, read, forgets=bool(unwanted))
        finally:
            self._committer.give_up([segment.key for segment in written])
        pa.default_memory_pool().release_unused()
        seconds = time.perf_counter() - begun
        self._count(read, written, rows, unwanted, seconds)
        return ()

    def look_at_unread(self, pause: Callable[[], None]) -> None:
        """Takes those out of `unread` that can be read again. `pause` is called before each, and may raise.

        Raises Unavailable with the first that can't; the next look begins behind it.
        """
        for segment in list(self.unread.values()):
            pause()
            del self.unread[segment.id]
            try:
                load_body(segment, self._objects)
            except SegmentLost:
                continue  # whoever needs it tells
            except Unavailable:
                self.unread[segment.id] = segment
                raise

    def _entries(self, segment: SegmentInfo, unwanted: Int64s) -> Iterator[pa.Table]:
        """The entries of a segment in pieces, but those in rows with these (sorted) numbers."""
        begin = 0
        for entries in load_entries(segment, self._objects):
            end = begin + len(entries)
            own = unwanted[np.searchsorted(unwanted, begin) : np.searchsorted(unwanted, end)] - begin
            if len(own):
                kept = np.ones(len(entries), np.bool_)
                kept[own] = False
                yield entries.filter(pa.array(kept))
            else:
                yield entries
            begin = end

    def _count(
        self,
        read: Sequence[SegmentInfo],
        written: Sequence[NewSegment],
        rows: int,
        unwanted: Mapping[int, Int64s],
        seconds: float,
    ) -> None:
        removed = sum(len(unwanted.get(segment.id, _NONE)) for segment in read)
        metrics = self._metrics
        with self._counting:
            metrics.compactions += 1
            metrics.compaction_seconds += seconds
            metrics.compaction_segments_read += len(read)
            metrics.compaction_segments_written += len(written)
            metrics.compaction_text_bytes += sum(segment.text_bytes for segment in read)
            metrics.compaction_object_bytes_written += sum(len(segment.encoded.body) for segment in written)
            metrics.entries_removed += removed
            metrics.compaction_duplicates_dropped += sum(segment.rows for segment in read) - removed - rows
