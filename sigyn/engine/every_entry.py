"""All entries that pass a pipeline, in no order: for what must look at each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sigyn.engine.context import QueryContext
from sigyn.engine.frame import Frame, Rows
from sigyn.engine.interpreter.entry import ERROR, Processed
from sigyn.engine.interpreter.errors import Skipped, pipeline_error, predicate_labels
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.scan import ENTRIES_UNCHECKED, TEXT_COLUMNS, Part, Scan, surviving
from sigyn.engine.sql.compile import compile_pipeline
from sigyn.engine.sql.metadata_names import ByMetadata
from sigyn.engine.sql.run import run_steps
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError, QueryTimeout
from sigyn.model.labels import labels_of


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Entries that may pass: all rows of a frame."""

    frame: Frame
    positions: Rows


def every_entry(query: ast.LogQuery, scan: Scan, context: QueryContext, *, keep_errors: bool) -> Iterator[Processed]:
    """The entries after the pipeline; what was committed last comes first.

    Unless errors are kept, an entry with one is left out and counted, or fails the query in strict
    mode. Raises QueryError, QueryTimeout, Cancelled.
    """
    programs = ByMetadata(partial(compile_pipeline, query.stages, None, scan.streams))

    def candidates(unit: Sequence[Part]) -> _Candidates:
        return surviving(lambda: read(unit))

    def read(unit: Sequence[Part]) -> _Candidates:
        frame = scan.read_possible(unit)
        context.count_read(unit)
        steps = programs.of(frame.metadata_names).scope.steps
        frame = run_steps(steps, frame, context.duck, context.check)
        for name in TEXT_COLUMNS:  # now: no entry may come twice because an object is lost on the way
            frame.column(name)
        return _Candidates(frame, frame.column("timestamp").to_numpy().argsort(kind="stable"))

    pipeline = Pipeline(query.stages)
    units = scan.units()[::-1]
    done = 0
    try:
        for found in context.in_order(candidates, units):
            skipped = Skipped()
            for index, entry in enumerate(scan.entries(found.frame, found.positions)):
                if index % ENTRIES_UNCHECKED == 0:
                    context.check()
                processed = pipeline.process(*entry)
                if processed is None:
                    continue
                if not keep_errors and ERROR in processed.parsed:
                    _leave_out(processed, skipped, context)
                    continue
                yield processed
            context.note_interpreted(len(found.positions), skipped)
            done += 1
    except QueryTimeout as timeout:
        context.stop_early(timeout, units[done:], anything=done > 0)


def asks_for_errors(query: ast.LogQuery) -> bool:
    """Whether a filter of the query names `__error__`: then entries with errors are entries like others."""
    filters = (stage for stage in query.stages if isinstance(stage, ast.LabelFilter))
    return any(ERROR in predicate_labels(stage.predicate) for stage in filters)


def _leave_out(entry: Processed, skipped: Skipped, context: QueryContext) -> None:
    labels = labels_of(entry.labels())
    if context.strict:
        raise QueryError(pipeline_error(labels))
    skipped.add(labels)
