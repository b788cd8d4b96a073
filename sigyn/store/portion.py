"""Entries of some row groups of a segment, whose columns are read when something asks for them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.store.errors import SegmentLost
from sigyn.store.layout import Layout
from sigyn.store.metadata_columns import MetadataColumns
from sigyn.store.physical_columns import AS_TEXT, PhysicalColumns, ReadColumns, ReadSome
from sigyn.store.shapes.forms import DecimalForm
from sigyn.store.shapes.shape import FIELD, RAW, Syntax
from sigyn.store.shapes.values import Flags, Texts, equal_texts, valid_rows, whole
from sigyn.store.stream_lines import KIND_OF, MIXED, TEXT, Kinds
from sigyn.store.streams import Int64s

_REPLACED = "\ufffd".encode()
"""What is stored in the place of bytes that are no UTF-8."""

_NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """The row groups of a portion.

    ends      for each the number of rows up to its end
    texts     which may hold lines as text
    syntaxes  for each the syntax of the shapes of all its lines; None: they differ, some have none, or nobody knows
    streams   what all lines of each stream of the segment have in common, see stream_lines; None: nobody knows
    known     gives a column of some rows, where it need not be read
    some      gives the portion of those with these places among them, rising
    read      reads physical columns of those with these places
    single    reads physical columns of some rows, rising; None where that is no quicker than to read them all
    """

    ends: Int64s
    texts: Flags
    syntaxes: Sequence[Syntax | None]
    streams: Kinds | None
    known: Callable[[str, Int64s], pa.Array | None]
    some: Callable[[Sequence[int]], "Portion"]
    read: Callable[[Sequence[str], Sequence[int]], pa.Table]
    single: Callable[[Int64s], ReadSome | None]


class Portion:
    """`rows` entries; all arrays that come back are in one piece and in the order of the segment.

    Reading may raise SegmentLost and Unavailable, as SegmentReader says. Not safe for several threads.
    """

    def __init__(
        self,
        rows: int,
        read: ReadColumns,
        layout: Layout | None,
        *,
        has_metadata: bool | None,
        has_text: bool | None = None,
        metadata: Layout | None = None,
        metadata_names: frozenset[str] | None = None,
        streams: Callable[[Int64s | None], pa.Array] | None = None,
        row_groups: RowGroups | None = None,
    ) -> None:
        """`layout` says how lines are held, `metadata` how structured metadata are; None: as text.

        `metadata_names` are those that structured metadata may have; None: any.

        `row_groups`: None where there is one, or reading costs nothing.

        `streams` gives the column `stream` of all rows, or of some, where it need not be read.

        `has_metadata` and `has_text` say whether any entry has structured metadata, or a line without a shape.

        None: not known before the columns are read.
        """
        self.rows = rows
        self.layout = layout
        self._has_metadata = has_metadata
        self._has_text = has_text
        self._row_groups = row_groups
        known, single = (row_groups.known, row_groups.single) if row_groups is not None else (None, None)
        self._columns = PhysicalColumns(rows, read, streams, known, single)
        if has_metadata is False:
            self._columns.put("metadata", pa.nulls(rows, pa.string()))
        self._metadata = MetadataColumns(self._columns, metadata if has_metadata is not False else None)
        self._metadata_names = metadata_names
        if has_text is False and layout is not None:
            self._columns.put("line", pa.nulls(rows, pa.string()))
        self._lines: pa.Array | None = None

    def when_lost(self, tell: Callable[[SegmentLost], None]) -> "Portion":
        """The same portion, which tells of a column that turns out to be lost before it raises SegmentLost."""
        self._columns.tell = tell
        return self

    def column(self, name: str) -> pa.Array:
        """A column of ENTRY_SCHEMA."""
        match name:
            case "line":
                return self._whole_lines()
            case "metadata":
                return self._metadata.objects(None)
            case _:
                return self._columns.column(name)

    def at(self, name: str, rows: Int64s) -> pa.Array:
        """A column of ENTRY_SCHEMA of these entries, but for `line`; or the shapes of their lines."""
        return self._metadata.objects(rows) if name == "metadata" else self._columns.at([name], rows)[name]

    def holding(self, rows: Int64s) -> tuple["Portion", Int64s]:
        """A portion of the row groups that these entries (rising) are in, and their numbers in it.

        To read further columns of few entries from it is cheaper.
        """
        if self._row_groups is None or not len(rows) or self._is_mostly_read():
            return self, rows
        ends = self._row_groups.ends
        place = np.searchsorted(ends, rows, side="right")
        touched = np.unique(place)
        if len(touched) == len(ends):
            return self, rows
        sizes = np.diff(ends, prepend=0)
        sizes[touched] = 0
        left_out = np.cumsum(sizes)  # rows, in front of each that is touched
        portion = self._some(self._row_groups, touched.tolist())
        begins = ends - np.diff(ends, prepend=0)
        runs = [(int(begins[group]), int(ends[group] - begins[group])) for group in touched]
        portion._columns.take_along(self._columns, runs)
        return portion, rows - left_out[place]

    @property
    def has_metadata(self) -> bool:
        """Whether any entry may have structured metadata besides detected_level."""
        if self._has_metadata is None:
            self._has_metadata = self._metadata.any()
        return self._has_metadata

    @property
    def metadata_names(self) -> frozenset[str] | None:
        """The names that structured metadata of these entries may have, besides detected_level; None: any."""
        return self._metadata_names if self.has_metadata else frozenset()

    def metadata_field(self, name: str, rows: Int64s) -> Texts:
        """What structured metadata has under a name in these entries (rising), null where it has nothing."""
        if not self._may_be_named(name):
            return pa.nulls(len(rows), pa.string())
        return self._metadata.under(name, rows if len(rows) < self.rows else None)

    def metadata_is(self, name: str, text: str) -> Flags | None:
        """Entries whose structured metadata has this text under a name; None where `metadata_field` finds out."""
        return self._metadata.equal(name, text) if self._may_be_named(name) else np.zeros(self.rows, np.bool_)

    def _may_be_named(self, name: str) -> bool:
        names = self.metadata_names
        return names is None or name in names

    @property
    def is_shaped(self) -> bool:
        """Whether lines have to be put together before they can be read."""
        return self.layout is not None

    def lines(self, rows: Int64s) -> pa.Array:
        """The lines of these entries."""
        if self._lines is None and self.are_text(rows):
            return self.at("line", rows)
        if self.layout is None or self._lines is not None or 2 * len(rows) > self.rows:
            return self.column("line").take(pa.array(rows))
        return self._columns.rebuilt(self.layout, "shape", "line", rows)

    def are_text(self, rows: Int64s) -> bool:
        """Whether the lines of all these entries are held as text."""
        if self.layout is None:
            return True
        kinds = self._kinds_at(rows)
        if kinds is not None and (kinds != MIXED).all():
            return bool((kinds == TEXT).all())
        return bool((self.at("shape", rows).to_numpy() == AS_TEXT).all())

    def text(self) -> pa.Array:
        """The lines that are held as text, null for all others."""
        return self._columns.column("line")

    def shapes(self, rows: Int64s) -> npt.NDArray[np.int32]:
        """The shapes of the lines of these entries (rising), -1 for those that are held as text."""
        if self.layout is None:
            return np.full(len(rows), -1, np.int32)
        return self._shapes() if len(rows) == self.rows else np.asarray(self.at("shape", rows).to_numpy())

    def places(self, column: str) -> pa.Array:
        """For each entry the place of its text, or its template, among those in `layout`; null: it has none."""
        return self._columns.column(column)

    def texts(self, column: str) -> Texts:
        """The texts of a column that values of shapes are held in, null where a line has none."""
        assert self.layout is not None
        return self._columns.texts(self.layout.forms[column], column)

    def coded(self, column: str) -> Sequence[pa.DictionaryArray] | None:
        """The texts of a column piece by piece as codes and what they stand for, where it is held so; else None."""
        assert self.layout is not None
        return self._columns.coded(column) if column in self.layout.with_dictionary else None

    def shaped(self, syntax: Syntax) -> Flags | None:
        """Entries of which `field` knows all that the parser of this syntax would find; None: of none."""
        if self.layout is None or not self.layout.codes[syntax].any():
            return None
        kinds = self._kinds()
        if kinds is not None and (kinds != MIXED).all():
            return np.asarray(kinds == KIND_OF[syntax])
        syntaxes = self._row_groups.syntaxes if self._row_groups is not None else ()
        if self._row_groups is None or "shape" in self._columns or not any(syntaxes):
            return np.asarray(self.layout.codes[syntax][self._shapes()])
        rows = np.diff(self._row_groups.ends, prepend=0)
        found = np.repeat(np.array([each == syntax for each in syntaxes], np.bool_), rows)
        mixed = [place for place, each in enumerate(syntaxes) if each is None]
        if mixed:
            of_mixed = self._some(self._row_groups, mixed).shaped(syntax)
            assert of_mixed is not None
            found[np.repeat(np.array([each is None for each in syntaxes], np.bool_), rows)] = of_mixed
        return found

    def blank(self, syntax: Syntax) -> Flags | None:
        """Entries in whose lines the parser of this syntax finds nothing, as far as shapes tell; None: of none.

        JSON without a `=` has no pair of logfmt, and no line of logfmt begins as JSON does, which is an error.
        """
        if self.layout is None or not self.layout.blank[syntax].any():
            return None
        other: Syntax = "json" if syntax == "logfmt" else "logfmt"
        if self.layout.blank[syntax][self.layout.codes[other]].all():
            return self.shaped(other)
        return np.asarray(self.layout.blank[syntax][self._shapes()])

    def field(self, name: str, rows: Int64s) -> Texts | None:
        """The texts of a field of some entries, null where a shaped line has none.

        None when no line of the segment has any.
        """
        if self.layout is None or FIELD + name not in self.layout.forms:
            return None
        return self._columns.texts_at(self.layout.forms[FIELD + name], FIELD + name, rows)

    def raw_field(self, name: str, rows: Int64s) -> Texts | None:
        """A field as it is written in lines where it has escapes, null for all other of these entries.

        None when no line of the segment has any.
        """
        if self.layout is None or RAW + name not in self.layout.forms:
            return None
        return self._columns.texts_at(self.layout.forms[RAW + name], RAW + name, rows)

    def field_is(self, name: str, text: str) -> Flags | None:
        """Entries whose field, as `field` knows it, is this text; None where `field` is the way to find out."""
        equal = self._equal(name, text)
        return None if equal is None else np.asarray(equal.to_numpy(zero_copy_only=False))

    def _equal(self, name: str, text: str) -> pa.BooleanArray | None:
        form = self.layout.forms.get(FIELD + name) if self.layout is not None else None
        return self._columns.equal(form, FIELD + name, text) if form is not None else None

    def possible(self, name: str, text: str, parsers: Collection[Syntax], streams: Flags) -> Int64s | None:
        """Entries for which these parsers, or structured metadata, may give this text; None: any.

        Rising, and only those of some streams, told by their ordinals in the segment. What a parser finds in a line
        of another syntax, no column tells.
        """
        if self.layout is None or self.has_metadata:
            return None
        found = self._unknown_to(parsers, streams)
        if found is None:
            return None
        if FIELD + name in self.layout.forms:
            equal = self._equal(name, text)
            if equal is None:
                rows = np.flatnonzero(equal_texts(self.texts(FIELD + name), text))
            else:
                rows = pc.indices_nonzero(equal).to_numpy().astype(np.int64)
            found = _joined(found, self._of_streams(rows, streams))
        escaped = self.escaped(name)
        if escaped is not None:
            found = _joined(found, self._of_streams(np.flatnonzero(escaped), streams))
        return found

    def escaped(self, name: str) -> Flags | None:
        """Entries whose field has something to undo, so that `field` does not know it as parsers do; None: none."""
        replaced = self.replaced(name)
        if self.layout is None or RAW + name not in self.layout.forms:
            return replaced
        raw = valid_rows(self._columns.column(RAW + name))
        return raw if replaced is None else raw | replaced

    def replaced(self, name: str) -> Flags | None:
        """Entries whose field holds U+FFFD, which parsers give as a blank, and `field` as it is; None: none."""
        column = FIELD + name
        if self.layout is None or column not in self.layout.forms or not self.layout.may_hold(column, _REPLACED):
            return None
        texts = self.texts(column)
        if isinstance(texts, pa.DictionaryArray):
            texts = pc.match_substring(texts.dictionary, _REPLACED.decode()).take(texts.indices)
        else:
            texts = pc.match_substring(texts, _REPLACED.decode())
        return np.asarray(texts.fill_null(False).to_numpy(zero_copy_only=False))

    def numbers(self, name: str) -> tuple[npt.NDArray[np.float64], Flags] | None:
        """The field's texts as float64, and which entries have one; None when it is not held as numbers."""
        form = self.layout.forms.get(FIELD + name) if self.layout is not None else None
        if not isinstance(form, DecimalForm):
            return None
        return form.numbers(FIELD + name, self._columns.columns(form.parts(FIELD + name)))

    def _some(self, row_groups: RowGroups, places: Sequence[int]) -> "Portion":
        portion = row_groups.some(places)
        return portion if self._columns.tell is None else portion.when_lost(self._columns.tell)

    def _whole_lines(self) -> pa.Array:
        if self.layout is None:
            return self._columns.column("line")
        if self._lines is None:
            self._lines = self._columns.rebuilt(self.layout, "shape", "line", None)
        return self._lines

    def _shapes(self) -> npt.NDArray[np.int32]:
        return np.asarray(self._columns.column("shape").to_numpy())

    def _unknown_to(self, parsers: Collection[Syntax], streams: Flags) -> Int64s | None:
        """Entries of these streams of which no column tells what these parsers find, rising; None: all."""
        assert self.layout is not None
        if self.layout.is_known_to(parsers):
            return self._text_rows(streams)
        found = _NO_ROWS
        for parser in parsers:
            unshaped = self._unshaped(parser, streams)
            if unshaped is None:
                return None
            found = _joined(found, self._of_streams(unshaped, streams))
        return found

    def _unshaped(self, syntax: Syntax, streams: Flags) -> Int64s | None:
        """Entries whose lines have no shape of this syntax, rising; None: all. Only those of `streams` need be right.

        A text has no shape.
        """
        kinds = self._kinds_of_streams()
        if kinds is not None and (kinds[streams] == KIND_OF[syntax]).all():
            return _NO_ROWS
        shaped = self.shaped(syntax)
        return None if shaped is None else np.flatnonzero(~shaped)

    def _kinds_of_streams(self) -> Kinds | None:
        """What the lines of each stream have in common; None: nobody knows, or the shapes are there anyway."""
        groups = self._row_groups
        return groups.streams if groups is not None and "shape" not in self._columns else None

    def _kinds(self) -> Kinds | None:
        """What the lines of each entry's stream have in common."""
        kinds = self._kinds_of_streams()
        return kinds[self._columns.column("stream").to_numpy()] if kinds is not None else None

    def _kinds_at(self, rows: Int64s) -> Kinds | None:
        """The same of some entries."""
        kinds = self._kinds_of_streams()
        return kinds[self.at("stream", rows).to_numpy()] if kinds is not None else None

    def _text_rows(self, streams: Flags) -> Int64s:
        """Entries of these streams whose lines are held as text."""
        kinds = self._kinds_of_streams()
        if self._has_text is False or (kinds is not None and not np.isin(kinds[streams], (TEXT, MIXED)).any()):
            return _NO_ROWS
        groups = self._row_groups
        if groups is None or "shape" in self._columns or groups.texts.all():
            return self._of_streams(np.flatnonzero(self._shapes() == AS_TEXT), streams)
        read = self._columns.read_from(lambda: groups.read(["shape"], np.flatnonzero(groups.texts).tolist()))
        shapes = whole(read.column("shape")).to_numpy()
        sizes = np.diff(groups.ends, prepend=0)
        sizes[groups.texts] = 0
        left_out = np.cumsum(sizes)[groups.texts]  # rows, in front of each that was read
        places = np.flatnonzero(shapes < 0)
        places += left_out[np.searchsorted(groups.ends[groups.texts] - left_out, places, side="right")]
        return self._of_streams(places, streams)

    def _of_streams(self, rows: Int64s, streams: Flags) -> Int64s:
        """Those of these entries that belong to some streams."""
        return rows[streams[self.at("stream", rows).to_numpy()]] if len(rows) else rows

    def _is_mostly_read(self) -> bool:
        """Whether lines can be put together without reading much."""
        if self._lines is not None:
            return True
        if self.layout is None:
            return "line" in self._columns
        parts = [part for name, form in self.layout.forms.items() for part in form.parts(name)]
        return 2 * sum(part in self._columns for part in parts) > len(parts)

    def load_entries(self, rows: Int64s) -> None:
        """Reads what `lines` and `at` need of these entries, but for what those with a shape are made of."""
        names = ("timestamp", "detected_level", "shape" if self.is_shaped else "line")
        self._columns.load_at([*names, *self._metadata.given], rows)

    def load(self, names: Sequence[str]) -> None:
        """Reads columns that are not there yet, all in one go, which is quicker than one by one."""
        self._columns.load(names)


def _joined(some: Int64s, others: Int64s) -> Int64s:
    """Rows that are in one or the other, rising."""
    if not len(some) or not len(others):
        return some if len(some) else others
    return np.union1d(some, others)
