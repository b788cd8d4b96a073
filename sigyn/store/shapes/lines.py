"""Puts lines together again from their shapes and columns."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sigyn.store.shapes.shaping import ShapeTable
from sigyn.store.shapes.values import ROOM, Integers, Texts, slices_of, string_array, string_buffers

_ROOM = np.zeros(ROOM, np.uint8)


FEW_ROWS = 16  # up to here Python's own strings are quicker than to prepare the loop


def _few_lines(table: ShapeTable, of_line: Integers, columns: Mapping[str, Texts], text: pa.StringArray) -> pa.Array:
    values = {name: column.to_pylist() for name, column in columns.items()}
    lines = text.to_pylist()
    for row, number in enumerate(of_line.tolist()):
        if number >= 0:
            shape = table.shapes[number]
            parts = [
                part
                for pair in zip(shape.literals, shape.columns, strict=False)
                for part in (pair[0], values[pair[1]][row])
            ]
            lines[row] = "".join([*parts, shape.literals[-1]])
    return pa.array(lines, pa.string())


def rebuild_lines(table: ShapeTable, of_line: Integers, columns: Mapping[str, Texts], text: pa.StringArray) -> pa.Array:
    """The lines of some rows: those with a shape from the columns that it needs, the others from `text`."""
    if len(of_line) <= FEW_ROWS:
        return _few_lines(table, of_line, columns, text)
    from sigyn.store.shapes.column_loops import rebuild, rebuilt_lengths

    names = list(columns)
    slices = [slices_of(columns[name]) for name in names]
    data = [each.data for each in slices]
    begins = np.cumsum([0, *(len(each) for each in data)])
    rows = len(of_line)
    starts = np.empty((len(names), rows), np.int64)
    lengths = np.empty((len(names), rows), np.int32)
    for place, each in enumerate(slices):
        starts[place] = each.starts + begins[place]
        lengths[place] = each.lengths
    place_of = {name: place for place, name in enumerate(names)}
    hole_columns = np.array(
        [place for shape in table.shapes for place in (*(place_of.get(name, -1) for name in shape.columns), -1)],
        np.int32,
    )
    text_data, text_offsets = string_buffers(text)
    sizes = np.empty(rows, np.int64)
    rebuilt_lengths(
        of_line, table.literal_ends, table.first_literal, hole_columns, lengths, np.diff(text_offsets), sizes
    )
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    out = np.empty(int(offsets[-1]) + ROOM, np.uint8)
    rebuild(
        of_line, table.literals, table.literal_ends, table.first_literal, hole_columns,
        np.concatenate([*data, _ROOM]), starts, lengths,
        text_data, text_offsets, offsets, out,
    )  # fmt: skip
    return string_array(offsets, out, None)
