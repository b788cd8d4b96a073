"""What needle filters of row groups are made from: the lines, whole and taken apart."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sigyn.store.needles.filters import Words, filter_of
from sigyn.store.needles.hashing import field_prefix
from sigyn.store.shapes.forms import TextForm
from sigyn.store.shapes.shape import FIELD
from sigyn.store.shapes.shaping import ShapedLines
from sigyn.store.shapes.values import string_buffers
from sigyn.store.streams import Int64s

_LEAST_PLACES = 1 << 12  # for hashes, at first
_BYTES_FOR_PLACE = 16
"""Of lines; JSON with an id or two has a hash for 40, and a table that has to grow takes them twice."""


@dataclass(frozen=True, slots=True)
class NeedleSource:
    """Lines with their structured metadata, and what they were taken apart into (None: nothing)."""

    lines: pa.StringArray
    metadata: pa.StringArray
    shaped: ShapedLines | None

    def filter_of(self, rows: Int64s) -> Words:
        """The needle filter of some entries."""
        from sigyn.store.needles.loops import add_fields, add_minimizers, add_values

        data, offsets = string_buffers(self.lines)
        size = int((offsets[rows + 1] - offsets[rows]).sum(dtype=np.int64))
        places = max(_LEAST_PLACES, 1 << (size // _BYTES_FOR_PLACE).bit_length())
        table, count = add_minimizers(data, offsets, rows, np.zeros(places, np.uint64), 0)
        if self.metadata.null_count < len(self.metadata):
            table, count = add_minimizers(*string_buffers(self.metadata), rows, table, count)
        if self.shaped is not None:
            holes = self.shaped.holes
            table, count = add_fields(
                data,
                rows,
                self.shaped.of_line,
                holes.first,
                holes.starts,
                holes.lengths,
                *_field_prefixes(self.shaped),
                table,
                count,
            )
            indices = pa.array(rows)
            for name in self.shaped.forms:
                coded = _coded(self.shaped, name)
                if name.startswith(FIELD) and coded is not None:
                    codes, texts = coded
                    data, offsets = string_buffers(texts.take(codes.take(indices).unique()))
                    prefix = np.uint64(field_prefix(name.removeprefix(FIELD)))
                    table, count = add_values(data, offsets, prefix, table, count)
        return filter_of(table, count)


def _is_hashed(shaped: ShapedLines, column: str) -> bool:
    """Whether each value has to be added to the needle filter; of a dictionary its texts are added."""
    return shaped.forms[column].is_indexed and _coded(shaped, column) is None


def _coded(shaped: ShapedLines, column: str) -> tuple[pa.Array, pa.StringArray] | None:
    """The codes of a column and the texts that they stand for; None where it is held otherwise."""
    form, held = shaped.forms[column], shaped.columns.get(column)
    if isinstance(held, pa.DictionaryArray):
        return held.indices, held.dictionary
    return (held, form.texts) if isinstance(form, TextForm) and form.coded else None


def _field_prefixes(shaped: ShapedLines) -> tuple[Words, Int64s]:
    """For each hole of each shape the hash of its field's name (0: nothing to add), and where a shape's begin."""
    prefixes = [
        field_prefix(column.removeprefix(FIELD)) if column.startswith(FIELD) and _is_hashed(shaped, column) else 0
        for shape in shaped.table.shapes
        for column in shape.columns
    ]
    first = np.concatenate([[0], np.cumsum([len(shape.columns) for shape in shaped.table.shapes])])
    return np.array(prefixes, np.uint64), first.astype(np.int64)
