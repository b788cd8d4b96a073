"""Labels that a parser gives, as columns that are read only when something asks for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.portion import Portion
from sigyn.store.shapes.values import Flags, Texts, equal_texts, valid_rows

Rows = npt.NDArray[np.int64]

_CODES = pa.dictionary(pa.int32(), pa.string())

_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class StoredField:
    """A field of a portion's entries, all of which the portion knows the field of.

    `instead` is the text of entries without it; None: they have none.
    """

    portion: Portion
    name: str
    rows: Rows
    instead: str | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, positions: Rows) -> "StoredField":
        """The field of the entries at these positions."""
        return StoredField(self.portion, self.name, self.rows[positions], self.instead)

    def texts(self) -> pa.Array:
        """The texts, strings or a dictionary."""
        texts = self.portion.field(self.name, self.rows)
        if texts is None:
            texts = pa.nulls(len(self), _CODES if self.instead is not None else pa.string())
        return texts if self.instead is None else _filled(texts, self.instead)

    def equal(self, text: str) -> Flags:
        """Which texts are this one, which is not empty."""
        known = self.portion.field_is(self.name, text)
        return equal_texts(self.texts(), text) if known is None else np.asarray(known[self.rows])

    def has_text(self) -> Flags:
        """Which texts are there and not empty."""
        found = self.portion.numbers(self.name)
        return _has_text(self.texts()) if found is None else np.asarray(found[1][self.rows])

    def numbers(self) -> pa.Array | None:
        """The texts as float64; None where SQL or the interpreter has to read them."""
        found = self.portion.numbers(self.name)
        if found is not None:
            values, valid = found[0][self.rows], found[1][self.rows]
            return pa.array(values, mask=~valid) if self.instead is None or valid.all() else None
        return _numbers(self.texts())


@dataclass(frozen=True, slots=True)
class StoredMetadata:
    """What structured metadata of a portion's entries has under a name."""

    portion: Portion
    name: str
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, positions: Rows) -> "StoredMetadata":
        """The same of the entries at these positions."""
        return StoredMetadata(self.portion, self.name, self.rows[positions])

    def texts(self) -> pa.Array:
        """The texts, strings or a dictionary."""
        return self.portion.metadata_field(self.name, self.rows)

    def equal(self, text: str) -> Flags:
        """Which texts are this one, which is not empty."""
        known = self.portion.metadata_is(self.name, text)
        return equal_texts(self.texts(), text) if known is None else np.asarray(known[self.rows])

    def has_text(self) -> Flags:
        """Which texts are there and not empty."""
        return _has_text(self.texts())

    def numbers(self) -> pa.Array | None:
        """The texts as float64; None where SQL or the interpreter has to read them."""
        return _numbers(self.texts())


def _numbers(texts: Texts) -> pa.Array | None:
    """Texts as float64, where few differ and all of them are plain numbers."""
    if texts.null_count == len(texts):
        return pa.nulls(len(texts), pa.float64())
    if not isinstance(texts, pa.DictionaryArray):
        return None
    distinct = texts.dictionary.to_pylist()
    if not all(map(_PLAIN_NUMBER.fullmatch, distinct)):
        return None
    return pa.array([float(text) for text in distinct], pa.float64()).take(texts.indices)


def _has_text(texts: Texts) -> Flags:
    return valid_rows(texts) & ~equal_texts(texts, "")


def _filled(texts: Texts, text: str) -> Texts:
    """The same texts, and this one where there is none."""
    if not texts.null_count:
        return texts
    if not isinstance(texts, pa.DictionaryArray):
        return texts.fill_null(text)
    known, place = texts.dictionary, texts.dictionary.index(text).as_py()
    if place < 0:
        known, place = pa.concat_arrays([known, pa.array([text], known.type)]), len(known)
    return pa.DictionaryArray.from_arrays(texts.indices.cast(pa.int32()).fill_null(place), known)


@dataclass(frozen=True, slots=True)
class FoundField:
    """A field as a parser found it in lines: data[start : start + length], none where the length is negative."""

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, positions: Rows) -> "FoundField":
        """The field of the lines at these positions."""
        return FoundField(self.data, self.starts[positions], self.lengths[positions])

    def texts(self) -> pa.Array:
        """The texts."""
        from sigyn.engine.kernels.slices import slice_column  # brings numba along, as the parser has

        return slice_column(self.data, self.starts, self.lengths)

    def equal(self, text: str) -> Flags:
        """Which texts are this one, which is not empty."""
        return equal_texts(self.texts(), text)

    def has_text(self) -> Flags:
        """Which texts are there and not empty."""
        return np.asarray(self.lengths > 0)

    def numbers(self) -> None:
        """None: SQL or the interpreter has to read them."""


Piece: TypeAlias = pa.Array | StoredField | StoredMetadata | FoundField

_LAZY = StoredField | StoredMetadata | FoundField


class FieldColumn:
    """A label over the rows of a frame, in pieces."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._texts: pa.ChunkedArray | None = None

    def texts(self) -> pa.ChunkedArray:
        """The texts: dictionaries where all pieces are, else strings."""
        if self._texts is None:
            pieces = [piece.texts() if isinstance(piece, _LAZY) else piece for piece in self._pieces]
            if not all(isinstance(piece, pa.DictionaryArray) for piece in pieces):
                pieces = [piece.cast(pa.string()) for piece in pieces]
            self._texts = pa.chunked_array(pieces, pieces[0].type if pieces else pa.string())
        return self._texts

    def equal(self, text: str) -> Flags:
        """Which texts are this one, which is not empty."""
        if self._texts is not None:
            pieces = [equal_texts(piece, text) for piece in self._texts.chunks]
        else:
            pieces = [
                piece.equal(text) if isinstance(piece, _LAZY) else equal_texts(piece, text) for piece in self._pieces
            ]
        return np.concatenate([np.zeros(0, np.bool_), *pieces])

    def has_text(self) -> Flags:
        """Which texts are there and not empty."""
        pieces = [piece.has_text() if isinstance(piece, _LAZY) else _has_text(piece) for piece in self._pieces]
        return np.concatenate([np.zeros(0, np.bool_), *pieces])

    def numbers(self) -> pa.ChunkedArray | None:
        """The texts as float64; None where SQL or the interpreter has to read them."""
        pieces = []
        for piece in self._pieces:
            numbers = piece.numbers() if isinstance(piece, _LAZY) else None
            if numbers is None:
                return None
            pieces.append(numbers)
        return pa.chunked_array(pieces, pa.float64())

    def take(self, positions: Rows) -> "FieldColumn":
        """The label of the rows at these positions (rising)."""
        taken: list[Piece] = []
        begin = 0
        for piece in self._pieces:
            first, last = np.searchsorted(positions, (begin, begin + len(piece)))
            if first < last:
                own = positions[first:last] - begin
                taken.append(piece.take(own if isinstance(piece, _LAZY) else pa.array(own)))
            begin += len(piece)
        return FieldColumn(taken)
