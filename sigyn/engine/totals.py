"""Entries and bytes per stream, from what the catalog knows where that suffices."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.matches import SelectorMatches
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.time import HOUR
from sigyn.store.catalog import SegmentInfo
from sigyn.store.snapshot import Snapshot
from sigyn.store.streams import Int64s, StreamTable
from sigyn.store.tallies import MINUTE

CHUNK_SPAN = 2 * HOUR
"""How long Loki fills a chunk."""

MOST_CELLS = 10_000_000
"""Streams times buckets of an answer: 160 MB."""

_CELLS_AT_ONCE = 1_000_000

Flags = npt.NDArray[np.bool_]

KIB = 1024

PAIR_BYTES = 8
"""What Loki counts for a pair of structured metadata: a reference to its text."""


@dataclass(frozen=True, slots=True)
class StreamTotals:
    """Entries and bytes (lines and metadata) of streams by buckets, of those buckets in which a stream has any.

    labels   of the streams
    streams  for each total its stream: a place in `labels`, rising
    buckets  where the bucket begins (ns), rising within a stream
    """

    labels: list[Labels]
    streams: Int64s
    buckets: Int64s
    entries: Int64s
    bytes: Int64s


def stream_totals(snapshot: Snapshot, matches: SelectorMatches, start: int, end: int, step: int | None) -> StreamTotals:
    """Totals of the matching streams over start <= t < end (ns), in buckets of `step` from start on.

    No entry is read. Entries of a stream count as spread evenly between the first and the last that
    begin in the same CHUNK_SPAN, and bytes come in whole KiB: so does Loki's index answer, which
    knows no more than its chunks. Without a step there is one bucket; a range of no length is that instant,
    as for lines. Raises QueryError for more numbers than MOST_CELLS.
    """
    end = max(end, start + 1)
    width = step or end - start
    snapshot.find_deleted(snapshot.segments)
    pieces = list(_pieces(snapshot, matches, start, end, in_steps=step is not None))
    if not pieces:
        return StreamTotals([], *np.zeros((4, 0), np.int64))
    ids, rows, sizes, first, last = (np.concatenate(column) for column in zip(*pieces, strict=True))
    (ids, _), chunk_of = np.unique(np.stack([ids, first // CHUNK_SPAN]), axis=1, return_inverse=True)
    rows, sizes = (np.bincount(chunk_of, weights=column) for column in (rows, sizes))
    begin, stop = (np.full(len(ids), extreme) for extreme in (np.iinfo(np.int64).max, np.iinfo(np.int64).min))
    np.minimum.at(begin, chunk_of, first)
    np.maximum.at(stop, chunk_of, last + 1)
    owners, stream_of = np.unique(ids, return_inverse=True)
    buckets = -(-(end - start) // width)
    if len(owners) * buckets > MOST_CELLS:
        raise QueryError(
            f"{len(owners)} streams in {buckets} steps are more numbers than one answer may have ({MOST_CELLS}); "
            "ask for a larger step or a shorter time range, or name fewer streams"
        )
    low = (np.maximum(begin, start) - start) // width
    overlaps = (np.minimum(stop, end) - 1 - start) // width - low + 1
    entries, size = np.zeros((2, len(owners), buckets), np.int64)
    for some in _runs(overlaps):
        chunk = np.repeat(np.arange(some.start, some.stop), overlaps[some])
        firsts = np.cumsum(overlaps[some]) - overlaps[some]
        bucket = np.arange(len(chunk)) + np.repeat(low[some] - firsts, overlaps[some])
        span, behind = (stop - begin)[chunk], np.minimum(stop[chunk], start + width * (bucket + 1))
        behind = np.minimum(behind, end)
        shared = (behind - np.maximum(begin[chunk], start + width * bucket)) / span
        kib = np.floor(np.round(sizes / KIB)[chunk] * shared + 1e-9)
        reached = np.round(rows[chunk] * ((behind - np.maximum(begin, start)[chunk]) / span))
        counts = np.diff(reached, prepend=0)
        counts[firsts] = reached[firsts]
        cell = stream_of[chunk] * buckets + bucket
        np.add.at(entries.reshape(-1), cell, counts.astype(np.int64))
        np.add.at(size.reshape(-1), cell, kib.astype(np.int64) * KIB)
    streams, places = np.nonzero((entries != 0) | (size != 0))
    labels = [matches.labels_of(id) for id in owners.tolist()]
    return StreamTotals(labels, streams, start + width * places, entries[streams, places], size[streams, places])


def _runs(overlaps: Int64s) -> Iterator[slice]:
    """Chunks that together overlap with some _CELLS_AT_ONCE buckets, or one of them with more."""
    ends = np.cumsum(overlaps)
    begin = 0
    while begin < len(ends):
        done = int(ends[begin - 1]) if begin else 0
        behind = max(int(np.searchsorted(ends, done + _CELLS_AT_ONCE, side="right")), begin + 1)
        yield slice(begin, behind)
        begin = behind


_Piece = tuple[Int64s, Int64s, Int64s, Int64s, Int64s]
"""Ids of streams, and of each how many entries and bytes it has between a first and a last time."""


def _pieces(snapshot: Snapshot, matches: SelectorMatches, start: int, end: int, *, in_steps: bool) -> Iterator[_Piece]:
    """What segments have of the streams that match and lie in the range."""
    asked: list[tuple[SegmentInfo, StreamTable, Flags, Flags]] = []
    for segment in snapshot.segments:
        table = snapshot.streams_left(segment)
        is_chosen = matches.of(table.ids) & (table.last >= start) & (table.first < end)
        is_cut = in_steps | (table.first < start) | (table.last >= end)
        # A segment has a day of a stream, of which nothing may be in some hours, and nearly all in others.
        is_long = is_chosen & is_cut & (table.last - table.first > CHUNK_SPAN)
        is_long &= table.rows.sum() == segment.rows  # tallies know of no deletes
        asked.append((segment, table, is_chosen, is_long))
    snapshot.prepare([segment for segment, _, _, is_long in asked if is_long.any()], with_indexes=True)
    for segment, table, is_chosen, is_long in asked:
        tallies = snapshot.tallies(segment, frozenset()) if is_long.any() else None
        if tallies is not None:
            yield _by_chunk(table, np.flatnonzero(is_long), tallies, start, end)
            is_chosen &= ~is_long
        chosen = np.flatnonzero(is_chosen)
        if len(chosen):
            sizes = table.text_bytes + PAIR_BYTES * table.metadata_pairs
            yield table.ids[chosen], table.rows[chosen], sizes[chosen], table.first[chosen], table.last[chosen]


def _by_chunk(table: StreamTable, chosen: Int64s, tallies: pa.Table, start: int, end: int) -> _Piece:
    """The same of some streams, by the CHUNK_SPAN that minutes with entries are in."""
    ordinals, minutes = tallies["stream"].to_numpy(), tallies["minute"].to_numpy().astype(np.int64)
    own = np.flatnonzero(np.isin(ordinals, chosen))
    own = own[np.lexsort((minutes[own], ordinals[own]))]
    ordinals, minutes = ordinals[own], minutes[own]
    chunks = minutes // (CHUNK_SPAN // MINUTE)
    begins = np.flatnonzero(np.append(True, (np.diff(ordinals) != 0) | (np.diff(chunks) != 0)))
    stream = ordinals[begins]
    rows = np.add.reduceat(tallies["entries"].to_numpy()[own], begins)
    lines = np.add.reduceat(tallies["bytes"].to_numpy()[own], begins)
    pairs = PAIR_BYTES * table.metadata_pairs[stream] * rows // table.rows[stream]
    first = np.maximum(table.first[stream], minutes[begins] * MINUTE + 1)
    last = np.minimum(table.last[stream], (minutes[np.append(begins[1:], len(minutes)) - 1] + 1) * MINUTE)
    kept = (last >= start) & (first < end)
    return table.ids[stream[kept]], rows[kept], (lines + pairs)[kept], first[kept], last[kept]
