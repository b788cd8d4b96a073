"""Which entries of a segment a delete request takes: those that its query finds."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from sigyn.engine.duck import Duck
from sigyn.engine.frame import Frame, Rows
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.matches import LabelsOf, SelectorMatches
from sigyn.engine.scan import TEXT_COLUMNS, entry_metadata
from sigyn.engine.sought import sought_by
from sigyn.engine.sql.compile import Program, compile_pipeline
from sigyn.engine.sql.run import positions_where, run_steps
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql import ast, parse
from sigyn.languages.logql.entry_labels import with_entry_labels
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.deleted_rows import EntryReader
from sigyn.store.demoted import DemotedLabels
from sigyn.store.portion import Portion
from sigyn.store.streams import Int64s, StreamRegistry

_GROUPS_AT_ONCE = 8  # row groups: 64 Ki entries, some 20 MB of text
_REMEMBERED = 256  # queries


@dataclass(frozen=True, slots=True)
class _Question:
    query: ast.LogQuery
    matches: SelectorMatches


class DeletedEntries:
    """Reads the queries of delete requests, which are log queries, and runs them over segments.

    What a query deletes is what it shows: SQL and kernels leave out what cannot pass, as in any query, and
    the interpreter decides about the rest. Safe to use from several threads.
    """

    def __init__(self, duck: Duck, streams: StreamRegistry, demoted: DemotedLabels) -> None:
        self._duck = duck
        self._demoted = demoted
        self._streams = streams
        self._questions: OrderedDict[tuple[str, str, frozenset[str]], _Question] = OrderedDict()
        self._lock = Lock()

    def streams(self, request: DeleteRequest, ids: Int64s) -> npt.NDArray[np.bool_]:
        """As in DeleteMatcher."""
        return self._question(request).matches.of(ids)

    def rows(self, request: DeleteRequest, segment: SegmentInfo, reader: EntryReader) -> Int64s:
        """As in DeleteMatcher."""
        question = self._question(request)
        table = segment.streams
        wanted = question.matches.of(table.ids) & (table.last >= request.first) & (table.first <= request.last)
        groups = reader.row_groups(segment)
        numbers = [
            number
            for number, group in enumerate(groups)
            if group.first <= request.last
            and group.last >= request.first
            and _holds(segment, wanted, group.first_row, group.first_row + group.rows)
        ]
        names = frozenset(name for labels in self._labels(segment) for name, _ in labels)
        sought = sought_by(question.query.stages, names)
        numbers = list(reader.possible(segment, sought, numbers)) if sought else numbers
        found = [np.empty(0, np.int64)]
        for begin in range(0, len(numbers), _GROUPS_AT_ONCE):
            some = numbers[begin : begin + _GROUPS_AT_ONCE]
            row_numbers = np.concatenate(
                [np.arange(group.first_row, group.first_row + group.rows) for group in (groups[n] for n in some)]
            )
            portion = reader.portion(segment, some)
            found.append(row_numbers[self._passing(question, request, segment, wanted, portion)])
        return np.concatenate(found)

    def _passing(
        self,
        question: _Question,
        request: DeleteRequest,
        segment: SegmentInfo,
        wanted: npt.NDArray[np.bool_],
        portion: Portion,
    ) -> Rows:
        """Rows of the portion that the query finds in the request's time."""
        times, ordinals = portion.column("timestamp").to_numpy(), portion.column("stream").to_numpy()
        candidates = np.flatnonzero(wanted[ordinals] & (times >= request.first) & (times <= request.last))
        stages = question.query.stages
        if not stages or not len(candidates):
            return candidates
        frame = Frame([portion], ordinals, QueryStreams(self._labels(segment)), candidates)
        program = compile_pipeline(stages, None, frame.streams, metadata=frame.has_metadata)
        frame = run_steps(program.scope.steps, frame, self._duck)
        return self._decided(stages, program, frame)

    def _labels(self, segment: SegmentInfo) -> list[Labels]:
        """The labels of a segment's streams, by ordinal."""
        return [self._streams.labels(segment.tenant, id) for id in segment.streams.ids.tolist()]

    def _decided(self, stages: Sequence[ast.Stage], program: Program, frame: Frame) -> Rows:
        """Positions in the base columns of the frame's entries that pass, the doubtful ones as the interpreter says."""
        keep = np.ones(len(frame), np.bool_)
        doubtful = np.arange(len(frame))
        if program.complete and not program.scope.doubts:
            return frame.rows
        if program.complete:
            doubtful = positions_where(program.scope.is_hard(), frame, self._duck)
        keep[doubtful] = _interpreted(stages, frame, doubtful)
        return frame.rows[keep]

    def _question(self, request: DeleteRequest) -> _Question:
        demoted = self._demoted.ever(request.tenant)
        key = request.tenant, request.query, demoted
        with self._lock:
            known = self._questions.get(key)
            if known is None:
                query = _read(request, demoted)
                matches = SelectorMatches(query.selector, lambda id: self._streams.labels(request.tenant, id))
                known = self._questions[key] = _Question(query, matches)
                if len(self._questions) > _REMEMBERED:
                    self._questions.popitem(last=False)
            self._questions.move_to_end(key)
            return known


def streams_concerned(
    request: DeleteRequest, ids: Int64s, labels_of: LabelsOf, demoted: frozenset[str]
) -> tuple[npt.NDArray[np.bool_], bool]:
    """Whether each of these streams may hold entries of a request; whether it takes all that they have in its time.

    Raises ParseError and QueryError for a query that can't be read.
    """
    query = _read(request, demoted)
    return SelectorMatches(query.selector, labels_of).of(ids), not query.stages


def _read(request: DeleteRequest, demoted: frozenset[str]) -> ast.LogQuery:
    parsed = parse(request.query)
    if not isinstance(parsed, ast.LogQuery):
        raise QueryError(f"`{request.query}` is no log query: nothing can be deleted by it")
    return with_entry_labels(parsed, demoted)


def _interpreted(stages: Sequence[ast.Stage], frame: Frame, positions: Rows) -> npt.NDArray[np.bool_]:
    """Whether each of these entries of the frame passes the interpreter."""
    pipeline = Pipeline(stages)
    doubtful = frame.narrowed(positions)
    columns = (doubtful.column(name).to_pylist() for name in ("stream", "timestamp", *TEXT_COLUMNS))
    labels = frame.streams.labels
    passed = [
        pipeline.process(labels[stream], timestamp, line, entry_metadata(level, metadata)) is not None
        for stream, timestamp, line, level, metadata in zip(*columns, strict=True)
    ]
    return np.array(passed, np.bool_)


def _holds(segment: SegmentInfo, wanted: npt.NDArray[np.bool_], first_row: int, end_row: int) -> bool:
    """Whether rows `first_row` to `end_row` hold a wanted stream, as far as the stream table tells."""
    begins = segment.streams.first_row
    if begins[0] < 0:
        return bool(wanted.any())
    ends = begins + segment.streams.rows
    return bool((wanted & (begins < end_row) & (ends > first_row)).any())
