"""Label sets of many series as columns, which are compared without making a set of each of them.

Counts by user or by address have tens of thousands of series in each part of a scan, mostly the same ones: to make
and hash their labels anew for each part takes longer than to count the entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.engine.numbering import distinct_rows
from sigyn.model.labels import Labels

Ordinals = npt.NDArray[np.int64]

_FEW = 1000  # label sets that are made sooner than compared as columns


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumns(Sequence[Labels]):
    """Label sets: of each, one of a few that streams decide, and texts of other labels.

    streams    sets without labels of the names in `texts`
    stream_of  which of these each label set has
    texts      of each name a text for each label set (a dictionary of texts); none where it is null or empty
    """

    streams: Sequence[Labels]
    stream_of: Ordinals
    texts: Mapping[str, pa.DictionaryArray]

    def __len__(self) -> int:
        return len(self.stream_of)

    def __iter__(self) -> Iterator[Labels]:
        return iter(self._sets(self.stream_of, self.texts))

    @overload
    def __getitem__(self, place: int) -> Labels: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Labels]: ...
    def __getitem__(self, place: int | slice) -> Labels | Sequence[Labels]:
        some = place if isinstance(place, slice) else slice(place, place + 1)
        sets = self._sets(self.stream_of[some], {name: texts[some] for name, texts in self.texts.items()})
        return sets if isinstance(place, slice) else sets[0]

    def take(self, places: Ordinals) -> "LabelColumns":
        return LabelColumns(
            self.streams, self.stream_of[places], {name: column.take(places) for name, column in self.texts.items()}
        )

    def _sets(self, stream_of: Ordinals, texts: Mapping[str, pa.DictionaryArray]) -> list[Labels]:
        of_stream = [self.streams[stream] for stream in stream_of.tolist()]
        return joined(of_stream, {name: column.cast(pa.large_string()).to_pylist() for name, column in texts.items()})


def joined(labels: Sequence[Labels], texts: Mapping[str, Sequence[str | None]]) -> list[Labels]:
    """Label sets with one label more of each name in `texts`, where it has a text that is not empty.

    None of the sets has a label of these names. There may be tens of thousands.
    """
    pairs = [[(name, text) if text else None for text in texts[name]] for name in sorted(texts)]
    if not pairs:
        return list(labels)
    added = [tuple([pair for pair in own if pair is not None]) for own in zip(*pairs, strict=True)]
    if not any(labels):
        return added
    return [tuple(sorted(own + more)) for own, more in zip(labels, added, strict=True)]


def numbered_labels(pieces: Sequence[Sequence[Labels]]) -> tuple[Sequence[Labels], list[Ordinals]]:
    """The distinct label sets of all pieces, and for each set of each piece its place among them."""
    if sum(map(len, pieces)) <= _FEW:
        return _numbered_sets(pieces)
    by_names: dict[tuple[str, ...], dict[int, LabelColumns]] = {}
    for number, piece in enumerate(pieces):
        if isinstance(piece, LabelColumns):
            by_names.setdefault(tuple(piece.texts), {})[number] = piece
    own: dict[int, Ordinals] = {}
    parts: list[Sequence[Labels]] = list(pieces)  # all of the same names in the place of the first of them
    for alike in by_names.values():
        distinct, places = _numbered_columns(list(alike.values()))
        own |= dict(zip(alike, places, strict=True))
        if len(alike) == len(pieces):
            return distinct, places
        parts[min(alike)] = distinct
        for number in [*alike][1:]:
            parts[number] = ()
    sets, in_parts = _numbered_sets(parts)
    for alike in by_names.values():
        own |= {number: in_parts[min(alike)][own[number]] for number in alike}
    return sets, [own.get(number, place) for number, place in enumerate(in_parts)]


def _numbered_sets(pieces: Sequence[Sequence[Labels]]) -> tuple[list[Labels], list[Ordinals]]:
    numbers: dict[Labels, int] = {}
    places = [np.array([numbers.setdefault(own, len(numbers)) for own in piece], np.int64) for piece in pieces]
    return list(numbers), places


def _numbered_columns(pieces: Sequence[LabelColumns]) -> tuple[LabelColumns, list[Ordinals]]:
    """The same for columns of the same names; label sets are in the order in which they first come."""
    streams, stream_numbers = _numbered_sets([piece.streams for piece in pieces])
    stream_of = np.concatenate([own[piece.stream_of] for own, piece in zip(stream_numbers, pieces, strict=True)])
    texts = {name: _unified([piece.texts[name] for piece in pieces]) for name in pieces[0].texts}
    codes = {name: column.indices.fill_null(len(column.dictionary)).to_numpy() for name, column in texts.items()}
    first, kinds = distinct_rows(
        [
            (stream_of, len(streams)),
            *((codes[name], len(column.dictionary) + 1) for name, column in texts.items()),
        ]
    )
    order = np.argsort(first)
    place_of = np.empty(len(order), np.int64)
    place_of[order] = np.arange(len(order))
    first = first[order]
    found = LabelColumns(streams, stream_of, texts).take(first)
    return found, np.split(place_of[kinds], np.cumsum([len(piece) for piece in pieces])[:-1])


def _unified(columns: Sequence[pa.DictionaryArray]) -> pa.DictionaryArray:
    """All after another, over one dictionary without the empty text, for which there is null."""
    texts = pa.concat_arrays([column.dictionary.cast(pa.large_string()) for column in columns])
    distinct = texts.dictionary_encode()
    begins = np.cumsum([0, *(len(column.dictionary) for column in columns)])
    places = [
        pc.add(column.indices.cast(pa.int64()), begin) for column, begin in zip(columns, begins[:-1], strict=True)
    ]
    indices = distinct.indices.take(pa.concat_arrays(places))
    empty = pc.index(distinct.dictionary, "").as_py()
    if empty >= 0:
        indices = pc.if_else(pc.equal(indices, empty), None, indices)
    return pa.DictionaryArray.from_arrays(indices, distinct.dictionary)
