"""Entries and bytes per stream, from what the catalog knows where that suffices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.engine.matches import SelectorMatches
from sigyn.model.labels import Labels
from sigyn.store.catalog import SegmentInfo
from sigyn.store.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class StreamTotal:
    """Entries of a stream, and bytes of their lines, in the bucket that begins at `bucket` (ns)."""

    labels: Labels
    bucket: int
    entries: int
    bytes: int


def stream_totals(
    snapshot: Snapshot, matches: SelectorMatches, start: int, end: int, step: int | None
) -> list[StreamTotal]:
    """Totals of the matching streams over start <= t < end (ns), in buckets of `step` from start on.

    Without a step there is one bucket, and no entry is read of streams that lie wholly in the
    range. Where a stream is cut, its bytes are in proportion to its entries.
    """
    width = step or max(end - start, 1)
    totals: dict[tuple[int, int], list[float]] = {}
    for segment in snapshot.segments:
        table = segment.streams
        matching = matches.of(table.ids) & (table.last >= start) & (table.first < end)
        whole = matching & (table.first >= start) & (table.last < end)
        whole &= (table.first - start) // width == (table.last - start) // width
        for ordinal in np.flatnonzero(whole).tolist():
            cell = totals.setdefault((int(table.ids[ordinal]), int(table.first[ordinal] - start) // width), [0, 0])
            cell[0] += int(table.rows[ordinal])
            cell[1] += int(table.text_bytes[ordinal])
        cut = matching & ~whole
        if cut.any():
            _count_entries(snapshot, segment, cut, start, end, width, totals)
    return [
        StreamTotal(matches.labels_of(id), start + bucket * width, round(entries), round(size))
        for (id, bucket), (entries, size) in sorted(totals.items())
    ]


def _count_entries(
    snapshot: Snapshot,
    segment: SegmentInfo,
    streams: npt.NDArray[np.bool_],
    start: int,
    end: int,
    width: int,
    totals: dict[tuple[int, int], list[float]],
) -> None:
    """Add the entries of some streams of a segment, looking at each entry's time."""
    table = segment.streams
    read = snapshot.read(segment, ["stream", "timestamp"])
    ordinals, times = read.column("stream").to_numpy(), read.column("timestamp").to_numpy()
    inside = streams[ordinals] & (times >= start) & (times < end)
    cells = np.stack([ordinals[inside].astype(np.int64), (times[inside] - start) // width])
    found, counts = np.unique(cells, axis=1, return_counts=True)
    for ordinal, bucket, count in zip(*found.tolist(), counts.tolist(), strict=True):
        cell = totals.setdefault((int(table.ids[ordinal]), bucket), [0, 0])
        cell[0] += count
        cell[1] += count * int(table.text_bytes[ordinal]) / int(table.rows[ordinal])
