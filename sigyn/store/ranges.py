"""Many ranges of one array at a time."""

from typing import Literal

import numpy as np

from sigyn.store.streams import Int64s

Side = Literal["left", "right"]


def ranges(begins: Int64s, ends: Int64s) -> Int64s:
    """The numbers from each begin to its end, one range after the other."""
    counts = ends - begins
    return np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def bisect(values: Int64s, begins: Int64s, ends: Int64s, sought: Int64s, *, side: Side) -> Int64s:
    """As `numpy.searchsorted`, in each of the sorted ranges of `values` for a value of its own."""
    low, high = begins.copy(), ends.copy()
    while (is_open := low < high).any():
        middle = np.where(is_open, (low + high) // 2, begins)
        found = values[np.minimum(middle, len(values) - 1)]
        is_before = found <= sought if side == "right" else found < sought
        low = np.where(is_open & is_before, middle + 1, low)
        high = np.where(is_open & ~is_before, middle, high)
    return low
