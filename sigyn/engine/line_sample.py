"""The newest lines of each of several intervals, as columns.

An answer to a log query is made of objects, and to ask for the intervals one by one takes the same row groups apart
again and again. Here all are read at once: first nothing but times, of row groups that reach into the end of an
interval, then what is held of the lines that are chosen.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from sigyn.engine.context import QueryContext
from sigyn.engine.entry_places import ROW, Int64s, Places, by_segment, columns_at
from sigyn.engine.newest import newest_places
from sigyn.engine.scan import Scan, surviving
from sigyn.model.errors import QueryError
from sigyn.model.results import LineSample, LogEntry

_LEVEL = "detected_level"


def newest_lines(scan: Scan, edges: Int64s, most: int, context: QueryContext) -> LineSample:
    """The newest `most` lines, or fewer where there are no more, of each edges[i] <= t < edges[i + 1].

    They are those that a log query without stages gives, in its order. Raises QueryError when they have too much text,
    QueryTimeout and Cancelled.
    """
    return _gathered(scan, edges, newest_places(scan, edges, most, context), context)


def sample_of(edges: Int64s, entries: Sequence[Sequence[LogEntry]]) -> LineSample:
    """The entries of each interval as a sample."""
    every = [entry for some in entries for entry in some]
    return LineSample(
        edges,
        np.cumsum([0, *map(len, entries)], dtype=np.int64),
        np.array([entry.timestamp for entry in every], np.int64),
        pa.array([entry.line for entry in every], pa.string()),
        pa.array([dict(entry.metadata).get(_LEVEL) for entry in every], pa.string()),
    )


def _gathered(scan: Scan, edges: Int64s, places: Places, context: QueryContext) -> LineSample:
    """What is held of these entries; those of an object that is lost meanwhile are left out."""
    pieces = list(by_segment(scan, places))
    texts, levels, found, size = [], [], [], 0
    held = context.in_order(
        lambda piece: surviving(lambda: columns_at(scan, piece[0], places[ROW, piece[1]], ("line", _LEVEL))), pieces
    )
    for (_, own), columns in zip(pieces, held, strict=True):
        if columns is None:
            continue
        lines, of_lines = columns
        size += lines.nbytes
        if context.max_answer_bytes and size > context.max_answer_bytes:
            raise QueryError(
                f"the lines that were to be looked at have over {size} bytes of text (limit: "
                f"{context.max_answer_bytes} bytes, set by query.max_answer_bytes); ask for a shorter time range"
            )
        texts.append(lines)
        levels.append(of_lines)
        found.append(own)
    rows = np.concatenate([np.zeros(0, np.int64), *found])
    order = np.argsort(rows)
    intervals, times, _, _, streams = places[:, rows[order]]
    indices = pa.array(order)
    lines = pa.concat_arrays([pa.array([], pa.string()), *texts]).take(indices)
    of_lines = pa.concat_arrays([pa.array([], pa.string()), *levels]).take(indices)
    # A stream may have a label of that name, which takes it away from what was detected.
    hiding = np.array([any(name == _LEVEL for name, _ in labels) for labels in scan.streams.labels], np.bool_)
    if hiding.any():
        of_lines = pa.array(of_lines.to_pylist(), pa.string(), mask=hiding[streams])
    firsts = np.searchsorted(intervals, np.arange(len(edges)))
    return LineSample(edges, firsts, times, lines, of_lines)
