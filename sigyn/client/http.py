"""Answers of a server that speaks Loki's API, as values."""

import re
from typing import Any

import httpx
import numpy as np
import pyarrow as pa

from sigyn.languages.logql import parse
from sigyn.model.errors import (
    BadRequest,
    Cancelled,
    NotFound,
    ParseError,
    QueryTimeout,
    SigynError,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnprocessableRequest,
)
from sigyn.model.labels import labels_of
from sigyn.model.results import (
    Direction,
    LogEntry,
    LogResult,
    MatrixResult,
    QueryAnswer,
    QueryStatistics,
    Sample,
    ScalarResult,
    Series,
    TableResult,
    VectorResult,
)
from sigyn.model.rfc3339 import parse_rfc3339
from sigyn.model.tables import TIMESTAMP
from sigyn.model.time import MILLISECOND, SECOND

_PLACE = re.compile(r"parse error at line (\d+), col (\d+)")
_ERRORS: dict[int, type[SigynError]] = {
    400: BadRequest,
    404: NotFound,
    413: TooLarge,
    422: UnprocessableRequest,
    429: TooManyRequests,
    499: Cancelled,
    503: Unavailable,
    504: QueryTimeout,
}


def error_of(response: httpx.Response, query: str = "") -> SigynError:
    """The error that a response with a status of 400 or more means."""
    message = _message(response) or f"the server answered {response.status_code} {response.reason_phrase}"
    place = _PLACE.search(message)
    if place or message.startswith("parse error"):
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        details = _details(response)
        return ParseError(
            message,
            line=int(details.get("line", line)),
            column=int(details.get("column", column)),
            length=int(details.get("length", 0)),
            query=query,
            hint=str(details.get("hint", "") or _hint(query)),
        )
    kind = _ERRORS.get(response.status_code, SigynError)
    return kind(message)


def _details(response: httpx.Response) -> dict[str, Any]:
    """Where a query is wrong, as Sigyn says it beside the message; Loki does not."""
    try:
        body = response.json()
    except ValueError:
        return {}
    details = body.get("details") if isinstance(body, dict) else None
    return details if isinstance(details, dict) else {}


def _hint(query: str) -> str:
    """What our own parser would say of the query, for a server that sends no hints."""
    try:
        parse(query)
    except ParseError as error:
        return error.hint
    return ""


def _message(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return response.text.strip()
    if isinstance(body, dict):
        return str(body.get("error") or body.get("message") or "").strip()
    return response.text.strip()


def answer_of(body: dict[str, Any], direction: Direction) -> QueryAnswer:
    """A query answer from the JSON of `query` or `query_range`."""
    data = body["data"]
    result = _RESULTS[data["resultType"]](data["result"], direction)
    summary = (data.get("stats") or {}).get("summary") or {}
    statistics = QueryStatistics(
        seconds=float(summary.get("execTime", 0)),
        queue_seconds=float(summary.get("queueTime", 0)),
        lines_read=int(summary.get("totalLinesProcessed", 0)),
        bytes_read=int(summary.get("totalBytesProcessed", 0)),
        entries_returned=int(summary.get("totalEntriesReturned", 0)),
    )
    return QueryAnswer(result, statistics, tuple(body.get("warnings") or ()), tuple(body.get("infos") or ()))


def entries_of(streams: list[dict[str, Any]]) -> list[LogEntry]:
    """The entries of streams in Loki's JSON, stream by stream."""
    entries = []
    for row in streams:
        stream = labels_of(row["stream"])
        for timestamp, line, *rest in row["values"]:
            more = rest[0] if rest else {}
            entries.append(
                LogEntry(
                    timestamp=int(timestamp),
                    line=line,
                    stream=stream,
                    metadata=labels_of(more.get("structuredMetadata") or {}),
                    parsed=labels_of(more.get("parsed") or {}),
                )
            )
    return entries


def _streams(result: list[dict[str, Any]], direction: Direction) -> LogResult:
    entries = sorted(entries_of(result), key=lambda entry: entry.timestamp, reverse=direction == "backward")
    return LogResult(entries, direction)


def _matrix(result: list[dict[str, Any]], _direction: Direction) -> MatrixResult:
    return MatrixResult(
        [
            Series(
                labels_of(row["metric"]),
                np.array([_nanoseconds(moment) for moment, _ in row["values"]], dtype=np.int64),
                np.array([float(value) for _, value in row["values"]], dtype=np.float64),
            )
            for row in result
        ]
    )


def _vector(result: list[dict[str, Any]], _direction: Direction) -> VectorResult:
    timestamp = _nanoseconds(result[0]["value"][0]) if result else 0
    return VectorResult(timestamp, [Sample(labels_of(row["metric"]), float(row["value"][1])) for row in result])


def _scalar(result: list[Any], _direction: Direction) -> ScalarResult:
    return ScalarResult(_nanoseconds(result[0]), float(result[1]))


def _nanoseconds(seconds: float) -> int:
    """Loki writes the times of samples as seconds with up to three digits after the point."""
    return round(seconds * (SECOND // MILLISECOND)) * MILLISECOND


def _table(result: dict[str, Any], _direction: Direction) -> TableResult:
    columns = result["columns"]
    values = list(zip(*result["rows"], strict=True)) or [()] * len(columns)
    arrays = [_column(column["type"], list(own)) for column, own in zip(columns, values, strict=True)]
    return TableResult(0, pa.table({column["name"]: own for column, own in zip(columns, arrays, strict=True)}))


def _column(kind: str, values: list[Any]) -> pa.Array:
    match kind:
        case "time":
            return pa.array([None if value is None else parse_rfc3339(value) for value in values], TIMESTAMP)
        case "list":
            return pa.array(values, pa.list_(pa.string()))
        case "number" if all(value is None or isinstance(value, int) for value in values):
            return pa.array(values, pa.int64())
        case "number":
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        case _:
            return pa.array(values, pa.string())


_RESULTS: dict[str, Any] = {
    "streams": _streams,
    "matrix": _matrix,
    "vector": _vector,
    "scalar": _scalar,
    "table": _table,
}
