"""Rows that an answer leaves out: exact copies of entries that are in it, and entries that are to go."""

from collections.abc import Sequence

import numpy as np

from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.deleted_rows import DeletedRows
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.streams import Int64s


def copied_rows(
    segments: Sequence[SegmentInfo], requests: Sequence[DeleteRequest], finder: DuplicateFinder, deleted: DeletedRows
) -> dict[int, Int64s]:
    """By id of segment, where there are any: sorted numbers of rows whose like is in an older of `segments`.

    An entry that was deleted there is no longer its like: what a client sent again after the request is
    seen. Equal entries match the same requests, so that the newer one tells. Raises Unavailable and SegmentLost.
    """
    by_id = {segment.id: segment for segment in segments}
    answer = {}
    for newer, by_older in finder.rows(segments).items():
        parts = []
        for older, rows in by_older.items():
            for request in requests:
                if deleted.concerns(request, by_id[older]):
                    rows = np.setdiff1d(rows, deleted.matching(request, by_id[newer]), assume_unique=True)
            parts.append(rows)
        found = np.unique(np.concatenate(parts))
        if len(found):
            answer[newer] = found
    return answer
