"""Loki's increment_duplicate_timestamp: entries of a stream that came with one time get times of their own."""

import numpy as np
import pyarrow as pa


def with_own_times(entries: pa.RecordBatch) -> pa.RecordBatch:
    """The entries of a push, each that has the time of the one before it and another line a nanosecond behind it.

    `entries` have the columns `stream`, `timestamp` and `line`; those of a stream count in the order in which they
    came. A line that comes twice in a row with one time keeps it, so that it is one entry in the end.
    """
    ordinals, times = entries["stream"].to_numpy(), entries["timestamp"].to_numpy()
    order = np.argsort(ordinals, kind="stable")
    streams, sorted_times = ordinals[order], times[order]
    if not ((streams[1:] == streams[:-1]) & (sorted_times[1:] == sorted_times[:-1])).any():
        return entries
    lines = entries["line"].take(pa.array(order)).to_pylist()
    own = sorted_times.tolist()
    sent = own[0]
    for row in range(1, len(own)):
        before = own[row - 1]
        if streams[row] == streams[row - 1] and sent <= own[row] <= before:
            own[row] = before if lines[row] == lines[row - 1] else before + 1
        else:
            sent = own[row]
    changed = np.empty(len(own), np.int64)
    changed[order] = own
    position = entries.schema.get_field_index("timestamp")
    field = entries.schema.field(position)
    return entries.set_column(position, field, pa.array(changed, field.type))
