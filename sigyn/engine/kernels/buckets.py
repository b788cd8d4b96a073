"""Compiled loops that put samples in the order of their buckets.

Samples next to each other are mostly of one bucket and one series: what a division says of one is kept for the next.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled, inlined

Integers = npt.NDArray[np.int32]
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


@inlined
def _series(cell: int, numbers: Longs, buckets: int) -> tuple[int, int, int]:
    """Where the cells of the series of one begin and end, and how far its new number moves them."""
    series = cell // buckets
    begin = series * buckets
    return begin, begin + buckets, numbers[np.uint64(series)] * buckets - begin


@compiled
def find_cells(
    series: Longs,
    times: Longs,
    origin: int,
    step: int,
    phase: int,
    middle: int,
    merged: int,
    buckets: int,
    cells: Integers,
) -> None:
    """The cell of each sample: series * buckets + bucket. `times` in ns; bucket 0 begins at `origin` (inclusive)."""
    bucket, begin, end = 0, 0, 0
    for i in range(len(times)):
        since = times[i] - origin
        if since < begin or since >= end:
            bucket, begin, end = _bucket(since, step, phase)
            if bucket > middle:
                bucket = max(middle, bucket - merged)
        cells[i] = series[i] * buckets + bucket


@compiled
def count_cells(cells: Integers, numbers: Longs, buckets: int, counts: Longs) -> None:
    """Adds the samples of each cell to `counts`, by the cells of series that `numbers` numbers anew."""
    begin, end, moved = 0, 0, 0
    for i in range(len(cells)):
        cell = cells[i]
        if cell < begin or cell >= end:
            begin, end, moved = _series(cell, numbers, buckets)
        counts[np.uint64(cell + moved)] += 1


@compiled
def place_values(
    cells: Integers, values: Doubles, numbers: Longs, buckets: int, places: Longs, out: Doubles
) -> None:  # fmt: skip
    """Puts each value at the next place of its cell, as in `count_cells`; `places` are the next ones, and rise."""
    begin, end, moved = 0, 0, 0
    for i in range(len(cells)):
        cell = cells[i]
        if cell < begin or cell >= end:
            begin, end, moved = _series(cell, numbers, buckets)
        place = np.uint64(cell + moved)
        out[np.uint64(places[place])] = values[i]
        places[place] += 1
