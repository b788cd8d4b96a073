"""`| pattern` over a column of lines.

As the interpreter's pattern stage has it: a literal at the beginning has to begin the line; a
capture reaches to the first place of the literal behind it, or to the end of the line where there
is none, and then the matching ends. No line is hard.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from sigyn.store.pages.bits import integer
from sigyn.store.shapes.bytes_at import byte_at, word_at

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

LITERAL, UNNAMED = -1, -2


_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_ONE, _TOP_BYTE = np.uint64(1), np.uint64(56)


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

    The first byte of a literal is looked for in words of eight: where a word, combined with eight of that byte, has a
    zero (https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord). All in one function: to call one for each
    literal takes five times as long.
    """
    whole = len(data) - 8  # the last place where a word is
    for i in range(len(rows)):
        at, end = offsets[rows[i]], offsets[rows[i] + 1]
        if at == end:
            continue
        pending, begin = -1, 0
        slot = UNNAMED
        for p in range(len(slots)):
            if slots[p] != LITERAL:
                pending = at
                slot = slots[p]
                continue
            stop = literal_ends[p]
            first = byte_at(literals, begin)
            eight = np.uint64(first) * _ONES
            last = end - (stop - begin)
            found, place = -1, at
            while place <= last:
                if place <= whole:
                    word = word_at(data, place) ^ eight
                    zeros = (word - _ONES) & ~word & _HIGH
                    if zeros == np.uint64(0):
                        place += 8
                        continue
                    place += integer((((zeros & -zeros) - _ONE) & _ONES) * _ONES >> _TOP_BYTE) - 1
                    if place > last:
                        break
                elif byte_at(data, place) != first:
                    place += 1
                    continue
                k = 1
                while begin + k < stop and byte_at(data, place + k) == byte_at(literals, begin + k):
                    k += 1
                if begin + k == stop:
                    found = place
                    break
                place += 1
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
            at = found + stop - begin
            begin = stop
        if pending >= 0 and slot >= 0:
            starts[slot, i] = pending
            lengths[slot, i] = end - pending
