"""Compiled loops that look for needles in a column of texts.

Import this only through `needle_search.NEEDLE_LOOPS`: it imports numba.
"""

from typing import Any

import numpy as np

from sigyn.compiled.loops import compiled

_ZERO, _NINE, _SPACE, _HYPHEN = 48, 57, 32, 45


@compiled
def find_needles(text: Any, offsets: Any, starts: Any, places: Any, ends: Any, found: Any) -> Any:
    """Sets in `found[row, word]` the bits of the needles whose last byte is in the row: Shift-And, two words at a time.

    places  for each word and byte the bits of the places where it may stand
    starts  for each word the bits of first places, and `ends` those of last ones
    """
    for word in range(0, len(starts), 2):
        first, second = places[word], places[word + 1]
        first_start, second_start = starts[word], starts[word + 1]
        one = np.uint64(1)
        for row in range(len(offsets) - 1):
            in_first = in_second = seen_first = seen_second = np.uint64(0)
            for place in range(offsets[row], offsets[row + 1]):
                byte = text[place]
                in_first = ((in_first << one) | first_start) & first[byte]
                in_second = ((in_second << one) | second_start) & second[byte]
                seen_first |= in_first
                seen_second |= in_second
            found[row, word] = seen_first & ends[word]
            found[row, word + 1] = seen_second & ends[word + 1]


@compiled
def has_digits(text: Any, offsets: Any, wanted: Any, found: Any) -> Any:
    """Sets `found[row]` where so many digits are in a row, with at most a space or hyphen between two of them."""
    for row in range(len(offsets) - 1):
        count, between = 0, False
        for place in range(offsets[row], offsets[row + 1]):
            byte = text[place]
            if _ZERO <= byte <= _NINE:
                count += 1
                between = False
                if count == wanted:
                    found[row] = True
                    break
            elif count and not between and byte in (_SPACE, _HYPHEN):
                between = True
            else:
                count, between = 0, False
