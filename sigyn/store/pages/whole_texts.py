"""Reads all texts of a column from a Parquet file that is mapped, without copying them once they are undone.

Arrow copies each text by itself, which for lines takes longer than to undo the pages. Here pages are undone from the
last to the first, each so that its texts end where those of the next begin: what stood in front of these, their
lengths, is read by then. What is otherwise than segments have it, or damaged, is not read, as in page_rows.
"""

import numpy as np
import pyarrow as pa

from sigyn.store.pages import dense_loops, level_loops
from sigyn.store.pages import header_loops as headers
from sigyn.store.pages.stored import check, read_only, undo, verify
from sigyn.store.pages.stored_column import StoredColumn
from sigyn.store.shapes.values import ROOM, Bytes, Flags, Longs, string_array

_MOST_BYTES = (1 << 31) - 1  # that offsets of 32 bits reach


def whole_texts(file: Bytes, found: Longs, sizes: Longs, column: StoredColumn) -> pa.StringArray:
    """All texts of a column in row groups that have so many rows, in one piece.

    `file` are all bytes of the file; `found` is what find_pages tells of the column's pages, which hold texts behind
    the differences of their lengths. Raises Unreadable.
    """
    raw_bytes = headers.PAGE_BYTES if column.codec == "UNCOMPRESSED" else headers.PAGE_RAW_BYTES
    total = int(found[:, raw_bytes].sum())
    check(total <= _MOST_BYTES)
    data = np.empty(total + ROOM, np.uint8)
    lengths = np.zeros(int(sizes.sum()), np.int64)
    valid = np.ones(len(lengths), np.bool_)
    begin, row = total, len(lengths)
    for page, rows in zip(found[::-1].tolist(), sizes[::-1].tolist(), strict=True):
        end, begin, row = begin, begin - page[raw_bytes], row - rows
        own = file.data[page[headers.PAGE_AT] : page[headers.PAGE_AT] + page[headers.PAGE_BYTES]]
        verify(own, page[headers.PAGE_CHECKSUM])
        if column.codec == "UNCOMPRESSED":
            data.data[begin:end] = own
        else:
            undo(own, column.codec, data.data[begin:end])
        some = slice(row, row + rows)
        begin = _read_lengths(read_only(data), begin, end, column, lengths[some], valid[some])
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return string_array(offsets, data[begin:total], valid)


def _read_lengths(data: Bytes, begin: int, end: int, column: StoredColumn, lengths: Longs, valid: Flags) -> int:
    """Where the texts of a page begin; sets the length of each row's, and which rows have one."""
    begins, ends, sizes = np.array([begin]), np.array([end]), np.array([len(lengths)])
    body, count = begin, len(lengths)
    if column.nullable:
        bodies, counts = np.empty((2, 1), np.int64)
        check(level_loops.count_values(data, begins, ends, sizes, bodies, counts))
        body, count = int(bodies[0]), int(counts[0])
    known = np.empty(count, np.int64)
    texts = dense_loops.dense_deltas(data, body, end, known)
    check(texts >= 0)
    left = end - texts
    check(not count or bool(known.min() >= 0 and known.max() <= left))
    check(int(known.sum()) == left)
    if count == len(lengths):
        lengths[:] = known
    else:
        level_loops.spread_values(data, begins, ends, sizes, known, lengths, valid)
    return int(texts)
