"""Answers as Arrow tables: a row per entry or sample, a column per label."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from sigyn.model.labels import Labels
from sigyn.model.results import LogResult, MatrixResult, QueryResult, ScalarResult, TableResult, VectorResult
from sigyn.model.rfc3339 import format_rfc3339_nano

TIMESTAMP = pa.timestamp("ns", "UTC")
_TAKEN = ("timestamp", "line", "value")
_CLASH_SUFFIX = "_label"


def to_table(result: QueryResult) -> pa.Table:
    """The answer as a table.

    Log queries give the columns `timestamp` and `line`, metric queries `timestamp` and `value`;
    then comes a column for each label, stream labels, structured metadata and parsed ones alike,
    null where an entry or series has no such label. A label called `timestamp`, `line` or `value`
    is in the column `timestamp_label` and so on. A table is what it is.
    """
    match result:
        case LogResult(entries):
            rows = [entry.stream + entry.metadata + entry.parsed for entry in entries]
            timestamps = pa.array([entry.timestamp for entry in entries], TIMESTAMP)
            lines = pa.array([entry.line for entry in entries], pa.string())
            return _table({"timestamp": timestamps, "line": lines}, rows)
        case MatrixResult(series):
            labels = [each.labels for each in series for _ in range(len(each.timestamps))]
            times = np.concatenate([each.timestamps for each in series]) if series else np.empty(0, np.int64)
            values = np.concatenate([each.values for each in series]) if series else np.empty(0, np.float64)
            return _samples(times, values, labels)
        case VectorResult(timestamp, samples):
            times = np.full(len(samples), timestamp, np.int64)
            return _samples(times, [sample.value for sample in samples], [sample.labels for sample in samples])
        case ScalarResult(timestamp, value):
            return _samples([timestamp], [value], [()])
        case TableResult(table=table):
            return table


def _samples(timestamps: Iterable[int], values: Iterable[float], labels: Sequence[Labels]) -> pa.Table:
    return _table({"timestamp": pa.array(timestamps, TIMESTAMP), "value": pa.array(values, pa.float64())}, labels)


def _table(columns: dict[str, pa.Array], rows: Sequence[Labels]) -> pa.Table:
    labels = [dict(row) for row in rows]
    for name in sorted({name for row in labels for name in row}):
        column = name + _CLASH_SUFFIX if name in _TAKEN else name
        columns[column] = pa.array([row.get(name) for row in labels], pa.string())
    return pa.table(columns)


def json_values(column: pa.Array | pa.ChunkedArray) -> list[object]:
    """The values as JSON has them: times as RFC 3339; NaN and infinities as texts, since JSON has no such numbers."""
    if pa.types.is_timestamp(column.type):
        return [None if time is None else format_rfc3339_nano(time) for time in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_floating(column.type):
        return [_json_number(value) for value in column.to_pylist()]
    return list(column.to_pylist())


def _json_number(value: float | None) -> object:
    if value is None or np.isfinite(value):
        return None if value is None else (int(value) if value.is_integer() and abs(value) < 2**53 else value)
    return "NaN" if value != value else ("+Inf" if value > 0 else "-Inf")
