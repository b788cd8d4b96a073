"""What needle filters of row groups are made from: lines and structured metadata, whole and taken apart."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sigyn.store.needles.filters import Words, filter_of
from sigyn.store.needles.hashing import NEEDLE_BYTES, field_prefix
from sigyn.store.shapes.forms import Form, HexForm, TextForm
from sigyn.store.shapes.pairs import PAIR
from sigyn.store.shapes.shape import FIELD
from sigyn.store.shapes.shaping import ShapedLines
from sigyn.store.shapes.values import Flags, string_buffers, valid_rows
from sigyn.store.streams import Int64s

_LEAST_PLACES = 1 << 12  # for hashes, at first
_BYTES_FOR_PLACE = 16
"""Of lines; JSON with an id or two has a hash for 40, and a table that has to grow takes them twice."""

_ANY_LENGTH = 1 << 30

_Table = tuple[Words, int]
"""An open table of hashes, and how many it holds."""


@dataclass(frozen=True, slots=True)
class NeedleSource:
    """Lines with their structured metadata, and what they were taken apart into (None: nothing).

    as_text  which entries have structured metadata without a shape
    """

    lines: pa.StringArray
    metadata: pa.StringArray
    shaped: ShapedLines | None
    pairs: ShapedLines | None
    as_text: Flags

    @classmethod
    def of(
        cls, lines: pa.StringArray, metadata: pa.StringArray, shaped: ShapedLines | None, pairs: ShapedLines | None
    ) -> "NeedleSource":
        """The source of lines and structured metadata that were taken apart."""
        held = valid_rows(metadata)
        return cls(lines, metadata, shaped, pairs, held if pairs is None else held & (pairs.of_line < 0))

    def filter_of(self, rows: Int64s) -> Words:
        """The needle filter of some entries."""
        from sigyn.store.needles.loops import add_minimizers

        data, offsets = string_buffers(self.lines)
        size = int((offsets[rows + 1] - offsets[rows]).sum(dtype=np.int64))
        places = max(_LEAST_PLACES, 1 << (size // _BYTES_FOR_PLACE).bit_length())
        table = add_minimizers(data, offsets, rows, np.zeros(places, np.uint64), 0)
        text_rows = rows[self.as_text[rows]]
        if len(text_rows):
            table = add_minimizers(*string_buffers(self.metadata), text_rows, *table)
        if self.shaped is not None:
            # What is longer is found by its minimizers, which a search for a text in lines needs anyway.
            table = _with_fields(table, self.lines, self.shaped, rows, FIELD, NEEDLE_BYTES)
        if self.pairs is not None:
            table = _with_fields(table, self.metadata, self.pairs, rows, PAIR, _ANY_LENGTH)
        return filter_of(*table)


def _with_fields(
    table: _Table, texts: pa.StringArray, shaped: ShapedLines, rows: Int64s, prefix: str, shorter: int
) -> _Table:
    """The table with the fields of some rows, those in columns of a prefix, as far as they are shorter."""
    from sigyn.store.needles.loops import add_fields, add_values

    holes = shaped.holes
    table = add_fields(
        string_buffers(texts)[0],
        rows,
        shaped.of_line,
        holes.first,
        holes.starts,
        holes.lengths,
        *_field_prefixes(shaped, prefix),
        shorter,
        *table,
    )
    indices = pa.array(rows)
    for name in shaped.forms:
        coded = _coded(shaped, name)
        if name.startswith(prefix) and coded is not None:
            codes, distinct = coded
            data, offsets = string_buffers(distinct.take(codes.take(indices).unique()))
            table = add_values(data, offsets, np.uint64(_seed(name, prefix)), shorter, *table)
    return table


def _seed(column: str, prefix: str) -> int:
    """The state of the hash of a field behind its name: that of metadata is not that of a line's field."""
    return field_prefix(column.removeprefix(FIELD) if prefix == FIELD else column)


def is_hashed(form: Form, column: str) -> bool:
    """Whether values in a column of this form are in the filter as fields: of metadata also ids, which are needles."""
    return form.is_indexed or (isinstance(form, HexForm) and column.startswith(PAIR))


def _is_added(shaped: ShapedLines, column: str) -> bool:
    """Whether each value has to be added to the needle filter; of a dictionary its texts are added."""
    return is_hashed(shaped.forms[column], column) and _coded(shaped, column) is None


def _coded(shaped: ShapedLines, column: str) -> tuple[pa.Array, pa.StringArray] | None:
    """The codes of a column and the texts that they stand for; None where it is held otherwise."""
    form, held = shaped.forms[column], shaped.columns.get(column)
    if isinstance(held, pa.DictionaryArray):
        return held.indices, held.dictionary
    return (held, form.texts) if isinstance(form, TextForm) and form.coded else None


def _field_prefixes(shaped: ShapedLines, prefix: str) -> tuple[Words, Int64s]:
    """For each hole of each shape the hash of its field's name (0: nothing to add), and where a shape's begin."""
    prefixes = [
        _seed(column, prefix) if column.startswith(prefix) and _is_added(shaped, column) else 0
        for shape in shaped.table.shapes
        for column in shape.columns
    ]
    first = np.concatenate([[0], np.cumsum([len(shape.columns) for shape in shaped.table.shapes])])
    return np.array(prefixes, np.uint64), first.astype(np.int64)
