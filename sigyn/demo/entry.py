"""An entry of the demonstration, and how many of them become a push."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sigyn.model.labels import labels_of
from sigyn.wire.columns import PushColumns
from sigyn.wire.metadata import metadata_text
from sigyn.wire.push import DecodedPush


@dataclass(frozen=True, slots=True)
class DemoEntry:
    """A line of a service; `timestamp` in ns, `labels` those of its stream."""

    timestamp: int
    labels: dict[str, str]
    line: str
    metadata: dict[str, str] = field(default_factory=dict)


def push_of(entries: Iterable[DemoEntry]) -> DecodedPush:
    """The entries as if they had come over the wire."""
    streams: dict[tuple[tuple[str, str], ...], list[DemoEntry]] = {}
    for entry in entries:
        streams.setdefault(labels_of(entry.labels), []).append(entry)
    columns = PushColumns()
    for labels, own in streams.items():
        columns.timestamps += [entry.timestamp for entry in own]
        columns.lines += [entry.line for entry in own]
        columns.metadata += [metadata_text(entry.metadata.items()) for entry in own]
        columns.end_stream(labels)
    return columns.decoded(len(streams))
