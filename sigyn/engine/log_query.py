"""Log queries: the newest or oldest entries that pass a pipeline.

SQL and kernels leave out entries that can't pass; the interpreter then runs the pipeline on what
is left, in the order of the answer, until there is enough. So the interpreter alone decides what an
answer looks like, and usually sees no more entries than the answer has.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from heapq import heappop, heappush
from itertools import chain, count, islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sigyn.engine.context import QueryContext
from sigyn.engine.frame import Frame
from sigyn.engine.interpreter.entry import RESERVED
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.line_sample import ending
from sigyn.engine.scan import ENTRIES_UNCHECKED, TEXT_COLUMNS, UNITS, Part, Scan, surviving
from sigyn.engine.sql.compile import Program, compile_pipeline
from sigyn.engine.sql.metadata_names import ByMetadata
from sigyn.engine.sql.run import filtering_steps, run_steps
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError, QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.results import Direction, LogEntry
from sigyn.store.errors import SegmentLost

FIRST_UNIT_ROWS = 8192  # a row group: enough for the usual limit; later units double, up to those of the scan


FEW_ENTRIES = 64  # of a unit: that fields have told; here the interpreter is quicker than the steps of a program


Place: TypeAlias = tuple[int, int, int]
"""Where an entry stands among all: its time, where in the order of arrival its segment is, and its row there."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Entries that may pass: positions in the frame, in the order of the answer."""

    frame: Frame
    positions: npt.NDArray[np.int64]


def run_log_query(
    query: ast.LogQuery, scan: Scan, limit: int, direction: Direction, context: QueryContext
) -> list[LogEntry]:
    """The first `limit` entries in the direction asked for. Raises QueryError when they have too much text."""
    backward = direction == "backward"
    if backward and not query.stages:
        with suppress(QueryTimeout):  # which is told below, where part of an answer may be had
            scan = ending(scan, limit, context)
    programs = ByMetadata(partial(compile_pipeline, query.stages, None, scan.streams)) if query.stages else None
    answer = _Answer(query, scan, limit, backward, context.max_answer_bytes)

    def candidates(unit: Sequence[Part]) -> _Candidates:
        return surviving(lambda: _candidates(scan, unit, programs, limit, backward, context))

    # Of many small steps, more is lost on threads that wait for each other than a second core gives.
    one_by_one = scan.filters_by_fields and all(scan.snapshot.is_near(part.segment) for part in scan.parts)
    units = _Units(_units(scan, backward, one_by_one=one_by_one))
    run = context.one_by_one if one_by_one else context.in_order
    found = chain(map(candidates, units.until(1)), run(candidates, units.since(1)))
    done = 0
    try:
        while (unit := units.at(done)) is not None and not answer.is_settled(unit):
            _take(answer, next(found), partial(candidates, unit), scan, context)
            done += 1
            context.check()
    except QueryTimeout as timeout:
        context.stop_early(timeout, [*units.since(done)], anything=bool(answer.best))
    context.statistics.entries_returned += len(answer.best)
    return [entry for _, entry in answer.best]


def _take(
    answer: "_Answer", found: _Candidates, again: Callable[[], _Candidates], scan: Scan, context: QueryContext
) -> None:
    """Takes candidates into the answer; once more where an object turns out to be lost on the way."""
    try:
        answer.take(found, scan, context)
    except SegmentLost:
        surviving(lambda: answer.take(again(), scan, context))


