"""Where entries are that a query has chosen, and what is held of them.

To choose by times first and to read the lines of the chosen alone is cheaper where entries of many streams lie side
by side in time: each stream's newest row group has some that are among the newest of its own and of no others.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.scan import TEXT_AT_ONCE, Scan
from sigyn.store.catalog import SegmentInfo

Int64s = npt.NDArray[np.int64]

Places: TypeAlias = Int64s
"""Of entries in five rows: interval, time, number of the part in the order of arrival, row of its segment, stream."""

INTERVAL, TIME, PART, ROW, STREAM = range(5)

NO_PLACES: Places = np.zeros((5, 0), np.int64)

_ROWS_AT_ONCE = 4096  # of lines, which may have 256 KB each where most are short


def by_segment(scan: Scan, places: Places) -> Iterator[tuple[SegmentInfo, Int64s]]:
    """Segments, and which of these entries, in the order of their rows, to read of them at once."""
    for part in np.unique(places[PART]).tolist():
        segment = scan.parts[part].segment
        own = np.flatnonzero(places[PART] == part)
        own = own[np.argsort(places[ROW, own])]
        at_once = min(TEXT_AT_ONCE * segment.rows // max(segment.text_bytes, 1) + 1, _ROWS_AT_ONCE)
        for begin in range(0, len(own), at_once):
            yield segment, own[begin : begin + at_once]


def columns_at(scan: Scan, segment: SegmentInfo, rows: Int64s, names: Sequence[str]) -> list[pa.Array] | None:
    """Columns of text of rows (rising) of a segment; None when its object is lost. May raise SegmentLost."""
    groups = scan.snapshot.row_groups(segment)
    if not groups:
        return None
    begins = np.array([group.first_row for group in groups], np.int64)
    sizes = np.array([group.rows for group in groups], np.int64)
    touched, place = np.unique(np.searchsorted(begins, rows, side="right") - 1, return_inverse=True)
    portion = scan.snapshot.portion(segment, touched.tolist())
    if not portion.rows:
        return None
    before = np.cumsum(sizes[touched]) - sizes[touched]
    own = rows + (before - begins[touched])[place]
    portion.load_entries(own)
    columns = [portion.lines(own) if name == "line" else portion.at(name, own) for name in names]
    return [column.cast(pa.string()) for column in columns]
