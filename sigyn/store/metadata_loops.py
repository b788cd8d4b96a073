"""Compiled loops over structured metadata as text: objects of JSON whose values all are texts, without blanks."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.comparing import same_bytes
from sigyn.store.shapes.text_ends import quote_after

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@borrowing
def _place_of(
    data: Bytes, begin: int, length: int, starts: Integers, lengths: Integers, found: int, likely: int
) -> int:  # fmt: skip
    """Which of the first `found` slices is data[begin : begin + length], `likely` perhaps; `found`: none."""
    if likely < found and lengths[likely] == length and same_bytes(data, begin, data, starts[likely], length):
        return likely
    for place in range(found):
        if lengths[place] == length and same_bytes(data, begin, data, starts[place], length):
            return place
    return found


@compiled
def find_names(data: Bytes, offsets: Integers, rows: Longs, starts: Integers, lengths: Integers) -> int:
    """Where each of the names stands that these objects have, as JSON writes them; how many, -1: there is no room."""
    found: Any = np.int64(0)
    for i in range(len(rows)):
        at: Any = np.int64(offsets[rows[i]]) + 1
        end: Any = np.int64(offsets[rows[i] + 1])
        likely: Any = np.int64(0)
        while at < end and byte_at(data, at) == 34:
            begin = at + 1
            stop, _ = quote_after(data, begin, end)
            place = _place_of(data, begin, stop - begin, starts, lengths, found, likely)
            if place == found:
                if found == len(starts):
                    return -1
                starts[found], lengths[found] = begin, stop - begin
                found += 1
            value_stop, _ = quote_after(data, stop + 3, end)
            at = value_stop + 2
            likely = place + 1
    return int(found)


@compiled
def find_texts(data: Bytes, offsets: Integers, name: Bytes, starts: Integers, lengths: Integers) -> None:
    """Where each object has its text under a name, both as JSON writes them; length -1: it has none."""
    for i in range(len(starts)):
        starts[i], lengths[i] = 0, -1
        at: Any = np.int64(offsets[i]) + 1
        end: Any = np.int64(offsets[i + 1])
        while at < end and byte_at(data, at) == 34:
            stop, _ = quote_after(data, at + 1, end)
            begin = stop + 3
            value_stop, _ = quote_after(data, begin, end)
            if stop - at - 1 == len(name) and same_bytes(data, at + 1, name, 0, len(name)):
                starts[i], lengths[i] = begin, value_stop - begin
                break
            at = value_stop + 2
