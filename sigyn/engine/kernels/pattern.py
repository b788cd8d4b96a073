"""`| pattern` over a column of lines.

As the interpreter's pattern stage has it: a literal at the beginning has to begin the line; a
capture reaches to the first place of the literal behind it, or to the end of the line where there
is none, and then the matching ends. No line is hard.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

LITERAL, UNNAMED = -1, -2


@njit(nogil=True, cache=True)
def _find(data: Bytes, at: int, end: int, literal: Bytes, begin: int, stop: int) -> int:
    """Offset of literal[begin:stop] in data[at:end], or -1."""
    first = literal[begin]
    length = stop - begin
    last = end - length
    while at <= last:
        if data[at] == first:
            same = True
            for k in range(1, length):
                if data[at + k] != literal[begin + k]:
                    same = False
                    break
            if same:
                return at
        at += 1
    return -1


@njit(nogil=True, cache=True)
def extract_pattern(
    data: Bytes,
    offsets: Integers,
    rows: npt.NDArray[np.int64],
    literals: Bytes,
    literal_ends: Integers,
    slots: npt.NDArray[np.int64],
    starts: Integers,
    lengths: Integers,
) -> None:
    """Match lines against pieces that are captures or literals, no two captures side by side.

    `literals` holds the literal pieces one after the other, `literal_ends` where each piece's
    literal ends (for a capture: the end of the one before). slots[p] is LITERAL, UNNAMED for a capture that
    nobody asks for, or s: starts[s, i] and lengths[s, i] place that capture of the i-th of `rows`. Lengths are to be
    -1 before, and stay so where a capture is not reached.
    """
    pieces = len(slots)
    for i in range(len(rows)):
        at, end = offsets[rows[i]], offsets[rows[i] + 1]
        if at == end:
            continue
        pending = -1
        slot = UNNAMED
        for p in range(pieces):
            if slots[p] != LITERAL:
                pending = at
                slot = slots[p]
                continue
            begin = 0 if p == 0 else literal_ends[p - 1]
            found = _find(data, at, end, literals, begin, literal_ends[p])
            if pending < 0:
                if found != at:
                    break
            else:
                if slot >= 0:
                    starts[slot, i] = pending
                    lengths[slot, i] = (end if found < 0 else found) - pending
                pending = -1
                if found < 0:
                    break
            at = found + literal_ends[p] - begin
        if pending >= 0 and slot >= 0:
            starts[slot, i] = pending
            lengths[slot, i] = end - pending
