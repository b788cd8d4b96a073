"""The best entries of a log query so far, which grow unit by unit, in two ways.

`Interpreted` runs the pipeline on whatever may get in, as long as it may. `Chosen` keeps nothing but where entries are,
and the pipeline runs on those of the answer alone: for queries of which SQL knows exactly what passes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.context import QueryContext
from sigyn.engine.entry_places import NO_PLACES, PART, ROW, STREAM, TIME, Int64s, Places, by_segment, columns_at
from sigyn.engine.frame import Frame
from sigyn.engine.log_entries import MakeEntry, refuse_much_text, text_bytes
from sigyn.engine.scan import (
    ENTRIES_UNCHECKED,
    TEXT_AT_ONCE,
    TEXT_COLUMNS,
    USUAL_LINE,
    Part,
    Scan,
    entry_metadata,
    surviving,
)
from sigyn.model.results import LogEntry
from sigyn.store.catalog import SegmentInfo

CHOSEN_AT_ONCE = 1024  # entries read together: a usual answer in one piece

Rank: TypeAlias = tuple[int, int, int]
"""What sorts an entry among all: its time, where in the order of arrival its segment is, and its row there."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Entries that may pass: positions in the frame, in the order of the answer; `exact`: they do, but for doubts."""

    frame: Frame
    positions: npt.NDArray[np.int64]
    exact: bool

    def near(self, worst: int | None, *, backward: bool) -> npt.NDArray[np.int64]:
        """The positions of those that may get in: of the others nothing is read. `worst` as Answer has it."""
        if worst is None or not len(self.positions):
            return self.positions
        times = self.frame.column("timestamp").to_numpy()[self.positions]
        return self.positions[: np.count_nonzero(times >= worst if backward else times <= worst)]


class Answer(Protocol):
    """The best entries so far, in the order of the answer; of equal times they come in the order of arrival."""

    @property
    def worst(self) -> int | None:
        """The time (ns) that an entry must at least have to get in; None: any."""

    @property
    def has_any(self) -> bool:
        """Whether there is an entry."""

    def take(self, candidates: Candidates, scan: Scan, context: QueryContext) -> None:
        """Takes those that are better. Raises QueryError, QueryTimeout, Cancelled and SegmentLost."""


def is_settled(answer: Answer, unit: Sequence[Part], *, backward: bool) -> bool:
    """Whether no entry of this unit, or of one behind it, can still get in."""
    worst = answer.worst
    if worst is None:
        return False
    if backward:
        return max(part.last for part in unit) < worst
    return min(part.first for part in unit) > worst


class Chosen:
    """The places of the best entries."""

    def __init__(self, scan: Scan, limit: int, *, backward: bool) -> None:
        self._limit = limit
        self._backward = backward
        ids = np.array([part.segment.id for part in scan.parts], np.int64)
        self._part_of = np.argsort(ids)
        self._ids = ids[self._part_of]
        self.places = NO_PLACES

    @property
    def worst(self) -> int | None:
        """As in Answer."""
        return int(self.places[TIME, -1]) if self.places.shape[1] == self._limit else None

    @property
    def has_any(self) -> bool:
        """As in Answer."""
        return bool(self.places.shape[1])

    def take(self, candidates: Candidates, scan: Scan, context: QueryContext) -> None:  # noqa: ARG002 (of the protocol)
        """As in Answer."""
        near = candidates.near(self.worst, backward=self._backward)[: self._limit]
        if not len(near):
            return
        frame = candidates.frame
        segments, rows = frame.origins(near)
        times = frame.column("timestamp").to_numpy()[near]
        streams = frame.column("stream").to_numpy()[near]
        parts = self._part_of[np.searchsorted(self._ids, segments)]
        found = np.stack([np.zeros(len(near), np.int64), times, parts, rows, streams.astype(np.int64)])
        places = np.concatenate([self.places, found], axis=1)
        order = np.lexsort((places[ROW], places[PART], places[TIME]))
        self.places = places[:, (order[::-1] if self._backward else order)[: self._limit]]


