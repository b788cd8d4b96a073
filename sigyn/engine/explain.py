"""How a query would run: what it would read, what SQL does, what the interpreter does and why.

Nothing is read but what planning reads: the catalog, stream tables, the metadata of segments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from sigyn.engine.aggregate import plan_aggregation
from sigyn.engine.grid import buckets
from sigyn.engine.piped_query import Asked, entries_wanted, ordered_by_time
from sigyn.engine.pipes.ranges import range_aggregations, unsuited
from sigyn.engine.pipes.run import simplified
from sigyn.engine.range_vector import PlanScan
from sigyn.engine.samples import RangeTask
from sigyn.engine.scan import Scan
from sigyn.engine.sql.compile import compile_pipeline
from sigyn.engine.sql.metadata_names import MetadataNames
from sigyn.engine.subqueries import resolved
from sigyn.engine.tallied import sums_from_tallies, tallied_count
from sigyn.engine.vectors.evaluate import early_grouping, with_presence
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast, print_query
from sigyn.languages.logql.pipes import Fields, Stats, Top, Uniq
from sigyn.languages.logql.printer import print_pipe, print_selector, print_stage
from sigyn.model.results import TableResult


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Who runs a stage or pipe: `sql` (with kernels), `interpreter` or `rows`; `reason` says why not SQL."""

    text: str
    runs_in: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """One read of the store.

    purpose     what the entries are for
    start, end  ns; start <= t < end
    segments    in all; the others were pruned by tenant, time and stream before any was opened
    row_groups  of the segments that are read
    rows, bytes of the row groups that are read: at most so many entries, and bytes of lines, are looked at
    columns     of these entries those whose fields are columns: a parser has nothing to do for them
    tallied     segments that answer with what they know of their entries, and are not read
    """

    purpose: str
    selector: str
    start: int
    end: int
    streams: int
    segments_total: int
    segments_read: int
    row_groups_total: int
    row_groups_read: int
    rows: int
    bytes: int
    columns: int
    tallied: int
    stages: tuple[StagePlan, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The plan of a query; `query` is its canonical text once short forms are written out."""

    query: str
    kind: str
    reads: tuple[ReadPlan, ...]


def explain_piped(query: ast.LogQuery | ast.PipedQuery, asked: Asked, plan: PlanScan) -> Explanation:
    """The plan of a log query, with or without pipes."""
    reads: list[ReadPlan] = []
    text = print_query(query)
    query = resolved(query, lambda inner: _explained_subquery(inner, asked, plan, reads))
    if isinstance(query, ast.LogQuery):
        reads.append(_of_entries(query, asked, plan, _shown(asked.limit), ()))
        return Explanation(text, "log query", tuple(reads))
    reads += _of_pipes(query, asked, plan)
    return Explanation(text, "log query with pipes", tuple(reads))


def explain_metric(query: ast.MetricQuery, grid: StepGrid, plan: PlanScan, *, instant: bool) -> Explanation:
    """The plan of a metric query without short forms."""
    reads: list[ReadPlan] = []
    asked = Asked(grid.start, grid.end + 1, 0, "backward")
    text = print_query(query)
    query = resolved(query, lambda inner: _explained_subquery(inner, asked, plan, reads))
    for aggregation, hint in dict.fromkeys(_aggregations(query, None)):
        reads.append(_of_range(aggregation, hint, grid, plan))
    return Explanation(text, "instant metric query" if instant else f"metric query, {len(grid)} steps", tuple(reads))


def _of_pipes(query: ast.PipedQuery, asked: Asked, plan: PlanScan) -> Sequence[ReadPlan]:
    pipes = simplified(query.pipes)
    rest = tuple(StagePlan(print_pipe(pipe), "rows") for pipe in pipes)
    if pipes and isinstance(pipes[0], Stats):
        reason = unsuited(pipes[0], asked.start, asked.end)
        if reason:
            first = StagePlan(print_pipe(pipes[0]), "interpreter", reason)
            return [_of_entries(query.query, asked, plan, "every entry goes into its group", (first, *rest[1:]))]
        aggregations, grid = range_aggregations(pipes[0], query.query, asked.start, asked.end)
        reads = [_of_range(aggregation, None, grid, plan) for aggregation in aggregations]
        return [*reads[:-1], _with_stages(reads[-1], rest[1:])]
    pipes, _ = ordered_by_time(pipes, asked.direction)
    wanted = entries_wanted(pipes, asked.limit)
    purpose = _shown(wanted) if wanted is not None else "every entry becomes a row"
    return [_of_entries(query.query, asked, plan, purpose, rest)]


def _with_stages(read: ReadPlan, more: tuple[StagePlan, ...]) -> ReadPlan:
    values = {name: getattr(read, name) for name in ReadPlan.__dataclass_fields__}
    return ReadPlan(**{**values, "stages": (*read.stages, *more)})


def _shown(limit: int) -> str:
    return f"the interpreter makes the answer's entries, at most {limit}; reading stops when there are enough"


def _of_entries(
    query: ast.LogQuery, asked: Asked, plan: PlanScan, purpose: str, pipes: tuple[StagePlan, ...]
) -> ReadPlan:
    scan = plan(query, asked.start, asked.end)
    program = compile_pipeline(query.stages, None, scan.streams, MetadataNames(frozenset()))
    stages = _stages(query.stages, program.stages, program.reason)
    return _read(purpose, query.selector, scan, (*stages, *pipes))


def _of_range(aggregation: ast.RangeAggregation, hint: ast.Grouping | None, grid: StepGrid, plan: PlanScan) -> ReadPlan:
    log_range = aggregation.log_range
    task = RangeTask(aggregation, hint, buckets(grid.start, grid.end, grid.step, log_range.interval, log_range.offset))
    scan = plan(log_range.query, task.buckets.origin + 1, task.buckets.end + 1)
    count = tallied_count(task, scan)
    left = sums_from_tallies(task, count, scan, scan.parts)[1] if count is not None else scan.parts
    tallied, scan = len(scan.parts) - len(left), replace(scan, parts=left)
    found = plan_aggregation(task, scan.streams, MetadataNames(frozenset()))
    stages = _stages(log_range.query.stages, found.program.stages, found.program.reason)
    name = print_query(aggregation)
    runs_in = "interpreter" if found.names is None else "sql"
    last = StagePlan(name, runs_in, found.reason)
    grouped = f" by ({', '.join(hint.labels)})" if hint is not None and not hint.without else ""
    return _read(f"{aggregation.operator}{grouped}", log_range.query.selector, scan, (*stages, last), tallied)


def _stages(stages: Sequence[ast.Stage], compiled: int, reason: str) -> tuple[StagePlan, ...]:
    plans = []
    for index, stage in enumerate(stages):
        if index < compiled:
            plans.append(StagePlan(print_stage(stage), "sql"))
        else:
            why = reason if index == compiled else "stands behind a stage that SQL can't say"
            plans.append(StagePlan(print_stage(stage), "interpreter", why))
    return tuple(plans)


def _read(
    purpose: str, selector: ast.Selector, scan: Scan, stages: tuple[StagePlan, ...], tallied: int = 0
) -> ReadPlan:
    return ReadPlan(
        purpose,
        print_selector(selector),
        scan.start,
        scan.end,
        len(scan.streams.labels),
        len(scan.snapshot.segments),
        len({part.segment.id for part in scan.parts}),
        scan.row_groups_total,
        sum(len(part.groups) for part in scan.parts),
        sum(part.rows for part in scan.parts),
        sum(part.segment.text_bytes * part.rows // max(part.segment.rows, 1) for part in scan.parts),
        sum(part.rows for part in scan.parts if scan.snapshot.has_columns(part.segment)),
        tallied,
        stages,
    )


def _explained_subquery(inner: ast.PipedQuery, asked: Asked, plan: PlanScan, reads: list[ReadPlan]) -> TableResult:
    """Adds the subquery's reads; gives a value that stands for those that it would find."""
    reads += _of_pipes(inner, asked, plan)
    columns: tuple[str, ...] = ("value",)
    for pipe in inner.pipes:
        if isinstance(pipe, Stats | Uniq | Top | Fields):
            columns = pipe.columns
    return TableResult(asked.end, pa.table({name: pa.array(["(found first)"]) for name in columns}))


def _aggregations(
    query: ast.MetricQuery, hint: ast.Grouping | None
) -> list[tuple[ast.RangeAggregation, ast.Grouping | None]]:
    """The range aggregations of a query, with the grouping that the one above lets them have."""
    match query:
        case ast.RangeAggregation():
            return [(query, hint)]
        case ast.VectorAggregation():
            asked = with_presence(query)
            return _aggregations(asked.expression, early_grouping(asked))
        case ast.LabelReplace(expression=inner) | ast.HistogramQuantile(expression=inner):
            return _aggregations(inner, None)
        case ast.BinaryOperation(left=left, right=right):
            return [*_aggregations(left, None), *_aggregations(right, None)]
        case _:
            return []
