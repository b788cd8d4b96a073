"""Runs compactions: reads segments, writes their entries as L1, and swaps both in one transaction."""

import time
from collections.abc import Callable, Sequence

import pyarrow as pa

from sigyn.store.catalog import NewSegment, SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.errors import SegmentLost
from sigyn.store.merge import merge_tables
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.quarantine import Quarantine
from sigyn.store.rewrite import load_segment, rewrite
from sigyn.store.streams import StreamRegistry


class Compactor:
    """Runs one job at a time, in whatever thread calls."""

    def __init__(
        self,
        objects: ObjectStore,
        streams: StreamRegistry,
        committer: Committer,
        quarantine: Quarantine,
        metrics: StoreMetrics,
        shape_lines: int,
    ) -> None:
        self._objects = objects
        self._streams = streams
        self._committer = committer
        self._quarantine = quarantine
        self._metrics = metrics
        self._shape_lines = shape_lines

    def run(self, segments: Sequence[SegmentInfo], pause: Callable[[], None]) -> None:
        """Merges segments of one tenant. `pause` is called often, and may sleep, or raise to break off.

        A segment whose object is lost is quarantined; the others are merged. Raises Unavailable
        when the object store or the catalog fails; nothing has changed then.
        """
        begun = time.perf_counter()
        tenant = segments[0].tenant
        read: list[SegmentInfo] = []
        parts = []
        for segment in segments:
            pause()
            try:
                entries = load_segment(segment, self._objects)
            except SegmentLost as error:
                self._quarantine.take(segment, error)
                continue
            read.append(segment)
            parts.append(([self._streams.labels(tenant, id) for id in segment.streams.ids.tolist()], entries))
            del entries
        if not read:
            return
        labels, chunks = merge_tables(parts)
        del parts
        entries = chunks.combine_chunks()
        del chunks  # from here on the text is in memory once
        rows = len(entries)
        written: list[NewSegment] = []
        try:
            for encoded in rewrite(tenant, labels, entries, self._shape_lines, pause):
                pause()
                written.append(self._committer.put(encoded))
            self._committer.commit(written, read)
        finally:
            self._committer.give_up([segment.key for segment in written])
        del entries
        pa.default_memory_pool().release_unused()
        seconds = time.perf_counter() - begun
        self._count(read, written, rows, seconds)

    def _count(self, read: Sequence[SegmentInfo], written: Sequence[NewSegment], rows: int, seconds: float) -> None:
        metrics = self._metrics
        metrics.compactions += 1
        metrics.compaction_seconds += seconds
        metrics.compaction_segments_read += len(read)
        metrics.compaction_segments_written += len(written)
        metrics.compaction_text_bytes += sum(segment.text_bytes for segment in read)
        metrics.compaction_object_bytes_written += sum(len(segment.encoded.body) for segment in written)
        metrics.compaction_duplicates_dropped += sum(segment.rows for segment in read) - rows
