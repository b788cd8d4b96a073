"""Row groups of many segments in blocks, that several delete requests are looked for in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from sigyn.engine.frame import Rows
from sigyn.engine.streams import QueryStreams
from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store.catalog import SegmentInfo
from sigyn.store.deleted_rows import EntryReader
from sigyn.store.portion import Portion
from sigyn.store.recent import RowGroup
from sigyn.store.shapes.values import Flags
from sigyn.store.streams import Int64s, StreamRegistry

_ROWS_AT_ONCE = 64 << 10  # some 20 MB of text
_TEXT_AT_ONCE = 32 << 20  # bytes; a row group may have more
_SMALL = 4096
"""Rows of a piece whose lines are put together, and joined with those of others.

To look through the columns of a segment costs 0.4 ms for each request, however small it is: 30 requests over 763 sorted
segments took 7.7 s, and 4.8 s in this way.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Row groups of a segment that are read together.

    groups  their numbers, rising
    rows    the numbers of their rows
    asked   by id of the request: which of these rows it may take
    """

    segment: SegmentInfo
    groups: Sequence[int]
    rows: Int64s
    asked: Mapping[str, Flags]

    @property
    def text_bytes(self) -> int:
        """Bytes of the lines, about."""
        return self.segment.text_bytes * len(self.rows) // max(self.segment.rows, 1)


class Block:
    """Pieces of one tenant, one behind the other; each column is read once, whoever asks for it.

    portions  have its entries; those of small pieces are one
    ids       of the streams of its entries, rising
    ordinals  for each entry the place of its stream among `ids`
    times     timestamps (ns)
    """

    def __init__(
        self, pieces: Sequence[Piece], reader: EntryReader, registry: StreamRegistry, columns: Sequence[str]
    ) -> None:
        """`columns` are those that will be asked for. Raises what the reader raises."""
        self._pieces = pieces
        self._registry = registry
        self._begins = np.cumsum([0, *(len(piece.rows) for piece in pieces)])
        self.portions: list[Portion] = []
        ids, times = [], []
        small: list[pa.Table] = []
        for piece in pieces:
            portion = reader.portion(piece.segment, piece.groups)
            if len(piece.rows) <= _SMALL:
                small.append(_entries(portion, columns))
            else:
                self.portions += [*_joined(small), portion]
                small = []
            ids.append(piece.segment.streams.ids[portion.column("stream").to_numpy()])
            times.append(portion.column("timestamp").to_numpy())
        self.portions += _joined(small)
        self.ids, ordinals = np.unique(np.concatenate(ids), return_inverse=True)
        self.ordinals = ordinals.astype(np.int32)
        self.times: Int64s = np.concatenate(times)

    @property
    def requests(self) -> list[str]:
        """Ids of the requests that may take something of it."""
        return list(dict.fromkeys(id for piece in self._pieces for id in piece.asked))

    @cached_property
    def streams(self) -> QueryStreams:
        """The streams of its entries, in the order of `ids`."""
        tenant = self._pieces[0].segment.tenant
        return QueryStreams([self._registry.labels(tenant, id) for id in self.ids.tolist()])

    def asked(self, request: str) -> Flags:
        """The rows that a request may take."""
        nothing = np.zeros(0, np.bool_)
        own = [piece.asked.get(request, nothing) for piece in self._pieces]
        sizes = np.diff(self._begins)
        return np.concatenate(
            [flags if len(flags) else np.zeros(size, np.bool_) for flags, size in zip(own, sizes, strict=True)]
        )

    def by_segment(self, rows: Rows) -> Iterator[tuple[int, Int64s]]:
        """Some of its rows, rising: ids of segments, and the numbers that rows have there."""
        ends = np.searchsorted(rows, self._begins)
        for place in np.flatnonzero(np.diff(ends)).tolist():
            own = rows[ends[place] : ends[place + 1]] - self._begins[place]
            yield self._pieces[place].segment.id, self._pieces[place].rows[own]


def _entries(portion: Portion, columns: Sequence[str]) -> pa.Table:
    """These columns of ENTRY_SCHEMA, of all entries of a portion."""
    if not portion.is_shaped:
        portion.load(columns)
    fields = [ENTRY_SCHEMA.field(name) for name in columns]
    return pa.table([portion.column(field.name).cast(field.type) for field in fields], schema=pa.schema(fields))


def _joined(tables: Sequence[pa.Table]) -> list[Portion]:
    """A portion of them all; none of none."""
    if not tables:
        return []
    entries = pa.concat_tables(tables).combine_chunks()
    return [Portion(len(entries), entries.select, None, has_metadata=None)]


def pieces_of(segment: SegmentInfo, groups: Sequence[RowGroup], asked: Mapping[str, Sequence[int]]) -> Iterator[Piece]:
    """Row groups of a segment that requests ask about; `asked` has their numbers by id of the request."""
    numbers = sorted(frozenset().union(*asked.values()))
    sizes = np.array([groups[number].rows for number in numbers], np.int64)
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(numbers):
        end = max(int(np.searchsorted(ends, ends[begin] - sizes[begin] + _ROWS_AT_ONCE, side="right")), begin + 1)
        some = numbers[begin:end]
        rows = np.concatenate([np.arange(groups[number].rows) + groups[number].first_row for number in some])
        every = np.ones(len(rows), np.bool_)
        flags = {
            request: every if len(own) == len(numbers) else np.repeat(np.isin(some, own), sizes[begin:end])
            for request, own in asked.items()
        }
        yield Piece(segment, some, rows, {request: own for request, own in flags.items() if own.any()})
        begin = end


def together(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces in runs that are not too much to be held in memory."""
    some: list[Piece] = []
    rows = text_bytes = 0
    for piece in pieces:
        rows += len(piece.rows)
        text_bytes += piece.text_bytes
        if some and (rows > _ROWS_AT_ONCE or text_bytes > _TEXT_AT_ONCE):
            yield some
            some, rows, text_bytes = [], len(piece.rows), piece.text_bytes
        some.append(piece)
    if some:
        yield some
