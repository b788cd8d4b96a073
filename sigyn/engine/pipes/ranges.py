"""`| stats ...` as range aggregations: one window that covers the query's range, or one per time bucket.

This is how most of them run: SQL and kernels aggregate, and what makes range aggregations quick makes
`stats` quick.
"""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from sigyn.engine.context import QueryContext
from sigyn.engine.every_entry import asks_for_errors
from sigyn.engine.interpreter.entry import ERROR
from sigyn.engine.pipes.rows import LINES, TIMES, plain_name
from sigyn.engine.pipes.stats import MAX_GROUPS, measure_column, stats_column
from sigyn.engine.range_vector import PlanScan, range_vector
from sigyn.engine.scan import Scan
from sigyn.engine.sql.compile import LINE_TEMPLATE
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast
from sigyn.languages.logql.pipes import Stats
from sigyn.languages.logql.pipes.stats import Measure
from sigyn.model.errors import QueryError

MAX_BUCKETS = 2_000
"""Time buckets up to which a window per bucket is worth it; beyond, most would be empty."""

_OPERATORS: dict[str, ast.RangeOperator] = {
    "count": "count_over_time",
    "sum": "sum_over_time",
    "avg": "avg_over_time",
    "min": "min_over_time",
    "max": "max_over_time",
    "median": "quantile_over_time",
    "quantile": "quantile_over_time",
    "stddev": "stddev_over_time",
    "stdvar": "stdvar_over_time",
    "count_uniq": "count_over_time",
    "uniq_values": "count_over_time",
}

_DISTINCT = frozenset({"count_uniq", "uniq_values"})
"""Grouped by their field besides, these are series to count or to list."""

_LINE_LABEL = "__line__"
"""The label in which the line is, to be grouped by."""

Key = tuple[str | int, ...]


def unsuited(pipe: Stats, start: int, end: int) -> str:
    """Why a `stats` over start <= t < end (ns) can't be range aggregations; empty when it can."""
    for measure in pipe.measures:
        if measure.function not in _OPERATORS:
            return f"{measure.function}() keeps what it has seen"
        if measure.field in LINES | TIMES | {ERROR}:
            return f"{measure.function}({measure.field}) is not over a label of entries without errors"
    for key in pipe.by:
        if key.bucket and -(-(end - start) // key.bucket) > MAX_BUCKETS:
            return f"more than {MAX_BUCKETS} buckets of time"
        if not key.bucket and key.name in TIMES | {ERROR}:
            return f"`{key.name}` is no label of entries without errors"
    return ""


def stats_from_ranges(
    pipe: Stats, query: ast.LogQuery, start: int, end: int, plan: PlanScan, context: QueryContext
) -> pa.Table:
    """The rows of a `stats` that is not `unsuited`, in the order of their keys. Raises QueryError."""
    aggregations, grid = range_aggregations(pipe, query, start, end)
    interval = grid.step

    def clipped(own: ast.LogQuery, begin: int, stop: int) -> Scan:
        return plan(own, max(begin, start), min(stop, end))

    rows: dict[Key, list[Any]] = {}
    for index, (measure, aggregation) in enumerate(zip(pipe.measures, aggregations, strict=True)):
        block = range_vector(aggregation, None, grid, clipped, context)
        times = (grid.times - (interval - 1)).tolist()
        for labels, values, present in zip(block.labels, block.values, block.present, strict=True):
            texts = dict(labels)
            for time, value, there in zip(times, values.tolist(), present.tolist(), strict=True):
                if there:
                    key = tuple(time if own.bucket else texts.get(_label(own.name), "") for own in pipe.by)
                    row = rows.setdefault(key, [None] * len(pipe.measures))
                    if measure.function in _DISTINCT:
                        row[index] = [*(row[index] or ()), texts[plain_name(measure.field)]]
                    else:
                        row[index] = value
    if not pipe.by and not rows:
        rows[()] = [None] * len(pipe.measures)
    if len(rows) > MAX_GROUPS:
        raise QueryError(f"`stats` has {len(rows)} groups, over the {MAX_GROUPS} that a query may have; filter more")
    return _table(pipe, rows)


def range_aggregations(
    pipe: Stats, query: ast.LogQuery, start: int, end: int
) -> tuple[list[ast.RangeAggregation], StepGrid]:
    """The range aggregation of each measure, and the grid that they are evaluated on."""
    bucket = next((key.bucket for key in pipe.by if key.bucket), 0)
    interval = bucket or end - start
    # A window is (t - interval, t], a bucket [b, b + interval): both are the same for whole ns.
    first = start // bucket * bucket + bucket - 1 if bucket else end - 1
    last = (end - 1) // bucket * bucket + bucket - 1 if bucket else end - 1
    if any(key.name in LINES for key in pipe.by):
        line = ast.LabelAssignment(_LINE_LABEL, LINE_TEMPLATE)
        query = replace(query, stages=(*query.stages, ast.LabelFormat((line,))))
    grouping = ast.Grouping(tuple(dict.fromkeys(_label(key.name) for key in pipe.by if not key.bucket)))
    aggregations = [_aggregation(measure, query, interval, grouping) for measure in pipe.measures]
    return aggregations, StepGrid(first, last, interval)


def _label(name: str) -> str:
    """The label that a key stands for."""
    return _LINE_LABEL if name in LINES else plain_name(name)


def _aggregation(measure: Measure, query: ast.LogQuery, interval: int, grouping: ast.Grouping) -> ast.RangeAggregation:
    operator = _OPERATORS[measure.function]
    field = plain_name(measure.field)
    if operator == "count_over_time":
        if measure.field:
            there = ast.LabelFilter(ast.StringPredicate(field, "!=", ""))
            query = replace(query, stages=(*query.stages, there))
        if measure.function in _DISTINCT:
            grouping = ast.Grouping(tuple(dict.fromkeys((*grouping.labels, field))))
        return ast.RangeAggregation(operator, ast.LogRange(query, interval), None, grouping)
    # Where entries with errors count, those whose number can't be read would count as 0.
    filters = (ast.LabelFilter(ast.StringPredicate(ERROR, "=", "")),) if asks_for_errors(query) else ()
    unwrap = ast.Unwrap(field, measure.conversion, filters)
    parameter = 0.5 if measure.function == "median" else measure.parameter
    return ast.RangeAggregation(operator, ast.LogRange(query, interval, 0, unwrap), parameter, grouping)


def _table(pipe: Stats, rows: dict[Key, list[Any]]) -> pa.Table:
    keys = sorted(rows)
    columns = [stats_column(own, [key[index] for key in keys]) for index, own in enumerate(pipe.by)]
    for index, measure in enumerate(pipe.measures):
        columns.append(measure_column(measure, [_result(measure, rows[key][index]) for key in keys]))
    return pa.table(dict(zip(pipe.columns, columns, strict=True)))


def _result(measure: Measure, value: Any) -> Any:
    match measure.function:
        case "count":
            return int(value or 0)
        case "count_uniq":
            return len(value or ())
        case "uniq_values":
            return sorted(value or ())
        case _:
            return value
