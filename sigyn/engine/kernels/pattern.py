"""`| pattern` over a column of lines.

As the interpreter's pattern stage has it: a literal at the beginning has to begin the line; a
capture reaches to the first place of the literal behind it, or to the end of the line where there
is none, and then the matching ends. No line is hard.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.plain_bytes import WIDTH, before_byte

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

LITERAL, UNNAMED = -1, -2


@compiled
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

    All in one function: to call one for each literal takes longer than to look for it.
    """
    whole = len(data) - WIDTH
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
            last = end - (stop - begin)
            found, place = -1, at
            while place <= last:
                if place <= whole:
                    others = before_byte(data, place, first, 0)
                    place += others
                    if others == WIDTH:
                        continue
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
