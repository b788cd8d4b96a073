"""Reading what a query needs of the segments that hold it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial, reduce
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.frame import Frame, Origins, Rows
from sigyn.engine.streams import QueryStreams
from sigyn.model.labels import Labels
from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.needles.search import FieldIs
from sigyn.store.portion import Portion
from sigyn.store.recent import RowGroup
from sigyn.store.shapes.values import Flags
from sigyn.store.snapshot import Snapshot

TEXT_COLUMNS = ("line", "detected_level", "metadata")
"""The columns of an entry besides stream and timestamp: what the interpreter needs."""

UNIT_ROWS = 262_144  # rows that one task reads: some 75 MB of text
INTERPRETED_ROWS = 32_768  # the same, where the interpreter has to look at each

UNIT_MATCHING = 131_072  # rows that it computes on, at most
LEAST_MATCHING = 16_384  # and at least: a task costs a millisecond before it computes anything
UNITS = 8  # tasks worth making of a query, so that all cores are busy to the end

USUAL_LINE = 512  # bytes of text; an entry with more counts as several rows

ENTRIES_UNCHECKED = 16  # interpreted without asking whether somebody still waits: thousands of fields take 0.1 s each
ENTRIES_AT_ONCE = 512  # entries turned into Python objects together: a usual answer in one piece
TEXT_AT_ONCE = 32 << 20  # bytes of lines, beyond which no more entries than those are: lines may have 256 KB each

Outcome = TypeVar("Outcome")

_decode_metadata = msgspec.json.Decoder(dict[str, str]).decode


def entry_metadata(level: str | None, metadata: str | None) -> Labels:
    """The structured metadata of an entry from its two columns."""
    if metadata is None:
        return _of_level(level)
    pairs = _decode_metadata(metadata)
    if level is not None:
        pairs["detected_level"] = level
    return tuple(sorted(pairs.items()))


@lru_cache(maxsize=256)
def _of_level(level: str | None) -> Labels:
    """One tuple for all entries of a level: what is compared again and again is then the same object."""
    return () if level is None else (("detected_level", level),)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Row groups of one segment that may hold entries of a query.

    ordinals     for each stream of the segment its ordinal in the query, -1: not wanted
    groups       row groups to read, rising
    rows         entries in them
    matching     entries in them of wanted streams, about
    first, last  ns; no entry of these row groups lies outside (inclusive)
    exact        every entry of a wanted stream lies in the query's time range
    weight       as how many rows one counts where memory is shared out: lines may be long
    """

    segment: SegmentInfo
    ordinals: npt.NDArray[np.int32]
    groups: tuple[int, ...]
    rows: int
    matching: int
    first: int
    last: int
    exact: bool
    weight: int = 1

    def narrowed(self, groups: Sequence[RowGroup], chosen: Sequence[int]) -> "Part":
        """The part with some of its row groups; `groups` are all of the segment's."""
        read = [groups[index] for index in chosen]
        rows = sum(group.rows for group in read)
        return Part(
            self.segment,
            self.ordinals,
            tuple(chosen),
            rows,
            min(rows, self.matching * rows // max(self.rows, 1) + 1),
            min(group.first for group in read),
            max(group.last for group in read),
            self.exact,
            self.weight,
        )

    def joined(self, others: Sequence["Part"]) -> "Part":
        """The part and other row groups of its segment in one."""
        parts = (self, *others)
        return replace(
            self,
            groups=tuple(sorted(index for part in parts for index in part.groups)),
            rows=sum(part.rows for part in parts),
            matching=sum(part.matching for part in parts),
            first=min(part.first for part in parts),
            last=max(part.last for part in parts),
        )


def surviving(work: Callable[[], Outcome]) -> Outcome:
    """The outcome of reading work; an object that is lost meanwhile reads as empty when it is tried again."""
    while True:
        try:
            return work()
        except SegmentLost:
            continue


@dataclass(frozen=True, slots=True)
class Scan:
    """What a query reads: the entries of start <= t < end (ns) of `streams`, in `parts` (in order of arrival).

    `fields` are those that an entry of the answer has; `filters_by_fields` says that nothing else decides.
    """

    snapshot: Snapshot
    start: int
    end: int
    streams: QueryStreams
    parts: list[Part]
    row_groups_total: int
    unit_rows: int = UNIT_ROWS
    fields: tuple[FieldIs, ...] = ()
    filters_by_fields: bool = False

    def units(self, most_rows: int = UNIT_ROWS) -> list[list[Part]]:
        """The parts in runs of `unit_rows` rows or `most_rows`, or UNIT_MATCHING that match; larger ones are split.

        Of a small query the runs are shorter.
        """
        units: list[list[Part]] = []
        rows = matching = 0
        total = sum(part.matching for part in self.parts)
        most_rows = min(most_rows, self.unit_rows)
        most = min(max(total // UNITS, LEAST_MATCHING), UNIT_MATCHING, most_rows)
        for part in self.parts:
            for piece in self._pieces(part, most // part.weight):
                if not units or piece.rows * piece.weight > rows or piece.matching * piece.weight > matching:
                    units.append([])
                    rows, matching = most_rows, most
                units[-1].append(piece)
                rows -= piece.rows * piece.weight
                matching -= piece.matching * piece.weight
        return units

    def single_groups(self, part: Part) -> list[Part]:
        """The row groups of a part, each as a part of its own."""
        if len(part.groups) == 1:
            return [part]
        groups = self.snapshot.row_groups(part.segment)
        return [part.narrowed(groups, [index]) for index in part.groups]

    def _pieces(self, part: Part, most: int) -> Iterator[Part]:
        if part.matching <= most:
            yield part
            return
        groups = self.snapshot.row_groups(part.segment)
        run: list[int] = []
        rows = 0
        for index in part.groups:
            run.append(index)
            rows += groups[index].rows
            if rows >= most:
                yield part.narrowed(groups, run)
                run, rows = [], 0
        if run:
            yield part.narrowed(groups, run)

    def read(self, unit: Sequence[Part]) -> Frame:
        """The entries of some parts; their columns are read when something asks for them."""
        return self._frame((part, portion, None) for part, portion in self._portions(unit))

    def read_possible(self, unit: Sequence[Part]) -> Frame:
        """As `read`, without entries whose columns say that they don't have the values of `fields`.

        For who looks at few entries: no more is read of row groups without any.
        """
        found = (self._possible(part, portion) for part, portion in self._portions(unit))
        return self._frame(filter(None, found))

    def _portions(self, unit: Sequence[Part]) -> list[tuple[Part, Portion]]:
        together = self.snapshot.together()
        return [(part, self.snapshot.portion(part.segment, part.groups, together)) for part in unit]

    def _ordinals(self, part: Part, portion: Portion, rows: Rows | None) -> npt.NDArray[np.int32]:
        """For each entry the ordinal of its stream; -1 for those that don't count, of which nobody asks more."""
        if rows is None:
            return np.asarray(part.ordinals[portion.column("stream").to_numpy()])
        own = np.full(portion.rows, -1, np.int32)
        own[rows] = part.ordinals[portion.at("stream", rows).to_numpy()]
        return own

    def _frame(self, found: Iterable[tuple[Part, Portion, Rows | None]]) -> Frame:
        """The entries of parts with their portions, and which of these count; None: all."""
        found = list(found)
        self.snapshot.find_deleted([part.segment for part, _, _ in found])
        parts, portions, ordinals, selections = [], [], [np.zeros(0, np.int32)], [np.zeros(0, np.bool_)]
        every = True
        for part, portion, possible in found:
            own = self._ordinals(part, portion, possible)
            keep = self._kept(part, own, portion)
            if possible is not None:
                wanted = own >= 0
                keep = wanted if keep is None else keep & wanted
            selections.append(np.ones(portion.rows, np.bool_) if keep is None else keep)
            every = every and keep is None
            if portion.rows:  # 0 where its object is lost, and where it has none
                parts.append(part)
            portions.append(portion)
            ordinals.append(own)
        rows = None if every else np.flatnonzero(np.concatenate(selections))
        return Frame(portions, np.concatenate(ordinals), self.streams, rows, partial(self._origins, parts))

    def _origins(self, parts: Sequence[Part], rows: Rows) -> Origins:
        """Of rows of parts, counted from the first part on."""
        groups_of = ((part, self.snapshot.row_groups(part.segment)) for part in parts)
        groups = [(part.segment.id, groups[index]) for part, groups in groups_of for index in part.groups]
        segments = np.array([id for id, _ in groups], np.int64)
        first_rows = np.array([group.first_row for _, group in groups], np.int64)
        sizes = np.array([group.rows for _, group in groups], np.int64)
        ends = np.cumsum(sizes)
        places = np.searchsorted(ends, rows, side="right")
        return segments[places], rows - (ends - sizes - first_rows)[places]

    def _possible(self, part: Part, portion: Portion) -> tuple[Part, Portion, Rows | None] | None:
        """The row groups of a part in which an entry may have the values of `fields`, and which; None: there is none.

        In place of the entries None: any.
        """
        found = [portion.possible(field.name, field.value, field.parsers, part.ordinals >= 0) for field in self.fields]
        known = [each for each in found if each is not None]
        if not known:
            return part, portion, None
        rows = reduce(partial(np.intersect1d, assume_unique=True), known)
        if not len(rows):
            return None
        close, own = portion.holding(rows)
        if close is not portion:
            groups = self.snapshot.row_groups(part.segment)
            ends = np.cumsum([groups[number].rows for number in part.groups])
            touched = np.unique(np.searchsorted(ends, rows, side="right"))
            part = part.narrowed(groups, [part.groups[place] for place in touched])
        return part, close, own

    def entries(self, frame: Frame, positions: Rows) -> Iterator[tuple[Labels, int, str, Labels]]:
        """Stream, timestamp, line and structured metadata of entries of a frame, in this order."""
        at_once = min(TEXT_AT_ONCE, self.unit_rows * USUAL_LINE // 4)  # less where memory is little
        weight = max((part.weight for part in self.parts), default=1)
        begin, count = 0, max(1, min(ENTRIES_AT_ONCE, at_once // (weight * USUAL_LINE)))
        while begin < len(positions):
            rows = positions[begin : begin + count]
            begin += count
            order = np.argsort(rows, kind="stable")
            some = frame.narrowed(rows[order])
            some.load_entries()
            back = np.empty(len(order), np.int64)
            back[order] = np.arange(len(order))
            size = some.column("line").nbytes
            if size < at_once:  # each piece may put lines together anew: many small ones cost an export minutes
                count = min(4 * count, max(count, len(rows) * at_once // max(size, 1)))
            indices = pa.array(back)
            columns = [some.column(name).take(indices).to_pylist() for name in ("stream", "timestamp", *TEXT_COLUMNS)]
            for stream, timestamp, line, level, metadata in zip(*columns, strict=True):
                yield self.streams.labels[stream], timestamp, line, entry_metadata(level, metadata)

    def _kept(self, part: Part, ordinals: npt.NDArray[np.int32], portion: Portion) -> Flags | None:
        """The entries that count; None: all."""
        keep = None
        if (part.ordinals < 0).any():
            keep = ordinals >= 0
        if not part.exact:
            times = portion.column("timestamp").to_numpy()
            inside = (times >= self.start) & (times < self.end)
            keep = inside if keep is None else keep & inside
        hidden = self.snapshot.hidden_rows(part.segment)
        if len(hidden) and portion.rows:
            keep = np.ones(portion.rows, np.bool_) if keep is None else keep
            keep[self._positions(part, hidden)] = False
        return None if keep is None or keep.all() else keep

    def _positions(self, part: Part, rows: Rows) -> Rows:
        """Where rows of the segment lie in the table of the part's row groups."""
        found = []
        offset = 0
        groups = self.snapshot.row_groups(part.segment)
        for group in (groups[index] for index in part.groups):
            inside = rows[(rows >= group.first_row) & (rows < group.first_row + group.rows)]
            found.append(inside - group.first_row + offset)
            offset += group.rows
        return np.concatenate(found)
