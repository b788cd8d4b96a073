"""Answers to queries, before any wire format."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.model.labels import Labels

Direction: TypeAlias = Literal["forward", "backward"]

MAX_POINTS = 11_000
"""Steps of a range query, as Loki and Prometheus bound them."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of an answer, with its labels by origin.

    stream    labels of the stream, without those that a stage dropped or overwrote
    metadata  structured metadata (with `detected_level`), after the pipeline
    parsed    labels that the pipeline made: parsed, formatted, errors
    No name occurs in two of them.
    """

    timestamp: int
    line: str
    stream: Labels
    metadata: Labels
    parsed: Labels


@dataclass(frozen=True, slots=True)
class LogResult:
    """Entries in the order asked for: newest first (`backward`) or oldest first."""

    entries: list[LogEntry]
    direction: Direction


@dataclass(frozen=True, slots=True)
class LineSample:
    """The newest lines of intervals of time, in columns: those of an interval side by side, the newest first.

    edges       interval i is edges[i] <= t < edges[i + 1] (ns, rising)
    firsts      lines[firsts[i] : firsts[i + 1]] are of interval i
    timestamps  ns
    lines       texts without null
    levels      of each line what `detected_level` says of it in an answer, null where that is nothing
    """

    edges: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64]
    lines: pa.StringArray
    levels: pa.StringArray


@dataclass(frozen=True, slots=True)
class Series:
    """A series with its points: `timestamps` in ns (int64, rising), `values` float64 of the same length."""

    labels: Labels
    timestamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """Answer of a metric query over a range; series without points are left out."""

    series: list[Series]


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a series at the time of an instant query."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class VectorResult:
    """Answer of an instant metric query at `timestamp` (ns), in order where the query sorts."""

    timestamp: int
    samples: list[Sample]


@dataclass(frozen=True, slots=True)
class ScalarResult:
    """Answer of an instant query that is a number, at `timestamp` (ns)."""

    timestamp: int
    value: float


ColumnType: TypeAlias = Literal["text", "number", "time", "list"]


@dataclass(frozen=True, slots=True)
class TableResult:
    """Answer of a query whose pipes make rows: columns in the order asked for, rows in their order.

    timestamp  ns; the end of the range that was looked at
    table      columns of text, int64 or float64, timestamps in ns (UTC), and lists of text; a text that is
               missing is empty, a number that is missing is null
    """

    timestamp: int
    table: pa.Table

    @property
    def types(self) -> dict[str, ColumnType]:
        """What each column holds."""
        return {field.name: _column_type(field.type) for field in self.table.schema}


def _column_type(kind: pa.DataType) -> ColumnType:
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_list(kind):
        return "list"
    return "text" if pa.types.is_string(kind) else "number"


QueryResult: TypeAlias = LogResult | MatrixResult | VectorResult | ScalarResult | TableResult


@dataclass(slots=True)
class QueryStatistics:
    """What a query cost. Bytes are of line text, uncompressed, unless the name says otherwise.

    Pieces are those of the results cache, `nanoseconds_from_cache` the part of the range that they answered.
    """

    seconds: float = 0.0
    queue_seconds: float = 0.0
    segments_total: int = 0
    segments_read: int = 0
    row_groups_total: int = 0
    row_groups_read: int = 0
    lines_read: int = 0
    bytes_read: int = 0
    lines_interpreted: int = 0
    entries_returned: int = 0
    pieces_requested: int = 0
    pieces_found: int = 0
    pieces_stored: int = 0
    nanoseconds_from_cache: int = 0


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A result, what it cost, and what the person who asked should know about it.

    is_whole  nothing is left out or missing, but for what was in quarantine before it was asked
    """

    result: QueryResult
    statistics: QueryStatistics
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = field(default=())
    is_whole: bool = True
