"""The physical columns of a portion, each read when something asks for it first, and what they say of texts."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa

from sigyn.store.errors import SegmentLost
from sigyn.store.layout import Layout
from sigyn.store.shapes.forms import Form, TimeForm, decode_form, equal_rows
from sigyn.store.shapes.lines import rebuild_lines
from sigyn.store.shapes.values import Texts, whole
from sigyn.store.streams import Int64s

Read = TypeVar("Read")

ReadColumns = Callable[[Sequence[str]], pa.Table]
"""Reads physical columns of the row groups of a portion."""

ReadSome = Callable[[Sequence[str]], dict[str, pa.Array]]
"""Reads physical columns of some rows, but for those of which this can't be."""

AS_TEXT = -1
"""In a column of shapes: the row keeps its text. Rows with less than that have no text at all."""

_FEW = 64  # of so many rows one is sought: then it is quicker to look for these alone

_NO_TIMES = np.zeros(0, np.int64)


class PhysicalColumns:
    """`rows` rows of columns as a segment holds them; each array is in one piece.

    Reading may raise SegmentLost and Unavailable, as SegmentReader says. Not safe for several threads.
    """

    def __init__(
        self,
        rows: int,
        read: ReadColumns,
        streams: Callable[[Int64s | None], pa.Array] | None,
        known: Callable[[str, Int64s], pa.Array | None] | None,
        single: Callable[[Int64s], ReadSome | None] | None,
    ) -> None:
        """`streams` is as in Portion, `known` and `single` as in RowGroups; None: there is no such way."""
        self.rows = rows
        self.tell: Callable[[SegmentLost], None] | None = None
        self._read = read
        self._stream_column = streams
        self._known = known
        self._read_single = single
        self._held: dict[str, pa.Array] = {}
        self._texts: dict[str, Texts] = {}
        self._coded: dict[str, Sequence[pa.DictionaryArray]] = {}
        self._few: Int64s | None = None
        self._read_few: ReadSome | None = None
        self._few_columns: dict[str, pa.Array] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a column has been read."""
        return name in self._held

    def put(self, name: str, column: pa.Array) -> None:
        """Says what a column holds, so that it is not read."""
        self._held[name] = column

    def take_along(self, others: "PhysicalColumns", runs: Sequence[tuple[int, int]]) -> None:
        """Takes what others have read and these have not; of the others' rows these are `runs`: begin and length."""
        for name in others._held.keys() - self._held.keys():
            pieces = [others._held[name].slice(begin, rows) for begin, rows in runs]
            self._held[name] = pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)

    def column(self, name: str) -> pa.Array:
        """A column of all rows."""
        if name not in self._held:
            if name == "stream" and self._stream_column is not None:
                self._held[name] = self._stream_column(None)
            self.load([name])
        return self._held[name]

    def columns(self, names: Iterable[str]) -> dict[str, pa.Array]:
        """Columns of all rows, which are read in one go."""
        names = list(names)
        self.load(names)
        return {name: self._held[name] for name in names}

    def at(self, names: Sequence[str], rows: Int64s) -> dict[str, pa.Array]:
        """Columns of these rows; what is known of row groups as a whole is not read."""
        known = {name: self._known_at(name, rows) for name in names}
        known |= self._single([name for name, column in known.items() if column is None], rows)
        self.load([name for name, column in known.items() if column is None])
        indices = pa.array(rows)
        return {name: self._held[name].take(indices) if column is None else column for name, column in known.items()}

    def load(self, names: Sequence[str]) -> None:
        """Reads columns that are not there yet, all in one go, which is quicker than one by one."""
        missing = [name for name in dict.fromkeys(names) if name not in self._held]
        if missing:
            table = self.read_from(lambda: self._read(missing))
            self._held.update((name, whole(table.column(name))) for name in missing)

    def load_at(self, names: Sequence[str], rows: Int64s) -> None:
        """Reads what `at` needs to give these columns of these rows."""
        unknown = [name for name in names if self._known_at(name, rows) is None]
        single = self._single(unknown, rows)
        self.load([name for name in unknown if name not in single])

    def texts(self, form: Form, name: str) -> Texts:
        """The texts that a column of a form stands for."""
        if name not in self._texts:
            held = self.columns([*form.parts(name), *_times_for(form)])
            self._texts[name] = decode_form(form, name, held, _times(held))
        return self._texts[name]

    def texts_at(self, form: Form, name: str, rows: Int64s) -> Texts:
        """The same of some rows."""
        if len(rows) == self.rows:
            return self.texts(form, name)
        if name in self._texts or 2 * len(rows) > self.rows:
            return self.texts(form, name).take(pa.array(rows))
        held = self.at([*form.parts(name), *_times_for(form)], rows)
        return decode_form(form, name, held, _times(held))

    def equal(self, form: Form, name: str, text: str) -> pa.BooleanArray | None:
        """Rows of which a column of a form stands for this text; None where its texts are the way to find out."""
        return equal_rows(form, name, self.columns(form.parts(name)), text)

    def coded(self, name: str) -> Sequence[pa.DictionaryArray] | None:
        """A column that is held with a dictionary piece by piece; None where the reader was not told.

        To make one dictionary of those of the row groups costs as much as to read them.
        """
        if name not in self._coded:
            held = self._held.get(name)
            if held is None:
                held = self.read_from(lambda: self._read([name])).column(name)
            if not pa.types.is_dictionary(held.type):
                self._held[name] = whole(held)
                return None
            self._coded[name] = held.chunks if isinstance(held, pa.ChunkedArray) else [held]
        return self._coded[name]

    def rebuilt(self, layout: Layout, shape: str, text: str, rows: Int64s | None) -> pa.Array:
        """What was taken apart, of all rows or of these: from the columns of shapes and of texts with these names.

        A row that has neither is an empty text.
        """
        shapes = (self.column(shape) if rows is None else self.at([shape], rows)[shape]).to_numpy()
        names = layout.columns_of(np.unique(shapes[shapes >= 0]))
        parts = [part for name in names for part in layout.forms[name].parts(name)]
        times = {time for name in names for time in _times_for(layout.forms[name])}
        has_text = bool((shapes == AS_TEXT).any())
        parts += [*times, *((text,) if has_text else ())]
        if rows is None:
            held = self.columns(parts)
            columns = {name: self.texts(layout.forms[name], name) for name in names}
        else:
            held = self.at(parts, rows)
            columns = {name: decode_form(layout.forms[name], name, held, _times(held)) for name in names}
        texts = held[text] if has_text else pa.nulls(len(shapes), pa.string())
        return rebuild_lines(layout.table, shapes, columns, texts)

    def read_from(self, read: Callable[[], Read]) -> Read:
        """What is read; tells of a segment that is lost."""
        try:
            return read()
        except SegmentLost as error:
            if self.tell is not None:
                self.tell(error)
            raise

    def _single(self, names: Sequence[str], rows: Int64s) -> dict[str, pa.Array]:
        """Those of these columns that are not read as a whole, where a few rows of them can be read alone."""
        missing = [name for name in names if name not in self._held]
        single = self._read_single
        if single is None or not missing or not len(rows) or _FEW * len(rows) > self.rows:
            return {}
        if rows is not self._few:
            if (rows[1:] < rows[:-1]).any():  # pages are gone through once, from the first row to the last
                return {}
            self._read_few, self._few_columns = self.read_from(lambda: single(rows)), {}
            self._few = rows
        read = self._read_few
        if read is None:
            return {}
        unread = [name for name in missing if name not in self._few_columns]
        if unread:
            self._few_columns |= self.read_from(lambda: read(unread))
        return {name: self._few_columns[name] for name in missing if name in self._few_columns}

    def _known_at(self, name: str, rows: Int64s) -> pa.Array | None:
        if name in self._held:
            return None
        if name == "stream" and self._stream_column is not None:
            return self._stream_column(rows)
        return self._known(name, rows) if self._known is not None else None


def _times_for(form: Form) -> tuple[str, ...]:
    """The column that a form needs besides its own."""
    return ("timestamp",) if isinstance(form, TimeForm) else ()


def _times(held: dict[str, pa.Array]) -> Int64s:
    return np.asarray(held["timestamp"].to_numpy()) if "timestamp" in held else _NO_TIMES