class _Answer:
    """The best entries so far, in the order of the answer; of equal times they come in the order of arrival."""

    def __init__(self, query: ast.LogQuery, scan: Scan, limit: int, backward: bool, most_bytes: int) -> None:
        self._pipeline = Pipeline(query.stages)
        self._plain = not query.stages
        self._arrival = {part.segment.id: number for number, part in enumerate(scan.parts)}
        self._limit = limit
        self._backward = backward
        self._most_bytes = most_bytes
        self._bytes = 0
        self.best: list[tuple[Place, LogEntry]] = []

    def is_settled(self, unit: Sequence[Part]) -> bool:
        """Whether no entry of this unit, or of one behind it, can still get in."""
        worst = self._worst(self.best)
        if worst is None:
            return False
        if self._backward:
            return max(part.last for part in unit) < worst
        return min(part.first for part in unit) > worst

    def _answer_for(self, stream: Labels, timestamp: int, line: str, metadata: Labels) -> LogEntry | None:
        """The entry after the pipeline."""
        if self._plain and _taken(stream).isdisjoint(name for name, _ in metadata):
            return LogEntry(timestamp, line, stream, metadata, ())
        processed = self._pipeline.process(stream, timestamp, line, metadata)
        return processed.as_log_entry() if processed is not None else None

    def take(self, candidates: _Candidates, scan: Scan, context: QueryContext) -> None:
        """Run the pipeline on candidates in order, as long as one may get in."""
        best, size, passed = self.best, self._bytes, list[tuple[int, LogEntry]]()
        worst = self._worst(best)
        near = self._near(candidates, worst)
        entries = scan.entries(candidates.frame, near)
        for index, (stream, timestamp, line, metadata) in enumerate(entries):
            if index % ENTRIES_UNCHECKED == 0:
                context.check()
            if worst is not None and (timestamp < worst if self._backward else timestamp > worst):
                break
            entry = self._answer_for(stream, timestamp, line, metadata)
            if entry is not None:
                passed.append((index, entry))
                size += _text_bytes(entry)
                if len(passed) == self._limit:
                    break
                if self._most_bytes and size > self._most_bytes:
                    best, size = self._merged(best, self._placed(candidates.frame, near, passed), size)
                    worst, passed = self._worst(best), []
        self.best, self._bytes = self._merged(best, self._placed(candidates.frame, near, passed), size)

    def _near(self, candidates: _Candidates, worst: int | None) -> npt.NDArray[np.int64]:
        """The positions of those that may get in: of the others nothing is read."""
        if worst is None or not len(candidates.positions):
            return candidates.positions
        times = candidates.frame.column("timestamp").to_numpy()[candidates.positions]
        return candidates.positions[: np.count_nonzero(times >= worst if self._backward else times <= worst)]

    def _worst(self, best: list[tuple[Place, LogEntry]]) -> int | None:
        """The time that an entry must at least have to get in; None: any."""
        return best[-1][1].timestamp if len(best) == self._limit else None

    def _placed(
        self, frame: Frame, positions: npt.NDArray[np.int64], passed: list[tuple[int, LogEntry]]
    ) -> list[tuple[Place, LogEntry]]:
        """Entries with their places; each comes with its index in `positions`."""
        if not passed:
            return []
        segments, rows = frame.origins(positions[[index for index, _ in passed]])
        return [
            ((entry.timestamp, self._arrival[segment], row), entry)
            for segment, row, (_, entry) in zip(segments.tolist(), rows.tolist(), passed, strict=True)
        ]

    def _merged(
        self, best: list[tuple[Place, LogEntry]], passed: list[tuple[Place, LogEntry]], size: int
    ) -> tuple[list[tuple[Place, LogEntry]], int]:
        """The best of both, which have `size` bytes together, and their bytes. Raises QueryError for too many."""
        merged = sorted(best + passed, key=lambda placed: placed[0], reverse=self._backward)
        size -= sum(_text_bytes(entry) for _, entry in merged[self._limit :])
        del merged[self._limit :]
        if self._most_bytes and size > self._most_bytes:
            raise QueryError(
                f"the first {len(merged)} lines of the answer have {size} bytes of text "
                f"(limit: {self._most_bytes} bytes, set by query.max_answer_bytes); ask for fewer lines with `limit` "
                "or for a shorter time range, or export them: /sigyn/api/v1/export has no such limit"
            )
        return merged, size


def _text_bytes(entry: LogEntry) -> int:
    """Bytes of a line and of the labels that it alone has."""
    line = entry.line
    size = len(line) if line.isascii() else len(line.encode())
    if len(entry.metadata) > 1:  # a lone one is detected_level, which entries share
        size += sum([len(name) + len(value) for name, value in entry.metadata])
    if entry.parsed:
        size += sum([len(name) + len(value) for name, value in entry.parsed])
    return size


@lru_cache(maxsize=4096)
def _taken(stream: Labels) -> frozenset[str]:
    """Names that structured metadata can't bear in an answer."""
    return RESERVED.union(name for name, _ in stream)


