"""`rate_counter`: how fast a counter rises."""

import numpy as np
import numpy.typing as npt

from sigyn.engine.vectors.block import Values
from sigyn.model.time import SECOND

_FAR = 1.1
"""A border of the window that is further from the samples than so many average gaps lies outside the series."""


def counter_rates(
    values: Values,
    timestamps: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    steps: npt.NDArray[np.int64],
    interval: int,
) -> Values:
    """Rise per second in each window of samples first:last, as Prometheus' `rate` extrapolates it.

    A fall is a reset to zero. The rise between the first and the last sample is stretched to the
    borders of the window, or by half an average gap where a border is far; not further down than
    to zero. A single sample gives 0.
    """
    resets = np.zeros(len(values) + 1)
    resets[1:-1] = np.where(values[1:] < values[:-1], values[:-1], 0.0)
    counts = last - first
    single = counts < 2
    start, end = values[first], values[last - 1]
    pairs = np.empty(2 * len(first), dtype=np.int64)
    pairs[0::2], pairs[1::2] = np.minimum(first + 1, len(values)), last
    rise = end - start + np.where(single, 0.0, np.add.reduceat(resets, pairs)[::2])
    sampled = (timestamps[last - 1] - timestamps[first]).astype(np.float64)
    to_start = (timestamps[first] - (steps - interval)).astype(np.float64)
    to_end = (steps - timestamps[last - 1]).astype(np.float64)
    gap = sampled / np.maximum(counts - 1, 1)
    to_start = np.where(to_start < gap * _FAR, to_start, gap / 2)
    to_end = np.where(to_end < gap * _FAR, to_end, gap / 2)
    to_zero = np.where((rise > 0) & (start >= 0), sampled * (start / rise), np.inf)
    stretched = sampled + np.minimum(to_start, to_zero) + to_end
    return np.where(single, 0.0, rise * (stretched / sampled) / (interval / SECOND))
