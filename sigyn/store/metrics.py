"""What a store did, as counters that only rise, and how it is now, with the texts of `/metrics`."""

from dataclasses import dataclass, field
from typing import Any


def _counter(text: str, zero: float = 0) -> Any:
    return field(default=zero, metadata={"help": text})


def _gauge(text: str) -> Any:
    return field(metadata={"help": text})


@dataclass(slots=True)
class StoreMetrics:
    """Counters since the store was opened. Bytes of text are those of lines; seconds are of wall time."""

    pushes: int = _counter("Pushes that were stored.")
    pushes_refused: int = _counter("Pushes that were refused with 429, as too much waited to be written or compacted.")
    pushes_failed: int = _counter("Pushes that could not be stored, as the object store or the catalog failed (503).")
    entries_written: int = _counter("Entries in segments that pushes made.")
    duplicates_dropped: int = _counter("Exact copies of entries that were stored together, and once.")
    text_bytes_written: int = _counter("Bytes of lines in segments that pushes made, uncompressed.")
    commits: int = _counter("Commits to the catalog of what pushes brought.")
    commit_seconds: float = _counter("Time that writing and committing took.", 0.0)
    segments_written: int = _counter("Segments that pushes made.")
    object_bytes_written: int = _counter("Bytes of the objects of these segments.")
    segments_quarantined: int = _counter(
        "Segments that were put in quarantine: their object is missing, torn or corrupt."
    )
    compactions: int = _counter("Compactions.")
    compaction_seconds: float = _counter("Time that compactions took.", 0.0)
    compaction_segments_read: int = _counter("Segments that compactions merged.")
    compaction_segments_written: int = _counter("Segments that compactions made of them.")
    compaction_text_bytes: int = _counter("Bytes of lines that went through compactions, uncompressed.")
    compaction_object_bytes_written: int = _counter("Bytes of objects that compactions wrote.")
    compaction_duplicates_dropped: int = _counter("Copies of entries that compactions dropped.")
    entries_removed: int = _counter("Entries that retention and delete requests removed.")
    segments_removed: int = _counter("Segments that retention and delete requests removed as a whole.")
    segments_moved: int = _counter("Segments that moved to another tier.")
    object_bytes_moved: int = _counter("Bytes of the objects of these segments.")
    cache_hits: int = _counter("Blocks of remote objects that were on the local disk.")
    cache_hit_bytes: int = _counter("Bytes that were read of these blocks.")
    cache_misses: int = _counter("Blocks of remote objects that had to be fetched.")
    cache_miss_bytes: int = _counter("Bytes that were fetched for these blocks.")
    restores_asked: int = _counter("Archived objects that queries had restored.")
    restore_bytes_asked: int = _counter("Bytes of these objects.")
    restores_refused: int = _counter("Archived objects that queries may not have restored, each time.")
    restores_failed: int = _counter("Archived objects that the service refused to restore.")
    objects_deleted: int = _counter("Objects that were deleted, as nothing needed them any more.")
    orphans_deleted: int = _counter("Objects that were deleted, as they belonged to no segment.")
    streams_forgotten: int = _counter("Streams that were forgotten, as no entry of them was left.")
    maintenance_failures: int = _counter("Rounds of compaction, retention, deletes or moves that failed.")


@dataclass(frozen=True, slots=True)
class StoreGauges:
    """How a store is now."""

    waiting_bytes: int = _gauge("Bytes of entries that are not yet durable.")
    segments: int = _gauge("Segments that queries read.")
    entries: int = _gauge("Entries in these segments.")
    text_bytes: int = _gauge("Bytes of lines in these segments, uncompressed.")
    object_bytes: int = _gauge("Bytes of the objects of these segments.")
    uncompacted_segments: int = _gauge("Segments that were not compacted yet.")
    uncompacted_text_bytes: int = _gauge("Bytes of lines in segments that were not compacted yet.")
    objects_unknown: int = _gauge("Objects of segments that the catalog lacks: it is younger, or older than it was.")
