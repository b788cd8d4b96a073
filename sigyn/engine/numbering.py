"""Numbers that say which of many rows are alike."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]

MOST_CELLS = 1 << 22  # up to so many, counting into a table beats sorting


def numbered(numbers: Longs, most: int) -> tuple[Longs, Longs]:
    """The distinct numbers (all from 0 to below `most`), rising, and for each its place among them."""
    if most > MOST_CELLS or most > 16 * len(numbers) + 1024:
        found, place = np.unique(numbers, return_inverse=True)
        return found, place.astype(np.int64)
    present = np.bincount(numbers, minlength=most) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[numbers]


def distinct_rows(columns: Sequence[tuple[npt.NDArray[np.integer], int]]) -> tuple[Longs, Longs]:
    """One row of each kind, and for each row its kind: rows that are equal in all columns are of one.

    A column is its codes and how many there may be: all are from 0 to below that. There is at least one column.
    """
    codes, most = columns[0]
    combined = codes.astype(np.int64)
    for own, count in columns[1:]:
        if most * count > MOST_CELLS:  # numbered anew, so that the product of many columns can't overflow
            found, combined = numbered(combined, most)
            most = len(found)
        combined, most = combined * count + own, most * count
    found, kinds = numbered(combined, most)
    first = np.empty(len(found), np.int64)
    first[kinds[::-1]] = np.arange(len(kinds) - 1, -1, -1)
    return first, kinds
