"""Exact duplicates: entries of one stream with equal timestamp, line and structured metadata.

Loki stores such an entry once, so that a client may send again what it does not know to have
arrived. Candidates are found by a hash of (stream, timestamp) with numpy; lines are compared only
where hashes meet, which is rare.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.streams import Int64s

CONTENT = ["stream", "timestamp", "line", "detected_level", "metadata"]
"""The columns that make an entry what it is."""

_ODD = np.uint64(0x9E3779B97F4A7C15)


def place_hash(streams: npt.NDArray[np.int64], timestamps: Int64s) -> npt.NDArray[np.uint64]:
    """A hash of each (stream, timestamp), both int64."""
    mixed = timestamps.astype(np.uint64) * _ODD
    mixed ^= mixed >> np.uint64(29)
    mixed += streams.astype(np.uint64)
    mixed *= _ODD
    mixed ^= mixed >> np.uint64(32)
    return mixed


def repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Those that occur more than once, sorted."""
    ordered = np.sort(hashes)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def duplicate_rows(entries: pa.Table) -> Int64s:
    """Sorted row numbers of entries (ENTRY_SCHEMA) that an earlier row equals exactly."""
    hashes = place_hash(entries["stream"].to_numpy().astype(np.int64), entries["timestamp"].to_numpy())
    suspects = repeated(hashes)
    if not len(suspects):
        return np.empty(0, np.int64)
    candidates = np.flatnonzero(np.isin(hashes, suspects))
    return candidates[_later_equals(entries.take(pa.array(candidates)))]


def drop_duplicates(entries: pa.Table) -> pa.Table:
    """Entries without exact duplicates; of equal ones the first stays."""
    rows = duplicate_rows(entries)
    if not len(rows):
        return entries
    kept = np.ones(len(entries), np.bool_)
    kept[rows] = False
    return entries.filter(pa.array(kept))


def _later_equals(entries: pa.Table) -> Int64s:
    """`duplicate_rows` by comparing everything."""
    numbered = entries.select(CONTENT).append_column("row", pa.array(np.arange(len(entries))))
    firsts = numbered.group_by(CONTENT, use_threads=False).aggregate([("row", "min")])["row_min"].to_numpy()
    later = np.ones(len(entries), np.bool_)
    later[firsts] = False
    return np.flatnonzero(later)
