"""Entries and bytes per stream, from what the catalog knows where that suffices."""

from dataclasses import dataclass

import numpy as np

from sigyn.engine.matches import SelectorMatches
from sigyn.model.labels import Labels
from sigyn.model.time import HOUR
from sigyn.store.snapshot import Snapshot
from sigyn.store.streams import Int64s, StreamTable

CHUNK_SPAN = 2 * HOUR
"""How long Loki fills a chunk."""

KIB = 1024

PAIR_BYTES = 8
"""What Loki counts for a pair of structured metadata: a reference to its text."""


@dataclass(frozen=True, slots=True)
class StreamTotal:
    """Entries of a stream in the bucket that begins at `bucket` (ns), and their bytes: lines and metadata."""

    labels: Labels
    bucket: int
    entries: int
    bytes: int


def stream_totals(
    snapshot: Snapshot, matches: SelectorMatches, start: int, end: int, step: int | None
) -> list[StreamTotal]:
    """Totals of the matching streams over start <= t < end (ns), in buckets of `step` from start on.

    No entry is read. Entries of a stream count as spread evenly between the first and the last that
    begin in the same CHUNK_SPAN, and bytes come in whole KiB: so does Loki's index answer, which
    knows no more than its chunks. Without a step there is one bucket.
    """
    width = step or max(end - start, 1)
    edges = start + width * np.arange(-(-(end - start) // width) + 1, dtype=np.int64)
    edges[-1] = end
    tables = (snapshot.streams_left(segment) for segment in snapshot.segments)
    pieces = [piece for table in tables if (piece := _piece(table, matches, start, end))]
    if not pieces:
        return []
    ids, rows, sizes, first, last = (np.concatenate(column) for column in zip(*pieces, strict=True))
    (ids, _), chunk_of = np.unique(np.stack([ids, first // CHUNK_SPAN]), axis=1, return_inverse=True)
    rows, sizes = (np.bincount(chunk_of, weights=column) for column in (rows, sizes))
    begin, stop = np.full(len(ids), np.iinfo(np.int64).max), np.zeros(len(ids), np.int64)
    np.minimum.at(begin, chunk_of, first)
    np.maximum.at(stop, chunk_of, last + 1)
    shared = np.clip(np.minimum(stop[:, None], edges[1:]) - np.maximum(begin[:, None], edges[:-1]), 0, None)
    shared = shared / (stop - begin)[:, None]
    kib = np.floor(np.round(sizes / KIB)[:, None] * shared + 1e-9)
    entries = np.diff(np.round(np.cumsum(rows[:, None] * shared, axis=1)), axis=1, prepend=0)
    owners, stream_of = np.unique(ids, return_inverse=True)
    totals = np.zeros((len(owners), len(edges) - 1, 2), np.int64)
    np.add.at(totals, stream_of, np.stack([entries, kib * KIB], axis=-1).astype(np.int64))
    return [
        StreamTotal(matches.labels_of(id), int(edges[bucket]), *cell)
        for id, cells in zip(owners.tolist(), totals.tolist(), strict=True)
        for bucket, cell in enumerate(cells)
        if any(cell)
    ]


_Piece = tuple[Int64s, Int64s, Int64s, Int64s, Int64s]


def _piece(table: StreamTable, matches: SelectorMatches, start: int, end: int) -> _Piece | None:
    """Id, entries, bytes, first and last time of the streams of a segment that match and lie in the range."""
    chosen = np.flatnonzero(matches.of(table.ids) & (table.last >= start) & (table.first < end))
    if not len(chosen):
        return None
    sizes = table.text_bytes + PAIR_BYTES * table.metadata_pairs
    return table.ids[chosen], table.rows[chosen], sizes[chosen], table.first[chosen], table.last[chosen]
