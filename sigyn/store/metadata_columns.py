"""Structured metadata of a portion, put together from shapes and columns, and what it has under a name."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.store.layout import Layout
from sigyn.store.metadata_text import texts_under, unescaped
from sigyn.store.physical_columns import AS_TEXT, PhysicalColumns
from sigyn.store.shapes.forms import Form
from sigyn.store.shapes.pairs import PAIR, RAW_PAIR
from sigyn.store.shapes.values import Flags, Texts, equal_texts, string_array, string_buffers, valid_rows
from sigyn.store.streams import Int64s

TEXT, SHAPE = "metadata", "metadata_shape"
"""Physical columns: objects that have no shape, and the shapes."""

NO_METADATA = AS_TEXT - 1
"""In place of the shape: the entry has none."""


class MetadataColumns:
    """Structured metadata of the entries of a portion. `rows` None: all of them. Not safe for several threads."""

    def __init__(self, columns: PhysicalColumns, layout: Layout | None) -> None:
        """`layout` says how they are held; None: as text."""
        self._columns = columns
        self._layout = layout
        self._whole: pa.Array | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The physical columns that say which entries have metadata."""
        return (TEXT,) if self._layout is None else (TEXT, SHAPE)

    def any(self) -> bool:
        """Whether any entry has some."""
        if self._layout is None:
            return bool(self._columns.column(TEXT).null_count < self._columns.rows)
        return bool((self._columns.column(SHAPE).to_numpy() != NO_METADATA).any())

    def objects(self, rows: Int64s | None) -> pa.Array:
        """The objects as text, null where an entry has none."""
        if self._layout is None:
            return self._physical(TEXT, rows)
        if rows is not None and self._whole is None and 2 * len(rows) <= self._columns.rows:
            return self._rebuilt(self._layout, rows)
        if self._whole is None:
            self._whole = self._rebuilt(self._layout, None)
        return self._whole if rows is None else self._whole.take(pa.array(rows))

    def under(self, name: str, rows: Int64s | None) -> Texts:
        """What they have under a name, null where they have nothing."""
        if self._layout is None:
            return texts_under(name, self._physical(TEXT, rows))
        form = self._layout.forms.get(PAIR + name)
        if form is not None:
            found = self._texts(form, PAIR + name, rows)
        else:
            found = pa.nulls(self._columns.rows if rows is None else len(rows), pa.string())
        for others in self._others(self._layout, name, rows):
            found = pc.coalesce(found.cast(pa.string()), others)
        return found

    def equal(self, name: str, text: str) -> Flags | None:
        """Entries that have this text under a name; None where `under` is the way to find out."""
        if self._layout is None:
            return None
        found = np.zeros(self._columns.rows, np.bool_)
        form = self._layout.forms.get(PAIR + name)
        if form is not None:
            in_column = self._equal(self._layout, form, PAIR + name, text)
            if in_column is None:
                return None
            found |= in_column
        for others in self._others(self._layout, name, None):
            found |= equal_texts(others, text)
        return found

    def _equal(self, layout: Layout, form: Form, column: str, text: str) -> Flags | None:
        if column not in layout.with_dictionary:
            equal = self._columns.equal(form, column, text)
            return None if equal is None else np.asarray(equal.to_numpy(zero_copy_only=False))
        coded = self._columns.coded(column)
        return None if coded is None else np.concatenate([equal_texts(piece, text) for piece in coded])

    def _others(self, layout: Layout, name: str, rows: Int64s | None) -> Iterator[pa.StringArray]:
        """What stands under a name in objects without a shape, and in those that write it with escapes."""
        objects = self._physical(TEXT, rows)
        if objects.null_count < len(objects):
            held = valid_rows(objects)
            found = texts_under(name, objects.filter(pa.array(held)))
            yield found.take(pa.array(np.cumsum(held) - 1, mask=~held))
        escaped = layout.forms.get(RAW_PAIR + name)
        if escaped is not None:
            yield _unescaped(self._texts(escaped, RAW_PAIR + name, rows))

    def _rebuilt(self, layout: Layout, rows: Int64s | None) -> pa.Array:
        texts = self._columns.rebuilt(layout, SHAPE, TEXT, rows)
        held = self._physical(SHAPE, rows).to_numpy() != NO_METADATA
        data, offsets = string_buffers(texts)
        return string_array(offsets, data, held)

    def _physical(self, name: str, rows: Int64s | None) -> pa.Array:
        return self._columns.column(name) if rows is None else self._columns.at([name], rows)[name]

    def _texts(self, form: Form, column: str, rows: Int64s | None) -> Texts:
        return self._columns.texts(form, column) if rows is None else self._columns.texts_at(form, column, rows)


def _unescaped(texts: Texts) -> pa.StringArray:
    """Texts that JSON writes so."""
    if isinstance(texts, pa.DictionaryArray):
        return unescaped(texts.dictionary).take(texts.indices)
    return unescaped(texts)
