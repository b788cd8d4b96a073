"""Which entries of a segment another may hold too, told by the times of the streams that both have."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.store.catalog import SegmentInfo
from sigyn.store.streams import Int64s

_EARLIEST, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """Of a segment, by ordinal of its streams: entries at t <= `until` or t >= `since` may be elsewhere too.

    `place` is that of the segment among those that are compared.
    """

    place: int
    until: Int64s
    since: Int64s


def covered_by_others(segments: Sequence[SegmentInfo], fresh: npt.NDArray[np.bool_]) -> list[Covered]:
    """Of each segment, what others among them cover in the same streams; those with nothing are left out.

    Of a segment that is not fresh, only what fresh ones cover: the rest was compared.
    """
    if not segments:
        return []
    sizes = [len(segment.streams) for segment in segments]
    streams = np.concatenate([segment.streams.ids for segment in segments])
    firsts = np.concatenate([segment.streams.first for segment in segments])
    lasts = np.concatenate([segment.streams.last for segment in segments])
    order = np.lexsort((firsts, streams))
    streams, firsts, lasts = streams[order], firsts[order], lasts[order]
    is_fresh = np.repeat(fresh, sizes)[order]
    same_stream = streams[1:] == streams[:-1]

    until = np.full(len(order), _EARLIEST)
    latest = _latest(streams, lasts)
    latest_fresh = _latest(streams, np.where(is_fresh, lasts, _EARLIEST))
    before = np.where(is_fresh[1:], latest[:-1], latest_fresh[:-1])
    reached = same_stream & (before >= firsts[1:])
    until[1:][reached] = before[reached]

    since = np.full(len(order), _LATEST)
    numbers = np.arange(len(order))
    next_fresh = np.minimum.accumulate(np.where(is_fresh, numbers, len(order))[::-1])[::-1]
    following = np.where(is_fresh[:-1], numbers[1:], next_fresh[1:])
    there = np.minimum(following, len(order) - 1)
    reaches = (following < len(order)) & (streams[there] == streams[:-1]) & (firsts[there] <= lasts[:-1])
    since[:-1][reaches] = firsts[there][reaches]
    is_covered = np.zeros(len(order), np.bool_)
    is_covered[1:] |= reached
    is_covered[:-1] |= reaches

    places = np.empty(len(order), np.int64)
    places[order] = numbers
    answer = []
    start = 0
    for place, size in enumerate(sizes):
        mine = places[start : start + size]
        start += size
        if is_covered[mine].any():
            answer.append(Covered(place, until[mine], since[mine]))
    return answer


def _latest(streams: Int64s, lasts: Int64s) -> Int64s:
    """The latest of `lasts` up to each place of the same stream; `streams` is sorted.

    A running maximum over ranks, each stream's ranks above those of the stream before it, so that the maximum begins
    anew with a stream.
    """
    by_last = np.lexsort((lasts, streams))
    rank = np.empty(len(lasts), np.int64)
    rank[by_last] = np.arange(len(lasts))
    return np.asarray(lasts[by_last][np.maximum.accumulate(rank)])
