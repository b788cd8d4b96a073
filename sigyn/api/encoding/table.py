"""Tables: as JSON, CSV and Arrow for those who ask, else in a shape that Loki's clients can show.

Loki's API has no tables. Grafana shows a vector as a table with a column per label, a matrix as a
graph, and entries with their labels as fields; so an instant query with one column of numbers answers
with a vector, a range query over buckets of time with a matrix, and any other table with an entry per
row: its line is the row as JSON, its labels are the columns.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from sigyn.api.encoding.json import encode
from sigyn.api.encoding.statistics import loki_statistics
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import (
    LogEntry,
    LogResult,
    MatrixResult,
    QueryAnswer,
    Sample,
    Series,
    TableResult,
    VectorResult,
)
from sigyn.model.tables import json_values

TABLE_JSON = "application/vnd.sigyn.table+json"
ARROW = "application/vnd.apache.arrow.stream"
CSV = "text/csv"


def encode_table(answer: QueryAnswer, result: TableResult) -> Iterator[bytes]:
    """`{"data":{"resultType":"table","result":{"columns":[{"name","type"}],"rows":[[...]]}}}`, a piece per batch."""
    columns = [{"name": name, "type": kind} for name, kind in result.types.items()]
    yield b'{"status":"success","data":{"resultType":"table","result":{"columns":%b,"rows":[' % encode(columns)
    opening = b""
    for batch in result.table.to_batches(max_chunksize=1_000):
        rows = list(zip(*(json_values(column) for column in batch.columns), strict=True))
        yield opening + encode(rows)[1:-1]
        opening = b","
    yield b']},"stats":%b}' % encode(loki_statistics(answer.statistics))
    for name, texts in (("warnings", answer.warnings), ("infos", answer.infos)):
        if texts:
            yield b',"%b":%b' % (name.encode(), encode(texts))
    yield b"}"


def encode_arrow(table: pa.Table) -> bytes:
    """An Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def encode_csv(table: pa.Table) -> bytes:
    """CSV with a line of column names; times are RFC 3339, the texts of a list are joined by commas."""
    plain = pa.table({name: _flat(table.column(name)) for name in table.column_names})
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(plain, sink)
    return bytes(sink.getvalue())


def _flat(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return pa.array(json_values(column), pa.string())
    if pa.types.is_list(column.type):
        return pa.array([None if value is None else ",".join(value) for value in column.to_pylist()], pa.string())
    return column


def loki_shape(result: TableResult, *, instant: bool) -> VectorResult | MatrixResult | LogResult:
    """The table in a shape of Loki's API."""
    types = list(result.types.items())
    numbers = [name for name, kind in types if kind == "number"]
    others = {kind for _, kind in types if kind != "number"}
    if len(numbers) == 1:
        if instant and others <= {"text"}:
            vector = _vector(result, numbers[0])
            if len({sample.labels for sample in vector.samples}) == len(vector.samples):
                return vector
        if not instant and others <= {"text", "time"} and sum(kind == "time" for _, kind in types) == 1:
            return _matrix(result, numbers[0])
    return _entries(result)


def _vector(result: TableResult, number: str) -> VectorResult:
    values = result.table.column(number).to_pylist()
    samples = [
        Sample(labels, float(value))
        for labels, value in zip(_labels(result, {number}), values, strict=True)
        if value is not None
    ]
    return VectorResult(result.timestamp, samples)


def _matrix(result: TableResult, number: str) -> MatrixResult:
    time = next(name for name, kind in result.types.items() if kind == "time")
    times = result.table.column(time).cast(pa.int64()).to_pylist()
    values = result.table.column(number).to_pylist()
    points: dict[Labels, dict[int, float]] = {}
    for labels, at, value in zip(_labels(result, {number, time}), times, values, strict=True):
        if value is not None and at is not None:
            points.setdefault(labels, {})[at] = float(value)
    series = []
    for labels, own in points.items():
        order = sorted(own)
        series.append(Series(labels, np.array(order, np.int64), np.array([own[at] for at in order], np.float64)))
    return MatrixResult(series)


def _entries(result: TableResult) -> LogResult:
    """An entry per row; times fall by 1 ns, so that a client that shows the newest first keeps the order."""
    names = result.table.column_names
    columns = [json_values(result.table.column(name)) for name in names]
    entries = []
    for index, row in enumerate(zip(*columns, strict=True)):
        fields = {name: value for name, value in zip(names, row, strict=True) if value not in (None, "")}
        labels = labels_of(
            {name: value if isinstance(value, str) else encode(value).decode() for name, value in fields.items()}
        )
        entries.append(LogEntry(result.timestamp - 1 - index, encode(fields).decode(), (), (), labels))
    return LogResult(entries, "backward")


def _labels(result: TableResult, without: set[str]) -> list[Labels]:
    names = [name for name in result.table.column_names if name not in without]
    columns = [result.table.column(name).to_pylist() for name in names]
    if not columns:
        return [()] * result.table.num_rows
    return [
        labels_of(zip(names, ("" if one is None else one for one in row), strict=True))
        for row in zip(*columns, strict=True)
    ]
