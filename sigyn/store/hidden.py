"""Rows that an answer leaves out: exact copies of entries that are in it, and entries that are to go."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.copies import Copies
from sigyn.store.deleted_rows import DeletedRows
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.streams import Int64s


def copied_rows(
    segments: Sequence[SegmentInfo], requests: Sequence[DeleteRequest], finder: DuplicateFinder, deleted: DeletedRows
) -> Mapping[int, Int64s]:
    """By id of segment, where there are any: sorted numbers of rows whose like is in an older of `segments`.

    An entry that was deleted there is no longer its like: what a client sent again after the request is
    seen. Raises Unavailable and SegmentLost.
    """
    found = finder.copies(segments)
    if not len(found) or not requests:
        return found.repeated
    seen = ~_taken(found, {segment.id: segment for segment in segments}, requests, deleted)
    if seen.all():
        return found.repeated
    places = np.arange(len(found))
    first_seen = np.full(int(found.groups[-1]) + 1, len(found))
    np.minimum.at(first_seen, found.groups[seen], places[seen])
    return {id: np.sort(found.rows[own]) for id, own in found.by_segment(places > first_seen[found.groups])}


def _taken(
    found: Copies, segments: Mapping[int, SegmentInfo], requests: Sequence[DeleteRequest], deleted: DeletedRows
) -> npt.NDArray[np.bool_]:
    """Which copies requests take where they are. Equal entries match the same requests, so that the newer ones tell."""
    taken = np.zeros(len(found), np.bool_)
    is_newer = np.append(False, found.groups[1:] == found.groups[:-1])
    with_copies = [segments[id] for id in np.unique(found.segments).tolist()]
    by_concerned: dict[tuple[int, ...], list[DeleteRequest]] = {}
    for request in requests:
        concerned = tuple(segment.id for segment in deleted.concerned(request, with_copies))
        if concerned:
            by_concerned.setdefault(concerned, []).append(request)
    for concerned, alike in by_concerned.items():
        of_concerned = np.isin(found.segments, concerned)
        is_asked, is_matched = (np.zeros(int(found.groups[-1]) + 1, np.bool_) for _ in range(2))
        is_asked[found.groups[of_concerned]] = True
        newer = list(found.by_segment(is_newer & is_asked[found.groups]))
        matching = iter(deleted.matching([(segments[id], request) for id, _ in newer for request in alike]))
        for _, own in newer:
            rows = np.concatenate([next(matching) for _ in alike])
            is_matched[found.groups[own][np.isin(found.rows[own], rows)]] = True
        taken |= of_concerned & is_matched[found.groups]
    return taken
