"""Log queries: the newest or oldest entries that pass a pipeline.

SQL and kernels leave out entries that can't pass; the interpreter then runs the pipeline on what is left, in the order
of the answer, until there is enough. So the interpreter alone decides what an answer looks like. Where SQL knows all
filters of the pipeline, the places of the answer's entries are found before any of their lines is read, and the
interpreter sees no more entries than the answer has.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import chain, count, islice
from typing import Literal

import numpy as np
import numpy.typing as npt

from sigyn.engine.context import QueryContext
from sigyn.engine.entry_places import TIME, Places
from sigyn.engine.log_answers import Answer, Candidates, Chosen, Interpreted, entries_at, is_settled
from sigyn.engine.log_entries import MakeEntry, entry_maker
from sigyn.engine.newest import newest_places
from sigyn.engine.scan import TEXT_COLUMNS, UNITS, Part, Scan, surviving
from sigyn.engine.sql.compile import Program, compile_pipeline
from sigyn.engine.sql.metadata_names import ByMetadata
from sigyn.engine.sql.run import filtering_steps, run_steps
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryTimeout
from sigyn.model.results import Direction, LogEntry
from sigyn.store.errors import SegmentLost

FIRST_UNIT_ROWS = 8192  # a row group: enough for the usual limit; later units double, up to those of the scan

FEW_ENTRIES = 64  # of a unit: that fields have told; here the interpreter is quicker than the steps of a program

MOST_CHOSEN = 10_000  # entries that are read when all are known: beyond, to read twice costs more than it saves

MOST_SPACED = 1_000_000  # entries that a query with an interval looks at
_MORE = 8  # times as many, where so few were far enough from each other

_LEAVING_OUT = (ast.LineFilter, ast.LabelFilter, ast.NumberStage)
"""Stages that entries may not pass: also one that has to take a number from a label that an entry lacks."""


def run_log_query(
    query: ast.LogQuery, scan: Scan, limit: int, direction: Direction, context: QueryContext, interval: int = 0
) -> list[LogEntry]:
    """The first `limit` entries in the direction asked for. Raises QueryError when they have too much text.

    With an interval (ns) entries are left out that are nearer than that to the one before.
    """
    passes_all = not any(isinstance(stage, _LEAVING_OUT) for stage in query.stages)
    programs = None if passes_all else ByMetadata(partial(compile_pipeline, query.stages, None, scan.streams))
    reading = _Reading(scan, programs, direction == "backward", context)
    make = entry_maker(query)
    entries: list[LogEntry] | None = None if limit else []
    if 0 < limit <= MOST_CHOSEN and (programs is None or programs.of(frozenset()).complete):
        found = reading.spaced(limit, interval) if interval else reading.places(limit)
        entries = reading.chosen(found, make) if found is not None else None
    if entries is None:
        entries = reading.interpreted(MOST_SPACED if interval else limit, make)
        if interval:
            entries = [entries[place] for place in _spaced([entry.timestamp for entry in entries], interval, limit)]
    context.statistics.entries_returned += len(entries)
    return entries


_End = Literal["all", "stopped", "inexact"]


@dataclass(frozen=True, slots=True)
class _Found:
    """The places of the answer's entries, in order; `in_time`: there was time to look for all of them."""

    places: Places
    in_time: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the entries of an answer are read; `programs`: None where all entries pass."""

    scan: Scan
    programs: ByMetadata[Program] | None
    backward: bool
    context: QueryContext

    def places(self, limit: int) -> _Found | None:
        """Where the first entries are; None where that is not known without a look at more of them."""
        places = self._newest(limit) if self.backward and self.programs is None else None
        if places is not None:
            return _Found(places, in_time=True)
        answer = Chosen(self.scan, limit, backward=self.backward)
        end = self._read(answer, limit, exactly=True)
        return None if end == "inexact" else _Found(answer.places, in_time=end == "all")

    def spaced(self, limit: int, interval: int) -> _Found | None:
        """As `places`, of entries that are so far from each other: looks at more and more until there are enough."""
        seen = limit
        while (found := self.places(seen)) is not None:
            places = found.places
            kept = _spaced(places[TIME].tolist(), interval, limit)
            if len(kept) == limit or places.shape[1] < seen or seen == MOST_SPACED or not found.in_time:
                return replace(found, places=places[:, kept])
            seen = min(_MORE * seen, MOST_SPACED)
        return None

    def chosen(self, found: _Found, make: MakeEntry) -> list[LogEntry] | None:
        """The entries in these places; None where some don't pass after all, or are lost: others may come instead."""
        entries: list[LogEntry] = []
        places, in_time, seen = found.places, found.in_time, 0
        try:
            for entry in entries_at(places, self.scan, make, self.context, in_time=in_time):
                seen += 1
                if entry is not None:
                    entries.append(entry)
        except QueryTimeout as timeout:
            left = places[TIME, seen:]
            self.context.stop_between(timeout, int(left.min()), int(left.max()), anything=bool(entries))
            in_time = False
        return entries if len(entries) == seen or not in_time else None

    def interpreted(self, limit: int, make: MakeEntry) -> list[LogEntry]:
        """The entries of the answer, where the interpreter has to look at whatever may pass."""
        answer = Interpreted(self.scan, limit, make, backward=self.backward)
        self._read(answer, limit, exactly=False)
        return [entry for _, entry in answer.best]

    def _newest(self, limit: int) -> Places | None:
        """The places of the newest entries; None when there is no time for all of that: units give a part at least."""
        with suppress(QueryTimeout):
            return newest_places(self.scan, np.array([self.scan.start, self.scan.end]), limit, self.context)
        return None

    def _read(self, answer: Answer, limit: int, *, exactly: bool) -> _End:
        """Takes the candidates of unit after unit, and says why it ended.

        With `exactly` it ends when there are some of which SQL does not say whether they pass.
        """
        scan, context = self.scan, self.context
        # Of many small steps, more is lost on threads that wait for each other than a second core gives.
        one_by_one = scan.filters_by_fields and all(scan.snapshot.is_near(part.segment) for part in scan.parts)
        units = _Units(_units(scan, self.backward, one_by_one=one_by_one))
        run = context.one_by_one if one_by_one else context.in_order
        candidates = partial(self._candidates, limit, exactly)
        found = chain(map(candidates, units.until(1)), run(candidates, units.since(1)))
        done = 0
        try:
            while (unit := units.at(done)) is not None and not is_settled(answer, unit, backward=self.backward):
                some = next(found)
                if exactly and not some.exact:
                    return "inexact"
                _take(answer, some, partial(candidates, unit), scan, context)
                done += 1
                context.check()
        except QueryTimeout as timeout:
            unread = [*units.since(done)]
            if unread:
                context.stop_early(timeout, unread, anything=answer.has_any)
                return "stopped"
        return "all"

    def _candidates(self, limit: int, exactly: bool, unit: Sequence[Part]) -> Candidates:
        return surviving(lambda: self._found(unit, limit, exactly=exactly))

    def _found(self, unit: Sequence[Part], limit: int, *, exactly: bool) -> Candidates:
        frame = self.scan.read_possible(unit)
        self.context.count_read(unit)
        program = self.programs.of(frame.metadata_names) if self.programs is not None else None
        if program is not None:
            if len(frame) > FEW_ENTRIES or not self.scan.filters_by_fields:
                steps = filtering_steps(program.scope.steps)
                frame = run_steps(steps, frame, self.context.duck, self.context.check)
            if not exactly and len(frame) <= limit:
                frame.load_entries()
                for name in TEXT_COLUMNS:  # here, on a thread of several
                    frame.column(name)
        exact = program is None or program.complete
        times = frame.column("timestamp").to_numpy()
        cut = program is None or (exact and exactly)
        rows = _outermost(times, limit, self.backward) if cut else np.arange(len(times))
        order = rows[np.argsort(times[rows], kind="stable")]
        if self.backward:
            order = order[::-1]
        return Candidates(frame, order[:limit] if cut else order, exact)


def _spaced(times: Sequence[int], interval: int, most: int) -> list[int]:
    """Places of the first time, and of each that is at least `interval` from the one kept before; in order, `most`."""
    kept: list[int] = []
    for place, time in enumerate(times):
        if not kept or abs(time - times[kept[-1]]) >= interval:
            kept.append(place)
            if len(kept) == most:
                break
    return kept


def _take(
    answer: Answer, found: Candidates, again: Callable[[], Candidates], scan: Scan, context: QueryContext
) -> None:
    """Takes candidates into the answer; once more where an object turns out to be lost on the way."""
    try:
        answer.take(found, scan, context)
    except SegmentLost:
        surviving(lambda: answer.take(again(), scan, context))


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


def _outermost(times: npt.NDArray[np.int64], limit: int, backward: bool) -> npt.NDArray[np.int64]:
    """Positions (rising) of the `limit` latest or earliest times, and of any that are equal to the last of these."""
    if len(times) <= limit:
        return np.arange(len(times))
    place = len(times) - limit if backward else limit - 1
    bound = np.partition(times, place)[place]
    return np.flatnonzero(times >= bound if backward else times <= bound)
