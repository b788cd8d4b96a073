"""Pages of rows as bytes: NDJSON, an Arrow IPC stream, a Parquet file."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.api.encoding.json import encode
from sigyn.api.export.rows import Row

_LABELS = pa.map_(pa.string(), pa.string())

EXPORT_SCHEMA = pa.schema(
    [
        pa.field("timestamp", pa.timestamp("ns", "UTC"), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("line", pa.string(), nullable=False),
        pa.field("stream", _LABELS, nullable=False),
        pa.field("structured_metadata", _LABELS, nullable=False),
        pa.field("parsed", _LABELS, nullable=False),
    ]
)
"""Columns of an export; labels by origin, as in answers with categorised labels."""


class Format(Protocol):
    """Turns pages into a body."""

    media_type: str

    def page(self, rows: Sequence[Row]) -> bytes:
        """The bytes of one page, with whatever comes before the first."""
        ...

    def end(self) -> bytes:
        """The bytes after the last page."""
        ...


class Ndjson:
    """An object per line, with the cursor's two halves as `timestamp` (ns, as text) and `id`."""

    media_type = "application/x-ndjson"

    def page(self, rows: Sequence[Row]) -> bytes:
        return b"".join(encode(_object(row)) + b"\n" for row in rows)

    def end(self) -> bytes:
        return b""


class ArrowStream:
    """A record batch per page."""

    media_type = "application/vnd.apache.arrow.stream"

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._sink, mode="w"), EXPORT_SCHEMA)

    def page(self, rows: Sequence[Row]) -> bytes:
        if rows:
            self._writer.write_batch(record_batch(rows))
        return self._sink.take()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.take()


class ParquetFile:
    """A row group per page; a reader needs the whole file, since its footer comes last."""

    media_type = "application/vnd.apache.parquet"

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), EXPORT_SCHEMA, compression="zstd")

    def page(self, rows: Sequence[Row]) -> bytes:
        if rows:
            self._writer.write_batch(record_batch(rows))
        return self._sink.take()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.take()


FORMATS: dict[str, type[Ndjson] | type[ArrowStream] | type[ParquetFile]] = {
    "ndjson": Ndjson,
    "arrow": ArrowStream,
    "parquet": ParquetFile,
}


def record_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows as one record batch of EXPORT_SCHEMA."""
    entries = [row.entry for row in rows]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([entry.timestamp for entry in entries], pa.timestamp("ns", "UTC")),
            pa.array([row.cursor.id for row in rows], pa.string()),
            pa.array([entry.line for entry in entries], pa.string()),
            pa.array([entry.stream for entry in entries], _LABELS),
            pa.array([entry.metadata for entry in entries], _LABELS),
            pa.array([entry.parsed for entry in entries], _LABELS),
        ],
        schema=EXPORT_SCHEMA,
    )


def _object(row: Row) -> dict[str, object]:
    entry = row.entry
    return {
        "timestamp": str(entry.timestamp),
        "id": row.cursor.id,
        "line": entry.line,
        "stream": dict(entry.stream),
        "structuredMetadata": dict(entry.metadata),
        "parsed": dict(entry.parsed),
    }


class _Sink:
    """A file that is read from its other end."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True