class _Units:
    """Units of work that are made when they are asked for: the newest entries are in the first of very many."""

    def __init__(self, made: Iterator[list[Part]]) -> None:
        self._made = made
        self._known: list[list[Part]] = []

    def at(self, place: int) -> list[Part] | None:
        """The unit at a place; None behind the last."""
        self._known.extend(islice(self._made, max(place + 1 - len(self._known), 0)))
        return self._known[place] if place < len(self._known) else None

    def until(self, end: int) -> Iterator[list[Part]]:
        """Those in front of a place."""
        return islice(self.since(0), end)

    def since(self, place: int) -> Iterator[list[Part]]:
        """Those from a place on."""
        while (unit := self.at(place)) is not None:
            yield unit
            place += 1


def _units(scan: Scan, backward: bool, *, one_by_one: bool) -> Iterator[list[Part]]:
    """Row groups in the order in which they may matter, few at first.

    Where units are worked on one by one they are fewer: of most row groups nothing but a field is read then.
    """
    least = 2 * FIRST_UNIT_ROWS
    most = min(scan.unit_rows, max(sum(part.rows for part in scan.parts) // UNITS, least))
    growth = 2
    if one_by_one:
        most, growth = max(2 * scan.unit_rows, least), 4
    room, size = FIRST_UNIT_ROWS, FIRST_UNIT_ROWS
    unit: list[Part] = []
    for piece in _single_groups(scan, backward):
        if unit and piece.rows * piece.weight > room:
            yield _by_segment(unit)
            size = min(growth * size, most)
            unit, room = [], size
        unit.append(piece)
        room -= piece.rows * piece.weight
    if unit:
        yield _by_segment(unit)


def _single_groups(scan: Scan, backward: bool) -> Iterator[Part]:
    """Each row group as a part of its own: the newest or the oldest first, those of a segment when its turn comes."""

    def place(part: Part) -> int:
        return -part.last if backward else part.first

    parts = sorted(scan.parts, key=place, reverse=True)
    number = count()  # of those at one place the one that came first
    waiting: list[tuple[int, int, Part]] = []
    while parts or waiting:
        while parts and (not waiting or place(parts[-1]) <= waiting[0][0]):
            for piece in scan.single_groups(parts.pop()):
                heappush(waiting, (place(piece), next(number), piece))
        yield heappop(waiting)[-1]


def _by_segment(unit: Sequence[Part]) -> list[Part]:
    """The same row groups in the order of arrival, those of a segment in one part: to read them together is cheaper."""
    parts: dict[int, list[Part]] = {}
    for part in unit:
        parts.setdefault(part.segment.id, []).append(part)
    joined = [first.joined(others) if others else first for first, *others in parts.values()]
    return sorted(joined, key=lambda part: part.segment.arrival_order)


def _candidates(
    scan: Scan,
    unit: Sequence[Part],
    programs: ByMetadata[Program] | None,
    limit: int,
    backward: bool,
    context: QueryContext,
) -> _Candidates:
    frame = scan.read_possible(unit)
    context.count_read(unit)
    program = programs.of(frame.metadata_names) if programs is not None else None
    plain = program is None or not (program.scope.steps or program.reason)
    if program is not None and not plain:
        if len(frame) > FEW_ENTRIES or not scan.filters_by_fields:
            frame = run_steps(filtering_steps(program.scope.steps), frame, context.duck, context.check)
        if len(frame) <= limit:
            frame.load_entries()
            for name in TEXT_COLUMNS:  # here, on a thread of several
                frame.column(name)
    times = frame.column("timestamp").to_numpy()
    rows = _outermost(times, limit, backward) if plain else np.arange(len(times))
    order = rows[np.argsort(times[rows], kind="stable")]
    if backward:
        order = order[::-1]
    return _Candidates(frame, order[:limit] if plain else order)


def _outermost(times: npt.NDArray[np.int64], limit: int, backward: bool) -> npt.NDArray[np.int64]:
    """Positions (rising) of the `limit` latest or earliest times, and of any that are equal to the last of these."""
    if len(times) <= limit:
        return np.arange(len(times))
    place = len(times) - limit if backward else limit - 1
    bound = np.partition(times, place)[place]
    return np.flatnonzero(times >= bound if backward else times <= bound)
