"""Rewrites segments as L1: one segment for each UTC day, sorted by (stream, timestamp, arrival), no copies.

The output is taken row group by row group: it needs no memory beside the input, and costs a quarter of
taking all at once (1 M lines: 0.2 s and 0.8 s; the difference is the first touch of fresh memory).
"""

import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.model.labels import Labels
from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.keys import day_of
from sigyn.store.objects import ObjectStore
from sigyn.store.segment import EncodedSegment, encode_segment, row_group_bounds, text_lengths
from sigyn.store.streams import Int64s


def load_segment(segment: SegmentInfo, objects: ObjectStore) -> pa.Table:
    """All entries of a segment, after its checksum: what is rewritten must not carry corruption on.

    Raises SegmentLost when the object is missing, torn or corrupt, and Unavailable when the object
    store can't be reached.
    """
    size = objects.size(segment.key)
    if size != segment.object_bytes:
        raise SegmentLost(f"object `{segment.key}` has {size} bytes; {segment.object_bytes} were written")
    body = objects.get_range(segment.key, 0, segment.object_bytes)
    if zlib.crc32(body) != segment.checksum:
        raise SegmentLost(f"object `{segment.key}` is corrupt: its checksum differs")
    try:
        return pq.ParquetFile(pa.BufferReader(body)).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise SegmentLost(f"object `{segment.key}` can't be read: {error}") from error


def rewrite(
    tenant: str, labels: Sequence[Labels], entries: pa.Table, pause: Callable[[], None]
) -> Iterator[EncodedSegment]:
    """Entries without copies, in one chunk, as L1 segments, one a day. `pause` is called before each row group."""
    ranks = rank_streams(labels)
    sorted_labels = [labels[ordinal] for ordinal in np.argsort(ranks).tolist()]
    ordinals = ranks[entries["stream"].to_numpy()]
    timestamps = entries["timestamp"].to_numpy()
    days = day_of(timestamps)
    order = np.lexsort((timestamps, ordinals, days))  # stable: equal places stay in order of arrival
    _, starts = np.unique(days[order], return_index=True)
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        rows = order[start:end]
        used, renumbered = np.unique(ordinals[rows], return_inverse=True)
        day_labels = [sorted_labels[ordinal] for ordinal in used.tolist()]
        yield encode_segment(tenant, 1, day_labels, _row_groups(entries, rows, renumbered, pause))


def rank_streams(streams: Sequence[Labels]) -> Int64s:
    """For each stream its place in the order of L1: streams that share labels of few values lie together.

    Queries select by such labels, so that what they read is in few row groups. Labels count in
    order of their number of distinct values (say level, service, host), then by name.
    """
    values: dict[str, set[str]] = {}
    for labels in streams:
        for name, value in labels:
            values.setdefault(name, set()).add(value)
    names = sorted(values, key=lambda name: (len(values[name]), name))
    keys = [[pairs.get(name, "") for name in names] for pairs in map(dict, streams)]
    ranks = np.empty(len(streams), np.int64)
    ranks[sorted(range(len(streams)), key=keys.__getitem__)] = np.arange(len(streams))
    return ranks


def _row_groups(entries: pa.Table, rows: Int64s, ordinals: Int64s, pause: Callable[[], None]) -> Iterator[pa.Table]:
    lengths = text_lengths(entries)[rows]
    for start, end in row_group_bounds(lengths):
        pause()
        group = entries.take(pa.array(rows[start:end]))
        yield group.set_column(0, ENTRY_SCHEMA.field("stream"), pa.array(ordinals[start:end].astype(np.int32)))
