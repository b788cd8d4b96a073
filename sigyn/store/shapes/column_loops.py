"""Compiled loops that take lines apart into columns, and put them together again."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.shapes.comparing import same_bytes
from sigyn.store.shapes.copying import copy_bytes, move, prefetch

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_AHEAD = 32
"""Slices of which the first byte is asked for so early: those of a column are a line apart, too far to be foreseen."""


@compiled
def verify(
    data: Bytes, offsets: Integers, first_hole: Integers, starts: Integers, lengths: Integers, shapes: Integers,
    literals: Bytes, literal_ends: Longs, first_literal: Longs,
) -> None:  # fmt: skip
    """Sets shapes[i] to -1 where the text around the holes of line i is not that of its shape.

    Literal j of shape s is number first_literal[s] + j; `literal_ends` places each in `literals`.
    """
    for i in range(len(shapes)):
        shape = shapes[i]
        if shape < 0:
            continue
        number = first_literal[shape]
        holes = first_hole[i + 1] - first_hole[i]
        same = first_literal[shape + 1] - number == holes + 1
        at = offsets[i]
        for j in range(holes + 1):
            if not same:
                break
            stop = starts[first_hole[i] + j] if j < holes else offsets[i + 1]
            begin = literal_ends[number + j - 1] if number + j > 0 else 0
            length = literal_ends[number + j] - begin
            same = stop - at == length and same_bytes(data, at, literals, begin, length)
            if j < holes:
                at = stop + lengths[first_hole[i] + j]
        if not same:
            shapes[i] = -1


@compiled
def pick(
    shapes: Integers, hole_of: Integers, first_hole: Integers, starts: Integers, lengths: Integers,
    out_starts: Integers, out_lengths: Integers,
) -> None:  # fmt: skip
    """For each line the place of one column's value: hole_of[s] is its hole in shape s; length -1: none."""
    for i in range(len(shapes)):
        out_starts[i], out_lengths[i] = 0, -1
        if shapes[i] >= 0:
            hole = hole_of[np.uint64(shapes[i])]
            if hole >= 0:
                place = np.uint64(first_hole[i] + hole)
                out_starts[i], out_lengths[i] = starts[place], lengths[place]


@compiled
def rebuilt_lengths(
    shapes: Integers, literal_ends: Longs, first_literal: Longs, hole_columns: Integers,
    lengths: Integers, text_lengths: Integers, out: Longs,
) -> None:  # fmt: skip
    """Bytes of each line: of its shape's literals and its values, or of its text where it has no shape.

    hole_columns[first_literal[s] + j] is the row of `lengths` (columns, lines) that hole j of shape s takes.
    """
    for i in range(len(shapes)):
        shape = shapes[i]
        if shape < 0:
            out[i] = text_lengths[i]
            continue
        first, last = first_literal[shape], first_literal[shape + 1] - 1
        size = literal_ends[last] - (literal_ends[first - 1] if first > 0 else 0)
        for number in range(first, last):
            size += lengths[hole_columns[number], i]
        out[i] = size


@compiled
def rebuild(
    shapes: Integers, literals: Bytes, literal_ends: Longs, first_literal: Longs, hole_columns: Integers,
    values: Bytes, starts: Longs, lengths: Integers,
    text: Bytes, text_offsets: Integers, out_offsets: Integers, out: Bytes,
) -> None:  # fmt: skip
    """Writes the lines one after the other; line i begins at out_offsets[i].

    `literals`, `values` and `out` need ROOM bytes behind what counts.
    """
    for i in range(len(shapes)):
        at = out_offsets[i]
        shape = shapes[i]
        if shape < 0:
            copy_bytes(out, at, text, text_offsets[i], text_offsets[i + 1] - text_offsets[i])
            continue
        first, last = first_literal[shape], first_literal[shape + 1] - 1
        for number in range(first, last + 1):
            begin = literal_ends[number - 1] if number > 0 else 0
            length = literal_ends[number] - begin
            move(out, at, literals, begin, length)
            at += length
            if number < last:
                column = hole_columns[number]
                size = lengths[column, i]
                move(out, at, values, starts[column, i], size)
                at += size


@compiled
def gather(
    data: Bytes, starts: Integers | Longs, lengths: Integers | Longs, offsets: Integers, out: Bytes
) -> None:  # fmt: skip
    """Copies slices of `data` one after the other; slice i goes to offsets[i]."""
    for i in range(len(starts)):
        if i + _AHEAD < len(starts):
            prefetch(data, starts[i + _AHEAD])
        if lengths[i] > 0:
            copy_bytes(out, offsets[i], data, starts[i], lengths[i])
