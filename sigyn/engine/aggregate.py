"""From the entries of one part of a scan to what they contribute to a range aggregation.

Entries that SQL understands are aggregated there, per series and bucket; the others go through the
interpreter one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from sigyn.engine.automata.automaton import automaton_of
from sigyn.engine.context import QueryContext
from sigyn.engine.direct import aggregate, direct_plan, needs_sql
from sigyn.engine.frame import Frame, Rows
from sigyn.engine.grouping import SeriesNames, series_names
from sigyn.engine.interpreter.entry import ERROR
from sigyn.engine.interpreter.extraction import SampleExtractor
from sigyn.engine.interpreter.labelless import needs_no_labels, without_parsers
from sigyn.engine.placed import CellValues, in_cells
from sigyn.engine.samples import BucketSums, RangeTask, SampleColumns, refuse_many
from sigyn.engine.scan import ENTRIES_UNCHECKED, INTERPRETED_ROWS, UNIT_ROWS, Part, Scan, surviving
from sigyn.engine.series_keys import GROUP, SeriesKeys, series_keys
from sigyn.engine.sql.compile import Program, compile_pipeline
from sigyn.engine.sql.metadata_names import ByMetadata, MetadataNames
from sigyn.engine.sql.run import (
    filtering_steps,
    positions_where,
    run_steps,
    select,
    without_last_filters,
)
from sigyn.engine.sql.steps import FilterLine, Parse, Step
from sigyn.engine.sql.text import Sql, all_of, build
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql import ast

Pieces = list[BucketSums] | list[SampleColumns] | list[CellValues]
"""What entries contribute: sums where these suffice, else samples; in cells where their order is nothing."""

FATE = "fate"

_COUNTED, _INTERPRETED, _FAILED = range(3)

_NOTHING = SampleColumns([], np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class AggregationPlan:
    """How a range aggregation is computed.

    names   labels that SQL groups by; None: the interpreter makes the series
    reason  why the interpreter has to run, where it has to
    """

    task: RangeTask
    program: Program
    names: SeriesNames | None
    reason: str = ""

    @property
    def has_small_steps(self) -> bool:
        """Whether neither SQL nor the interpreter has much to do."""
        return self.names is not None and all(_is_small(step) for step in self.program.scope.steps)

    def value(self) -> Sql:
        """What an entry counts for."""
        if self.program.value is not None:
            return self.program.value
        if self.task.counts_bytes:
            return build("strlen({})::DOUBLE", self.program.scope.line)
        return Sql("1::DOUBLE")


def _is_small(step: Step) -> bool:
    if isinstance(step, FilterLine):
        return all(automaton_of(text, step.kind) is not None for text in step.sought)
    return isinstance(step, Parse)


def plan_aggregation(task: RangeTask, streams: QueryStreams, metadata: MetadataNames) -> AggregationPlan:
    """Plan a range aggregation over entries whose structured metadata have no other names than these."""
    log_range = task.query.log_range
    stages: Sequence[ast.Stage] = log_range.query.stages
    if needs_no_labels(task.query, task.hint):
        stages = without_parsers(stages)
    program = compile_pipeline(stages, log_range.unwrap, streams, metadata)
    if not program.complete:
        return AggregationPlan(task, program, None, program.reason)
    try:
        names = series_names(program, task.series_grouping, task.unwrapped, keeps_errors=task.keeps_errors)
        for name in names.names:
            program.scope.label(name)  # asks the parser for the label before any frame is parsed
    except Unsupported as reason:
        return AggregationPlan(task, program, None, str(reason))
    return AggregationPlan(task, program, names)


class Aggregator:
    """Computes what parts of a scan contribute to a range aggregation; safe to call from several threads."""

    def __init__(self, task: RangeTask, scan: Scan, context: QueryContext) -> None:
        self._task = task
        self._scan = scan
        self._context = context
        self._plans = ByMetadata(partial(plan_aggregation, task, scan.streams))

    @property
    def is_short(self) -> bool:
        """Whether one thread is as quick as several.

        Of many small steps, more is lost on threads that wait for each other than a second core gives.
        """
        return (
            sum(part.rows for part in self._scan.parts) <= UNIT_ROWS
            and all(self._scan.snapshot.is_near(part.segment) for part in self._scan.parts)
            and self._plans.of(frozenset()).has_small_steps
        )

    @property
    def unit_rows(self) -> int:
        """How many rows a task is to read at most.

        The interpreter's come in small pieces, so that too many series are noticed early.
        """
        return UNIT_ROWS if self._plans.of(frozenset()).names is not None else INTERPRETED_ROWS

    def __call__(self, unit: Sequence[Part]) -> Pieces:
        """What the entries of some parts contribute. Raises QueryError for an error (strict mode)."""
        return surviving(lambda: self._work(unit))

    def _work(self, unit: Sequence[Part]) -> Pieces:
        frame = self._scan.read(unit)
        self._context.count_read(unit)
        pieces = _UnitWork(self._plans.of(frame.metadata_names), self._scan, self._context).run(frame)
        if not self._task.is_orderless:
            return pieces
        return [in_cells(piece, self._task.buckets) for piece in pieces if isinstance(piece, SampleColumns)]


@dataclass(frozen=True, slots=True)
class _UnitWork:
    plan: AggregationPlan
    scan: Scan
    context: QueryContext

    def run(self, frame: Frame) -> list[BucketSums] | list[SampleColumns]:
        scope = self.plan.program.scope
        if self.plan.names is None:
            frame = run_steps(filtering_steps(scope.steps), frame, self.context.duck, self.context.check)
            return self._only_interpreted(self._interpret(frame, np.arange(len(frame), dtype=np.int64)))
        # Filters at the end need no frame of their own: the aggregating query can do them in passing.
        steps, filters = without_last_filters(scope.steps)
        if all(each.test is not None for each in filters):
            steps, filters = scope.steps, []
        frame = run_steps(steps, frame, self.context.duck, self.context.check)
        if len(frame) == 0:
            return []
        keys = series_keys(self.plan.names, scope, frame)
        direct = direct_plan(keys, self.plan.value())
        if direct is not None and not filters and not needs_sql(frame, self._extraordinary()):
            return aggregate(frame, keys, direct, self.plan.task)
        fate = self._fate()
        answer = self._select(frame, keys, fate, filters)
        done = answer.column(FATE).to_numpy() == _COUNTED
        interpreted = _NOTHING if done.all() else self._left_over(frame, fate, filters)
        answer = answer if done.all() else answer.filter(pa.array(done))
        labels, series = keys.series_of(answer)
        if self.plan.task.is_summed:
            runs = answer.column("bucket").to_numpy().astype(np.int64)
            columns = [answer.column(name).to_numpy() for name in ("entries", "total", "least", "most")]
            return [BucketSums(labels, series, runs, *columns), *self._only_interpreted(interpreted)]
        times, values = answer.column("timestamp").to_numpy(), answer.column("value").to_numpy()
        return [SampleColumns(labels, series, times, values), *self._only_interpreted(interpreted)]

    def _extraordinary(self) -> list[Sql]:
        """What makes an entry one that SQL or the interpreter has to judge."""
        scope = self.plan.program.scope
        errors = [] if self.plan.task.keeps_errors else [condition for condition, _ in scope.errors]
        return [*scope.doubts, *errors]

    def _fate(self) -> Sql:
        """What becomes of an entry: counted here, interpreted, or an error."""
        scope = self.plan.program.scope
        cases = []
        if scope.doubts:
            cases.append(build(f"WHEN {{}} THEN {_INTERPRETED}", scope.is_hard()))
        if scope.errors and not self.plan.task.keeps_errors:
            cases.append(build(f"WHEN {{}} IS NOT NULL THEN {_FAILED}", scope.label(ERROR)))
        if not cases:
            return Sql(f"{_COUNTED}")
        return build("CASE " + " ".join(["{}"] * len(cases)) + f" ELSE {_COUNTED} END", *cases)

    def _select(self, frame: Frame, keys: SeriesKeys, fate: Sql, filters: Sequence[Sql]) -> pa.Table:
        """Sums per series and bucket, or the single samples."""
        value = self.plan.value()
        table = self._table(frame, keys, [value, fate, *filters])
        where = f" WHERE {' AND '.join(map(str, filters))}" if filters else ""
        chosen = [f"{fate} AS {FATE}", *keys.selected]
        if not self.plan.task.is_summed:
            samples = f"SELECT {', '.join(chosen)}, timestamp, {value} AS value FROM frame{where}"
            return select(samples, table, self.context.duck)
        bucket = self.plan.task.buckets.sql("timestamp")
        sums = ["count(*)::DOUBLE AS entries"]
        if value.columns:
            sums += [f"sum({value}) AS total", f"min({value}) AS least", f"max({value}) AS most"]
        else:
            sums += ["count(*)::DOUBLE AS total", "1::DOUBLE AS least", "1::DOUBLE AS most"]
        return select(
            f"SELECT {', '.join([*chosen, f'{bucket} AS bucket', *sums])} FROM frame{where} GROUP BY ALL",
            table,
            self.context.duck,
        )

    def _table(self, frame: Frame, keys: SeriesKeys, read: Sequence[Sql]) -> pa.Table:
        needed = keys.columns.union({"timestamp"}, *(part.columns for part in read)) - {GROUP}
        table = frame.table(sorted(needed))
        if GROUP in keys.columns:
            ordinals = frame.column("stream").to_numpy()
            table = table.append_column(GROUP, pa.array(keys.group_of_stream[ordinals]))
        return table

    def _left_over(self, frame: Frame, fate: Sql, filters: Sequence[Sql]) -> SampleColumns:
        """The samples of entries that SQL could not decide about; those with errors are noted."""
        failed = positions_where(all_of([*filters, build(f"({{}} = {_FAILED})", fate)]), frame, self.context.duck)
        if len(failed):
            self._interpret(frame, failed[:1])
            self.context.note_skipped(len(failed) - 1)
        hard = positions_where(all_of([*filters, build(f"({{}} = {_INTERPRETED})", fate)]), frame, self.context.duck)
        return self._interpret(frame, hard)

    def _only_interpreted(self, samples: SampleColumns) -> list[BucketSums] | list[SampleColumns]:
        if not len(samples.values):
            return []
        return [samples.sums(self.plan.task.buckets)] if self.plan.task.is_summed else [samples]

    def _interpret(self, frame: Frame, positions: Rows) -> SampleColumns:
        """The samples of entries as the interpreter sees them; raises QueryError once they are of too many series."""
        task = self.plan.task
        extractor = SampleExtractor(task.query, task.hint, strict=self.context.strict)
        for index, entry in enumerate(self.scan.entries(frame, positions)):
            if index % ENTRIES_UNCHECKED == 0:
                self.context.check()
                refuse_many(len(extractor.series), task.buckets.windows)
            extractor.add(*entry)
        self.context.note_interpreted(len(positions), extractor.skipped)
        series = list(extractor.series.values())
        return SampleColumns(
            list(extractor.series),
            np.repeat(np.arange(len(series)), [len(samples.values) for samples in series]),
            np.array([time for samples in series for time in samples.timestamps], np.int64),
            np.array([value for samples in series for value in samples.values], np.float64),
        )
