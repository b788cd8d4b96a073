"""Sums, minima and maxima over runs of buckets."""

import numpy as np
import numpy.typing as npt

from sigyn.engine.grid import Buckets

Matrix = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]
Ordinals = npt.NDArray[np.int64]

ADDED_WIDTH = 64  # up to here adding bucket by bucket is as fast
FEW_CELLS = 8
"""One of so many cells with a value, or fewer: to go from bucket to window for each costs less than to add all."""

CELLS_AT_ONCE = 1 << 20  # so that what is in between takes few MB beside the sums


def window_sums(values: Matrix, buckets: Buckets) -> Matrix:
    """Sum of each window's buckets: [series, buckets] to [series, windows].

    Whole numbers (below 2**53) are summed exactly at any width. Nothing outside a window plays a part in its sum:
    differences of running sums would be NaN behind an infinity or NaN, and lose what is small behind what is large.
    """
    total = np.zeros((len(values), buckets.windows))
    if buckets.width <= ADDED_WIDTH:
        for begin in range(buckets.width):
            total += _every_window(values, begin, buckets)
        return total
    at_once = max(1, CELLS_AT_ONCE // values.shape[1])
    for first in range(0, len(values), at_once):
        total[first : first + at_once] = _wide_sums(values[first : first + at_once], buckets)
    return total


def scattered_over_windows(
    series: Ordinals, columns: Ordinals, values: Values, join: np.ufunc, joined: Matrix, buckets: Buckets
) -> None:
    """Joins the values of few buckets into `joined`, [series, windows], in the order in which `window_sums` adds.

    Each bucket of a series comes once.
    """
    for begin in range(buckets.width):
        window, rest = np.divmod(columns - begin, buckets.per_step)
        inside = np.flatnonzero((rest == 0) & (window >= 0) & (window < buckets.windows))
        places = series[inside] * buckets.windows + window[inside]
        joined.reshape(-1)[places] = join(joined.reshape(-1)[places], values[inside])


def _wide_sums(values: Matrix, buckets: Buckets) -> Matrix:
    """By running sums, forward and backward, in blocks as wide as a window: it is the end of one and the begin of
    the next.
    """
    width, columns = buckets.width, values.shape[1]
    blocks = -(-columns // width)
    padded = np.zeros((len(values), blocks * width))
    padded[:, :columns] = values
    blocked = padded.reshape(len(values), blocks, width)
    forward = np.cumsum(blocked, axis=2).reshape(padded.shape)
    backward = np.cumsum(blocked[:, :, ::-1], axis=2)[:, :, ::-1]
    backward[:, :, 0] = 0.0  # the window is the block: all of it is in the forward sum
    backward = backward.reshape(padded.shape)
    return np.asarray(_every_window(backward, 0, buckets) + _every_window(forward, width - 1, buckets))


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
