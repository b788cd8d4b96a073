"""What a store did, as plain counters; they only rise."""

from dataclasses import dataclass


@dataclass(slots=True)
class StoreMetrics:
    """Counters since the store was opened. Bytes of text are those of lines; seconds are of wall time."""

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
    objects_deleted: int = 0
    orphans_deleted: int = 0
    maintenance_failures: int = 0
