"""Entries for tests, as plain rows and as batches."""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import Labels, labels_of
from sigyn.store import Snapshot, Store
from sigyn.store.objects import ObjectStore

EARLIEST, LATEST = -(2**63), 2**63 - 1


class Row(NamedTuple):
    """An entry with the labels of its stream."""

    labels: Labels
    timestamp: int
    line: str
    level: str | None = None
    metadata: str | None = None


def row(app: str, timestamp: int, line: str, level: str | None = None, metadata: str | None = None) -> Row:
    """An entry of the stream {app="..."}."""
    return Row(labels_of({"app": app}), timestamp, line, level, metadata)


def batch(rows: Iterable[Row], tenant: str = "fake") -> Batch:
    """Rows as a batch, in their order."""
    rows = list(rows)
    streams = {labels: ordinal for ordinal, labels in enumerate(dict.fromkeys(row.labels for row in rows))}
    columns = {
        "stream": [streams[row.labels] for row in rows],
        "timestamp": [row.timestamp for row in rows],
        "line": [row.line for row in rows],
        "detected_level": [row.level for row in rows],
        "metadata": [row.metadata for row in rows],
    }
    return Batch(tenant, tuple(streams), pa.table(columns, schema=ENTRY_SCHEMA))


def rows_of(store: Store, snapshot: Snapshot) -> list[Row]:
    """All entries of a snapshot, in any order."""
    found: list[Row] = []
    for segment in snapshot.segments:
        labels = [store.streams.labels(snapshot.tenant, int(id)) for id in segment.streams.ids]
        columns = snapshot.read(segment, ENTRY_SCHEMA.names).to_pydict()
        rows = [Row(labels[stream], *rest) for stream, *rest in zip(*columns.values(), strict=True)]
        hidden = set(snapshot.hidden_rows(segment).tolist())
        found.extend(row for number, row in enumerate(rows) if number not in hidden)
    return found


def count_segments(objects: ObjectStore) -> int:
    """How many objects are segments."""
    return sum(found.key.endswith(".parquet") for found in objects.list())


def stored(store: Store, tenant: str = "fake", start: int = EARLIEST, end: int = LATEST) -> list[Row]:
    """What a reader sees of a tenant now, sorted."""
    with store.snapshot(tenant, start, end) as snapshot:
        return sorted(rows_of(store, snapshot), key=repr)
