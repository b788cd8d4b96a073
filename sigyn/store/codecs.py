"""Which codec compresses which column of a sorted segment: LZ4 wherever it costs little, else zstd.

A page of a row group is small, some 2 to 30 KB, and zstd takes 10 us to get ready for each, more than to undo what
is in it. LZ4 takes none, and reads twice to four times as fast. What it costs in bytes is told by a sample.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.store.shapes.values import valid_rows
from sigyn.store.streams import Int64s

Codec: TypeAlias = tuple[str, int]
"""Name and level."""

ZSTD: Codec = ("zstd", 1)
LZ4: Codec = ("lz4", 4)  # reads as fast at any level; 9 takes twice as long for 1 % less

MOST_LOST = 0.5
"""Bytes for each value that LZ4 may take more than zstd."""

MOST_LOST_OF_TEXT = 0.06
MOST_LOST_OF_BYTES = 0.25
"""Or, where values are long, these shares of what is compressed and of what zstd makes of it: both hold."""

SAMPLED_GROUPS = 8


def choose_codecs(
    columns: Mapping[str, pa.Array], groups: Sequence[Int64s], options: Mapping[str, object]
) -> dict[str, Codec]:
    """The codec of each column, as some row groups tell that have values in it, written with these options.

    `groups` are the rows of each row group.
    """
    rows = np.concatenate(groups)
    begins = np.cumsum([0, *(len(group) for group in groups[:-1])])
    chosen = {}
    for name, column in columns.items():
        values = np.add.reduceat(valid_rows(column)[rows], begins, dtype=np.int64)
        holding = np.flatnonzero(values)
        if not len(holding):
            chosen[name] = LZ4
            continue
        looked_at = holding[np.unique(np.linspace(0, len(holding) - 1, SAMPLED_GROUPS).astype(np.int64))]
        sample = [pa.table({name: column.take(pa.array(groups[place]))}) for place in looked_at.tolist()]
        (small, raw), (quick, _) = (_sizes(sample, options, codec) for codec in (ZSTD, LZ4))
        may_lose = max(MOST_LOST * values[looked_at].sum(), min(MOST_LOST_OF_TEXT * raw, MOST_LOST_OF_BYTES * small))
        chosen[name] = LZ4 if quick <= small + may_lose else ZSTD
    return chosen


def _sizes(groups: Sequence[pa.Table], options: Mapping[str, object], codec: Codec) -> tuple[int, int]:
    """Bytes of the only column when these row groups are written, and without compression."""
    sink = pa.BufferOutputStream()
    name, level = codec
    with pq.ParquetWriter(sink, groups[0].schema, compression=name, compression_level=level, **options) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=len(group))
    metadata = pq.ParquetFile(pa.BufferReader(sink.getvalue())).metadata
    columns = [metadata.row_group(number).column(0) for number in range(metadata.num_row_groups)]
    return sum(each.total_compressed_size for each in columns), sum(each.total_uncompressed_size for each in columns)
