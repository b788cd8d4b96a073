"""Compiled loops that put samples in the order of their buckets."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled, inlined

Longs = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@inlined
def _bucket(since: int, step: int, phase: int) -> tuple[int, int, int]:
    """The bucket of a time, and where it begins and ends (exclusive); all times ns after the begin of bucket 0."""
    whole = since // step
    begin = whole * step
    if phase == 0:
        return whole, begin, begin + step
    if since - begin < phase:
        return 2 * whole, begin, begin + phase
    return 2 * whole + 1, begin + phase, begin + step


@compiled
def count_cells(series: Longs, times: Longs, origin: int, step: int, phase: int, buckets: int, counts: Longs) -> None:
    """Adds the samples of each bucket of each series, cell series * buckets + bucket, to `counts`.

    `times` in ns; bucket 0 begins at `origin` (inclusive). Times next to each other are mostly of one bucket, and a
    division is most of what it takes to find that of another.
    """
    bucket, begin, end = 0, 0, 0
    for i in range(len(times)):
        since = times[i] - origin
        if since < begin or since >= end:
            bucket, begin, end = _bucket(since, step, phase)
        counts[np.uint64(series[i] * buckets + bucket)] += 1


@compiled
def place_values(
    series: Longs, times: Longs, values: Doubles, origin: int, step: int, phase: int, buckets: int,
    places: Longs, out: Doubles,
) -> None:  # fmt: skip
    """Puts each value at the next place of its cell, as in `count_cells`; `places` are the next ones, and rise."""
    bucket, begin, end = 0, 0, 0
    for i in range(len(times)):
        since = times[i] - origin
        if since < begin or since >= end:
            bucket, begin, end = _bucket(since, step, phase)
        cell = np.uint64(series[i] * buckets + bucket)
        out[np.uint64(places[cell])] = values[i]
        places[cell] += 1
