"""From the entries of one part of a scan to what they contribute to a range aggregation.

Entries that SQL understands are aggregated there, per series and bucket; the others go through the
interpreter one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.context import QueryContext
from sigyn.engine.frame import Frame
from sigyn.engine.grouping import SeriesNames, series_names
from sigyn.engine.interpreter.entry import ERROR
from sigyn.engine.interpreter.extraction import SampleExtractor
from sigyn.engine.interpreter.labelless import needs_no_labels, without_parsers
from sigyn.engine.samples import BucketSums, RangeTask, SampleColumns
from sigyn.engine.scan import TEXT_COLUMNS, Part, Scan, entry_metadata
from sigyn.engine.sql.compile import Program, compile_pipeline
from sigyn.engine.sql.run import positions_where, run_steps, select
from sigyn.engine.sql.scope import EXTRACTED
from sigyn.engine.sql.text import NULL, Sql, build, column, identifier
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels, labels_of

GROUP = "group"

ENTRIES_BETWEEN_CHECKS = 1024  # the interpreter takes some 20 us for each: a cancelled query stops soon


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

    def value(self) -> Sql:
        """What an entry counts for."""
        if self.program.value is not None:
            return self.program.value
        if self.task.counts_bytes:
            return build("strlen({})::DOUBLE", self.program.scope.line)
        return Sql("1::DOUBLE")

    def columns(self) -> list[str]:
        """The text columns to read: all where the interpreter may have to look at entries."""
        scope = self.program.scope
        if self.names is None or scope.doubts or scope.errors:
            return list(TEXT_COLUMNS)
        needed = self.value().columns.union(*(scope.label(name).columns for name in self.names.names))
        needed = needed.union(*(step.columns for step in scope.steps), {"metadata"})
        return [name for name in TEXT_COLUMNS if name in needed]


def plan_aggregation(task: RangeTask, streams: QueryStreams, *, metadata: bool) -> AggregationPlan:
    """Plan a range aggregation over entries with or without structured metadata."""
    log_range = task.query.log_range
    stages: Sequence[ast.Stage] = log_range.query.stages
    if needs_no_labels(task.query, task.hint):
        stages = without_parsers(stages)
    program = compile_pipeline(stages, log_range.unwrap, streams, metadata=metadata)
    if not program.complete:
        return AggregationPlan(task, program, None, program.reason)
    try:
        names = series_names(program, task.series_grouping, task.unwrapped)
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
        self.plans = {metadata: plan_aggregation(task, scan.streams, metadata=metadata) for metadata in (False, True)}
        columns = {name for plan in self.plans.values() for name in plan.columns()}
        self._columns = [name for name in TEXT_COLUMNS if name in columns]

    def __call__(self, unit: Sequence[Part]) -> list[BucketSums] | list[SampleColumns]:
        """What the entries of some parts contribute. Raises QueryError for an error (strict mode)."""
        frame = self._scan.read(unit, self._columns)
        self._context.count_read(unit)
        plan = self.plans[frame.has_values("metadata")]
        return _UnitWork(plan, self._scan, self._context).run(frame)


@dataclass(frozen=True, slots=True)
class _UnitWork:
    plan: AggregationPlan
    scan: Scan
    context: QueryContext

    def run(self, frame: Frame) -> list[BucketSums] | list[SampleColumns]:
        connection = self.context.duck.connection()
        frame = run_steps(self.plan.program.scope.steps, frame, connection)
        interpreted = SampleColumns([], np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        if self.plan.names is None:
            interpreted = self._interpret(frame, np.arange(len(frame), dtype=np.int64))
            frame = frame.narrowed(np.empty(0, np.int64))
        elif self.plan.program.scope.doubts:
            hard = positions_where(self.plan.program.scope.is_hard(), frame, connection)
            if len(hard):
                interpreted = self._interpret(frame, hard)
                frame = frame.narrowed(_others(hard, len(frame)))
        if len(frame) and self.plan.program.scope.errors and not self.plan.task.keeps_errors:
            failed = positions_where(build("({} IS NOT NULL)", self.plan.program.scope.label(ERROR)), frame, connection)
            if len(failed):
                self._note_errors(frame, failed)
                frame = frame.narrowed(_others(failed, len(frame)))
        if self.plan.task.is_summed:
            sums = [interpreted.sums(self.plan.task.buckets)] if len(interpreted.values) else []
            if len(frame):
                sums.append(self._sums(frame))
            return sums
        samples = [interpreted] if len(interpreted.values) else []
        if len(frame):
            samples.append(self._samples(frame))
        return samples

    def _interpret(self, frame: Frame, positions: npt.NDArray[np.int64]) -> SampleColumns:
        """The samples of entries that only the interpreter understands."""
        task = self.plan.task
        extractor = SampleExtractor(task.query, task.hint, strict=self.context.strict)
        for index, entry in enumerate(self.scan.entries((), frame, positions)):
            if index % ENTRIES_BETWEEN_CHECKS == 0:
                self.context.check()
            extractor.add(*entry)
        self.context.note_interpreted(len(positions), extractor.skipped)
        series = list(extractor.series.values())
        numbers = np.repeat(np.arange(len(series)), [len(samples.values) for samples in series])
        return SampleColumns(
            list(extractor.series),
            numbers,
            np.array([time for samples in series for time in samples.timestamps], np.int64),
            np.array([value for samples in series for value in samples.values], np.float64),
        )

    def _note_errors(self, frame: Frame, positions: npt.NDArray[np.int64]) -> None:
        """Entries that a parser could not read: counted, or in strict mode the end of the query."""
        self._interpret(frame, positions[:1])
        self.context.note_skipped(len(positions) - 1)

    def _sums(self, frame: Frame) -> BucketSums:
        keys = self._keys(frame)
        selected = [
            *keys.selected,
            f"{self.plan.task.buckets.sql('timestamp')} AS bucket",
            "count(*)::DOUBLE AS entries",
        ]
        value = self.plan.value()
        if value.columns:
            selected += [f"sum({value}) AS total", f"min({value}) AS least", f"max({value}) AS most"]
        table = self._table(frame, keys, value)
        answer = select(f"SELECT {', '.join(selected)} FROM frame GROUP BY ALL", table, self._connection())
        labels, series = keys.series(answer)
        count = answer.column("entries").to_numpy()
        total, least, most = (
            (answer.column(name).to_numpy() for name in ("total", "least", "most"))
            if value.columns
            else (count, count, count)
        )
        return BucketSums(
            labels, series, answer.column("bucket").to_numpy().astype(np.int64), count, total, least, most
        )

    def _samples(self, frame: Frame) -> SampleColumns:
        keys = self._keys(frame)
        value = self.plan.value()
        selected = [*keys.selected, "timestamp", f"{value} AS value"]
        table = self._table(frame, keys, value)
        answer = select(f"SELECT {', '.join(selected)} FROM frame", table, self._connection())
        labels, series = keys.series(answer)
        return SampleColumns(labels, series, answer.column("timestamp").to_numpy(), answer.column("value").to_numpy())

    def _connection(self) -> duckdb.DuckDBPyConnection:
        return self.context.duck.connection()

    def _table(self, frame: Frame, keys: "_Keys", value: Sql) -> pa.Table:
        needed = value.columns.union({"timestamp"}, keys.columns) - {GROUP}
        table = frame.table(sorted(needed))
        if GROUP in keys.columns:
            ordinals = frame.column("stream").to_numpy()
            table = table.append_column(GROUP, pa.array(keys.group_of_stream[ordinals]))
        return table

    def _keys(self, frame: Frame) -> "_Keys":
        names = self.plan.names
        assert names is not None
        scope = self.plan.program.scope
        of_stream = [name for name in names.names if scope.is_stream_only(name)]
        groups, group_labels = frame.streams.groups(of_stream)
        expressions = {name: scope.label(name) for name in names.names if name not in of_stream}
        expressions = {name: value for name, value in expressions.items() if value is not NULL}
        if names.metadata and frame.column("metadata").null_count < len(frame):
            expressions[""] = column("metadata")
        return _Keys(groups, group_labels, expressions)


@dataclass(frozen=True, slots=True)
class _Keys:
    """What SQL groups by: a number for the labels that the stream decides, an expression for each other.

    The expression under the empty name is structured metadata as a whole.
    """

    group_of_stream: npt.NDArray[np.int32]
    group_labels: list[Labels]
    expressions: dict[str, Sql]

    @property
    def columns(self) -> frozenset[str]:
        found = frozenset().union(*(value.columns for value in self.expressions.values()))
        return found | {GROUP} if len(self.group_labels) > 1 else found

    @property
    def selected(self) -> list[str]:
        keys = [f"{value} AS {identifier(f'key{index}')}" for index, value in enumerate(self.expressions.values())]
        return [identifier(GROUP), *keys] if len(self.group_labels) > 1 else keys

    def series(self, answer: pa.Table) -> tuple[list[Labels], npt.NDArray[np.int64]]:
        """The distinct label sets of the answer's rows, and each row's place among them."""
        combined = np.zeros(answer.num_rows, np.int64)
        if GROUP in answer.column_names:
            combined += answer.column(GROUP).to_numpy()
        texts = []
        for index in range(len(self.expressions)):
            encoded = answer.column(f"key{index}").combine_chunks().dictionary_encode(null_encoding="encode")
            texts.append((encoded.dictionary.to_pylist(), encoded.indices.to_numpy()))
            # Numbered anew each time, so that the product of many keys can't overflow.
            _, combined = np.unique(combined, return_inverse=True)
            combined = combined * len(encoded.dictionary) + encoded.indices.to_numpy()
        _, first, series = np.unique(combined, return_index=True, return_inverse=True)
        groups = answer.column(GROUP).to_numpy()[first] if GROUP in answer.column_names else np.zeros(len(first), int)
        labels = []
        for row, group in zip(first.tolist(), groups.tolist(), strict=True):
            own = {name: values[codes[row]] for name, (values, codes) in zip(self.expressions, texts, strict=True)}
            labels.append(self._labels(self.group_labels[group], own))
        return labels, series.astype(np.int64)

    def _labels(self, of_stream: Labels, own: dict[str, str | None]) -> Labels:
        labels = dict(of_stream)
        for name, value in entry_metadata(None, own.pop("", None)):
            labels[name + EXTRACTED if name in labels else name] = value
        labels.update((name, value) for name, value in own.items() if value)
        return labels_of(labels)


def _others(positions: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    keep = np.ones(rows, np.bool_)
    keep[positions] = False
    return np.flatnonzero(keep)
