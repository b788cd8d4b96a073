"""What makes the streams of a tenant many: label by label, from the catalog alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sigyn.model.labels import Labels
from sigyn.model.time import DAY, HOUR
from sigyn.store.catalog import SegmentInfo
from sigyn.store.demoted import DemotedLabel
from sigyn.store.streams import Int64s


@dataclass(frozen=True, slots=True)
class Growth:
    """What there is, and how much of it came first in the last hour and in the last day of the range."""

    total: int
    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class ValueShare:
    """A value of a label with its streams, and the entries and bytes of text in them."""

    value: str
    streams: int
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LabelCardinality:
    """A label of streams: its distinct values, the streams that have it, the values with most streams."""

    name: str
    values: Growth
    streams: int
    top: tuple[ValueShare, ...]


@dataclass(frozen=True, slots=True)
class StreamShare:
    """A stream with its entries, the bytes of their text, and the times of the first and the last (ns)."""

    labels: dict[str, str]
    entries: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cardinality:
    """Streams and labels of a tenant: labels with most values first, streams with most bytes first.

    `demoted` are the labels that entries carry, or carried until they were promoted again.
    """

    tenant: str
    streams: Growth
    labels: tuple[LabelCardinality, ...]
    top_streams: tuple[StreamShare, ...]
    demoted: tuple[DemotedLabel, ...]


@dataclass(slots=True)
class _Streams:
    """Sums over the segments, one element per stream."""

    ids: Int64s
    rows: Int64s
    bytes: Int64s
    first: Int64s
    last: Int64s


@dataclass(slots=True)
class _Value:
    first: int
    streams: int = 0
    entries: int = 0
    bytes: int = 0


@dataclass(slots=True)
class _Label:
    streams: int = 0
    values: dict[str, _Value] = field(default_factory=dict)


def cardinality(
    tenant: str,
    segments: Sequence[SegmentInfo],
    labels_of: Callable[[int], Labels],
    demoted: Iterable[DemotedLabel],
    start: int,
    end: int,
    limit: int,
) -> Cardinality:
    """The cardinality of the streams that have entries in start <= t <= end (ns).

    `segments` are all of the tenant: a stream is new when it has no older entry in any of them. Entries
    and bytes are those of the streams as a whole. `limit` bounds each list of values and of streams.
    """
    found = _sums(segments)
    chosen = np.flatnonzero((found.last >= start) & (found.first <= end))
    ages = end - found.first[chosen]
    labels: dict[str, _Label] = {}
    for place in chosen.tolist():
        _count(labels, labels_of(int(found.ids[place])), found, place)
    shown = [_shown(name, label, end, limit) for name, label in labels.items()]
    heaviest = chosen[np.argsort(-found.bytes[chosen], kind="stable")[:limit]]
    return Cardinality(
        tenant,
        Growth(len(chosen), int((ages < HOUR).sum()), int((ages < DAY).sum())),
        tuple(sorted(shown, key=lambda label: (-label.values.total, label.name))),
        tuple(
            StreamShare(
                dict(labels_of(int(found.ids[place]))),
                int(found.rows[place]),
                int(found.bytes[place]),
                int(found.first[place]),
                int(found.last[place]),
            )
            for place in heaviest.tolist()
        ),
        tuple(demoted),
    )


def _sums(segments: Sequence[SegmentInfo]) -> _Streams:
    empty = np.empty(0, np.int64)
    if not segments:
        return _Streams(empty, empty, empty, empty, empty)
    tables = [segment.streams for segment in segments]
    columns = [
        np.concatenate([getattr(table, name) for table in tables])
        for name in ("ids", "rows", "text_bytes", "first", "last")
    ]
    ids, places = np.unique(columns[0], return_inverse=True)
    rows, sizes = (np.zeros(len(ids), np.int64) for _ in range(2))
    np.add.at(rows, places, columns[1])
    np.add.at(sizes, places, columns[2])
    first = np.full(len(ids), np.iinfo(np.int64).max)
    last = np.full(len(ids), np.iinfo(np.int64).min)
    np.minimum.at(first, places, columns[3])
    np.maximum.at(last, places, columns[4])
    return _Streams(ids, rows, sizes, first, last)


def _count(labels: dict[str, _Label], stream: Labels, found: _Streams, place: int) -> None:
    first, rows, size = int(found.first[place]), int(found.rows[place]), int(found.bytes[place])
    for name, text in stream:
        label = labels.get(name)
        if label is None:
            label = labels[name] = _Label()
        label.streams += 1
        value = label.values.get(text)
        if value is None:
            value = label.values[text] = _Value(first)
        value.first = min(value.first, first)
        value.streams += 1
        value.entries += rows
        value.bytes += size


def _shown(name: str, label: _Label, end: int, limit: int) -> LabelCardinality:
    top = sorted(label.values.items(), key=lambda item: (-item[1].streams, -item[1].bytes, item[0]))[:limit]
    new_in_hour = sum(end - value.first < HOUR for value in label.values.values())
    new_in_day = sum(end - value.first < DAY for value in label.values.values())
    return LabelCardinality(
        name,
        Growth(len(label.values), new_in_hour, new_in_day),
        label.streams,
        tuple(ValueShare(text, value.streams, value.entries, value.bytes) for text, value in top),
    )