def entries_at(
    places: Places, scan: Scan, make: MakeEntry, context: QueryContext, *, in_time: bool
) -> Iterator[LogEntry | None]:
    """What the pipeline makes of entries, in order; None for one that does not pass, or whose object is lost by now.

    Raises QueryError when they have too much text, and with `in_time` QueryTimeout and Cancelled.
    """
    weight = max((part.weight for part in scan.parts), default=1)
    at_once = min(TEXT_AT_ONCE, scan.unit_rows * USUAL_LINE // 4)  # less where memory is little
    begin, count = 0, max(1, min(CHOSEN_AT_ONCE, at_once // (weight * USUAL_LINE)))
    size = made = 0
    while begin < places.shape[1]:
        some = places[:, begin : begin + count]
        begin += count
        read = 0
        columns = (some[TIME].tolist(), some[STREAM].tolist(), *_texts_at(some, scan, context))
        for index, (timestamp, stream, line, level, metadata) in enumerate(zip(*columns, strict=True)):
            if in_time and index % ENTRIES_UNCHECKED == 0:
                context.check()
            if line is None:
                yield None
                continue
            entry = make(scan.streams.labels[stream], timestamp, line, entry_metadata(level, metadata))
            read += len(line)
            if entry is not None:
                made += 1
                size += text_bytes(entry)
                refuse_much_text(made, size, context.max_answer_bytes)
            yield entry
        if read < at_once:
            count = min(4 * count, max(count, some.shape[1] * at_once // max(read, 1)))


def _texts_at(places: Places, scan: Scan, context: QueryContext) -> list[list[str | None]]:
    """The TEXT_COLUMNS of entries, each in order; nothing but None of those whose object is lost."""
    texts = np.full((len(TEXT_COLUMNS), places.shape[1]), None, object)
    pieces = list(by_segment(scan, places))

    def read(piece: tuple[SegmentInfo, Int64s]) -> list[pa.Array] | None:
        segment, own = piece
        return surviving(lambda: columns_at(scan, segment, places[ROW, own], TEXT_COLUMNS))

    is_near = all(scan.snapshot.is_near(segment) for segment, _ in pieces)
    for (_, own), columns in zip(pieces, (map if is_near else context.executor.map)(read, pieces), strict=True):
        for column, held in zip(texts, columns or (), strict=False):
            column[own] = held.to_pylist()
    return texts.tolist()


class Interpreted:
    """The best entries themselves, with their ranks."""

    def __init__(self, scan: Scan, limit: int, make: MakeEntry, *, backward: bool) -> None:
        self._arrival = {part.segment.id: number for number, part in enumerate(scan.parts)}
        self._limit = limit
        self._make = make
        self._backward = backward
        self._bytes = 0
        self.best: list[tuple[Rank, LogEntry]] = []

    @property
    def worst(self) -> int | None:
        """As in Answer."""
        return self._worst(self.best)

    @property
    def has_any(self) -> bool:
        """As in Answer."""
        return bool(self.best)

    def take(self, candidates: Candidates, scan: Scan, context: QueryContext) -> None:
        """As in Answer: runs the pipeline on candidates in order, as long as one may get in."""
        best, size, passed = self.best, self._bytes, list[tuple[int, LogEntry]]()
        worst = self._worst(best)
        near = candidates.near(worst, backward=self._backward)
        entries = scan.entries(candidates.frame, near)
        for index, (stream, timestamp, line, metadata) in enumerate(entries):
            if index % ENTRIES_UNCHECKED == 0:
                context.check()
            if worst is not None and (timestamp < worst if self._backward else timestamp > worst):
                break
            entry = self._make(stream, timestamp, line, metadata)
            if entry is not None:
                passed.append((index, entry))
                size += text_bytes(entry)
                if len(passed) == self._limit:
                    break
                if context.max_answer_bytes and size > context.max_answer_bytes:
                    best, size = self._merged(best, self._ranked(candidates.frame, near, passed), size, context)
                    worst, passed = self._worst(best), []
        self.best, self._bytes = self._merged(best, self._ranked(candidates.frame, near, passed), size, context)

    def _worst(self, best: list[tuple[Rank, LogEntry]]) -> int | None:
        return best[-1][1].timestamp if len(best) == self._limit else None

    def _ranked(
        self, frame: Frame, positions: npt.NDArray[np.int64], passed: list[tuple[int, LogEntry]]
    ) -> list[tuple[Rank, LogEntry]]:
        """Entries with their ranks; each comes with its index in `positions`."""
        if not passed:
            return []
        segments, rows = frame.origins(positions[[index for index, _ in passed]])
        return [
            ((entry.timestamp, self._arrival[segment], row), entry)
            for segment, row, (_, entry) in zip(segments.tolist(), rows.tolist(), passed, strict=True)
        ]

    def _merged(
        self, best: list[tuple[Rank, LogEntry]], passed: list[tuple[Rank, LogEntry]], size: int, context: QueryContext
    ) -> tuple[list[tuple[Rank, LogEntry]], int]:
        """The best of both, which have `size` bytes together, and their bytes. Raises QueryError for too many."""
        merged = sorted(best + passed, key=lambda ranked: ranked[0], reverse=self._backward)
        size -= sum(text_bytes(entry) for _, entry in merged[self._limit :])
        del merged[self._limit :]
        refuse_much_text(len(merged), size, context.max_answer_bytes)
        return merged, size
