"""Which entries of a segment a delete request takes: those that its query finds."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from sigyn.engine.deleted_blocks import Block, Piece, pieces_of, together
from sigyn.engine.duck import Duck
from sigyn.engine.frame import Frame, Rows
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.matches import LabelsOf, SelectorMatches
from sigyn.engine.scan import TEXT_COLUMNS, entry_metadata
from sigyn.engine.sought import sought_by
from sigyn.engine.sql.compile import Program, compile_pipeline
from sigyn.engine.sql.metadata_names import MetadataNames
from sigyn.engine.sql.run import positions_where, run_steps
from sigyn.languages.logql import ast, parse
from sigyn.languages.logql.entry_labels import with_entry_labels
from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.model.errors import QueryError
from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.deleted_rows import EntryReader, Pair
from sigyn.store.demoted import DemotedLabels
from sigyn.store.needles.search import Sought
from sigyn.store.recent import RowGroup
from sigyn.store.streams import Int64s, StreamRegistry

_REMEMBERED = 256  # queries
_PLACES = ["stream", "timestamp"]  # all that a query without stages asks for

_NONE: Int64s = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Question:
    query: ast.LogQuery
    matches: SelectorMatches


class DeletedEntries:
    """Reads the queries of delete requests, which are log queries, and runs them over segments.

    What a query deletes is what it shows: SQL and kernels leave out what cannot pass, as in any query, and
    the interpreter decides about the rest. Safe to use from several threads.

    Small segments are looked through many at a time, since a statement in SQL costs as much for 300 entries as for
    ten thousand (2.5 ms), and those that several requests ask about are read once for all of them.
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

    def rows(self, pairs: Sequence[Pair], reader: EntryReader) -> list[Int64s]:
        """As in DeleteMatcher."""
        requests = {request.id: request for _, request in pairs}
        questions = {id: self._question(request) for id, request in requests.items()}
        found: dict[tuple[int, str], list[Int64s]] = {(segment.id, request.id): [_NONE] for segment, request in pairs}
        columns = ENTRY_SCHEMA.names if any(each.query.stages for each in questions.values()) else _PLACES
        for pieces in together(self._pieces(pairs, questions, reader)):
            block = Block(pieces, reader, self._streams, columns)
            for id in block.requests:
                taken = self._passing(questions[id], requests[id], block)
                for segment, rows in block.by_segment(taken):
                    found[segment, id].append(rows)
        return [np.concatenate(found[segment.id, request.id]) for segment, request in pairs]

    def _pieces(
        self, pairs: Sequence[Pair], questions: Mapping[str, _Question], reader: EntryReader
    ) -> Iterator[Piece]:
        """What has to be read, segment by segment."""
        segments: dict[int, tuple[SegmentInfo, list[DeleteRequest]]] = {}
        for segment, request in pairs:
            segments.setdefault(segment.id, (segment, []))[1].append(request)
        known: dict[tuple[str, frozenset[str]], tuple[Sought, ...]] = {}
        for segment, requests in segments.values():
            labels = (self._streams.labels(segment.tenant, id) for id in segment.streams.ids.tolist())
            names = frozenset(name for stream in labels for name, _ in stream)
            groups = reader.row_groups(segment)
            asked: dict[str, Sequence[int]] = {}
            for request in requests:
                question = questions[request.id]
                numbers = _possible(segment, groups, request, question.matches)
                sought = known.get((request.id, names))
                if sought is None:
                    sought = known[request.id, names] = sought_by(question.query.stages, names)
                asked[request.id] = reader.possible(segment, sought, numbers) if sought and numbers else numbers
            yield from pieces_of(segment, groups, asked)

    def _passing(self, question: _Question, request: DeleteRequest, block: Block) -> Rows:
        """Rows of the block that the query finds in the request's time, of those that may be taken."""
        wanted = question.matches.of(block.ids)[block.ordinals]
        inside = (block.times >= request.first) & (block.times <= request.last)
        rows = np.flatnonzero(block.asked(request.id) & wanted & inside)
        stages = question.query.stages
        if not stages or not len(rows):
            return rows
        frame = Frame(block.portions, block.ordinals, block.streams, rows)
        program = compile_pipeline(stages, None, frame.streams, MetadataNames(frame.metadata_names))
        frame = run_steps(program.scope.steps, frame, self._duck)
        return self._decided(stages, program, frame)

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


def _possible(
    segment: SegmentInfo, groups: Sequence[RowGroup], request: DeleteRequest, matches: SelectorMatches
) -> list[int]:
    """Numbers of the row groups that may hold entries of a request, as streams and times tell."""
    table = segment.streams
    wanted = matches.of(table.ids) & (table.last >= request.first) & (table.first <= request.last)
    return [
        number
        for number, group in enumerate(groups)
        if group.first <= request.last
        and group.last >= request.first
        and _holds(segment, wanted, group.first_row, group.first_row + group.rows)
    ]


def _holds(segment: SegmentInfo, wanted: npt.NDArray[np.bool_], first_row: int, end_row: int) -> bool:
    """Whether rows `first_row` to `end_row` hold a wanted stream, as far as the stream table tells."""
    begins = segment.streams.first_row
    if begins[0] < 0:
        return bool(wanted.any())
    ends = begins + segment.streams.rows
    return bool((wanted & (begins < end_row) & (ends > first_row)).any())
