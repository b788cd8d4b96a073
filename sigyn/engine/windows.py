"""Sums, minima and maxima over runs of buckets."""

import numpy as np
import numpy.typing as npt

from sigyn.engine.grid import Buckets

Matrix = npt.NDArray[np.float64]

ADDED_WIDTH = 64  # up to here adding bucket by bucket is as fast as running sums, and rounds less


def window_sums(values: Matrix, buckets: Buckets) -> Matrix:
    """Sum of each window's buckets: [series, buckets] to [series, windows].

    Whole numbers (below 2**53) are summed exactly at any width.
    """
    if buckets.width <= ADDED_WIDTH:
        total = np.zeros((len(values), buckets.windows))
        for begin in range(buckets.width):
            total += _every_window(values, begin, buckets)
        return total
    running = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=running[:, 1:])
    return _every_window(running, buckets.width, buckets) - _every_window(running, 0, buckets)


def window_extremes(values: Matrix, buckets: Buckets, reduce: np.ufunc) -> Matrix:
    """np.minimum or np.maximum over each window's buckets.

    Reduced over runs of 1, 2, 4, ... buckets; a window is the union of two overlapping runs.
    """
    width = 1
    while 2 * width <= buckets.width:
        values = reduce(values[:, :-width], values[:, width:])
        width *= 2
    return np.asarray(reduce(_every_window(values, 0, buckets), _every_window(values, buckets.width - width, buckets)))


def _every_window(values: Matrix, begin: int, buckets: Buckets) -> Matrix:
    """Column `begin` of each window."""
    return values[:, begin :: buckets.per_step][:, : buckets.windows]
