"""What a store did, as plain counters; they only rise."""

from dataclasses import dataclass


@dataclass(slots=True)
class StoreMetrics:
    """Counters since the store was opened. Bytes of text are those of lines; seconds are of wall time.

    cache_hits, cache_misses  blocks of remote objects that were on the local disk, or had to be fetched
    restores_asked            archived objects that queries had restored
    restores_refused          the same that were not, as their tenant may have no more restored; counted with each query
    restores_failed           the same for which the service refused
    """

    pushes: int = 0
    pushes_refused: int = 0
    pushes_failed: int = 0
    entries_written: int = 0
    duplicates_dropped: int = 0
    text_bytes_written: int = 0
    commits: int = 0
    commit_seconds: float = 0.0
    segments_written: int = 0
    object_bytes_written: int = 0
    segments_quarantined: int = 0
    compactions: int = 0
    compaction_seconds: float = 0.0
    compaction_segments_read: int = 0
    compaction_segments_written: int = 0
    compaction_text_bytes: int = 0
    compaction_object_bytes_written: int = 0
    compaction_duplicates_dropped: int = 0
    entries_removed: int = 0
    segments_removed: int = 0
    segments_moved: int = 0
    object_bytes_moved: int = 0
    cache_hits: int = 0
    cache_hit_bytes: int = 0
    cache_misses: int = 0
    cache_miss_bytes: int = 0
    restores_asked: int = 0
    restore_bytes_asked: int = 0
    restores_refused: int = 0
    restores_failed: int = 0
    objects_deleted: int = 0
    orphans_deleted: int = 0
    streams_forgotten: int = 0
    maintenance_failures: int = 0


@dataclass(frozen=True, slots=True)
class StoreGauges:
    """How a store is now.

    waiting_bytes           entries that are not yet durable
    segments, entries       live ones
    text_bytes              of lines, uncompressed
    object_bytes            of live objects
    uncompacted_segments    L0
    uncompacted_text_bytes  bytes of their lines
    """

    waiting_bytes: int
    segments: int
    entries: int
    text_bytes: int
    object_bytes: int
    uncompacted_segments: int
    uncompacted_text_bytes: int
