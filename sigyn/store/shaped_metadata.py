"""Structured metadata taken apart into shapes and columns, as sorted segments hold it."""

from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.store.metadata_columns import NO_METADATA, SHAPE, TEXT
from sigyn.store.physical_columns import AS_TEXT
from sigyn.store.shapes.forms import Form
from sigyn.store.shapes.pairs import OF_PAIRS, name_of
from sigyn.store.shapes.shape import Shape
from sigyn.store.shapes.shaping import ShapedLines, shape_lines
from sigyn.store.shapes.values import Columns, Longs, string_buffers, valid_rows, without
from sigyn.store.streams import Int64s

MOST_NAMES = 256  # that the footer of a segment tells

_decode_text = msgspec.json.Decoder(str).decode


@dataclass(frozen=True, slots=True)
class ShapedMetadata:
    """Structured metadata of entries.

    shapes   the shapes; empty: nothing has one
    forms    the form of each column of pairs
    columns  the physical columns: the text of objects without a shape, and where there are shapes these and the pairs
    """

    shapes: tuple[Shape, ...]
    forms: dict[str, Form]
    columns: Columns

    def names(self, rows: Int64s) -> tuple[str, ...] | None:
        """The names that metadata of these entries have, sorted; None when there are more than MOST_NAMES."""
        names: set[str] = set()
        if SHAPE in self.columns:
            used = np.unique(self.columns[SHAPE].to_numpy()[rows])
            names.update(name_of(column) for number in used[used >= 0] for column in self.shapes[number].columns)
        texts = self.columns[TEXT]
        of_texts = _names_in(texts, rows[valid_rows(texts)[rows]])
        if of_texts is None:
            return None
        names.update(of_texts)
        return tuple(sorted(names)) if len(names) <= MOST_NAMES else None


def take_metadata_apart(
    metadata: pa.StringArray, timestamps: Longs, least: int
) -> tuple[ShapedMetadata, ShapedLines | None]:
    """Takes structured metadata apart; a shape has as many as `least` of them, and one in LEAST_SHARE.

    The second one is what needle filters are made from; None: nothing has a shape.
    """
    shaped = None
    if metadata.null_count < len(metadata):
        shaped = shape_lines(_without_hidden(metadata), timestamps, least, OF_PAIRS)
    if shaped is None:
        return ShapedMetadata((), {}, {TEXT: metadata}), None
    of_row = np.where(valid_rows(metadata), shaped.of_line, np.int32(NO_METADATA))
    text = without(metadata, of_row != AS_TEXT)
    columns = {TEXT: text, SHAPE: pa.array(of_row), **shaped.columns}
    return ShapedMetadata(shaped.table.shapes, shaped.forms, columns), shaped


def _without_hidden(metadata: pa.StringArray) -> pa.StringArray:
    """The same without what may stand in memory where there is none."""
    lengths = np.diff(string_buffers(metadata)[1])
    return metadata if not lengths[~valid_rows(metadata)].any() else pc.fill_null(metadata, "")


def _names_in(metadata: pa.StringArray, rows: Int64s) -> set[str] | None:
    from sigyn.store.metadata_loops import find_names

    data, offsets = string_buffers(metadata)
    starts, lengths = np.empty(MOST_NAMES, np.int32), np.empty(MOST_NAMES, np.int32)
    found = find_names(data, offsets, rows, starts, lengths)
    if found < 0:
        return None
    slices = zip(starts[:found].tolist(), lengths[:found].tolist(), strict=True)
    return {_decode_text(b'"%b"' % data[begin : begin + length].tobytes()) for begin, length in slices}
