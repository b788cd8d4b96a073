"""Entries gathered one by one, as the columns of a decoded push."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from sigyn.model.labels import Labels
from sigyn.wire.label_text import DuplicateLabelName, InvalidLabels
from sigyn.wire.push import DECODED_SCHEMA, DUPLICATE_LABEL_NAMES, INVALID_LABELS, DecodedPush, RefusedStream

_LONGEST_LABELS = 200  # characters of a label text that an error shows


@dataclass(slots=True)
class PushColumns:
    """Collects streams and their entries; `timestamps`, `lines` and `metadata` grow together.

    `end_stream` and `refuse_stream` say whose the entries are that were added since the last call;
    `assigned` counts those that have an owner.
    """

    timestamps: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    metadata: list[str | None] = field(default_factory=list)
    streams: list[Labels] = field(default_factory=list)
    entries_of_stream: list[int] = field(default_factory=list)
    refused: list[RefusedStream] = field(default_factory=list)
    assigned: int = 0

    def end_stream(self, labels: Labels) -> None:
        """The entries since the last stream belong to `labels`."""
        count = len(self.lines) - self.assigned
        if count:
            self.streams.append(labels)
            self.entries_of_stream.append(count)
            self.assigned = len(self.lines)

    def refuse_stream(self, error: InvalidLabels | DuplicateLabelName) -> None:
        """The entries since the last stream go with it: its labels are no labels."""
        start = self.assigned
        if start < len(self.lines):
            self.refused.append(refused_stream(error, [len(line.encode()) for line in self.lines[start:]]))
            del self.timestamps[start:], self.lines[start:], self.metadata[start:]

    def decoded(self, stream_count: int) -> DecodedPush:
        """The push that was gathered, out of a body with `stream_count` streams."""
        ordinals = np.repeat(np.arange(len(self.streams), dtype=np.int32), self.entries_of_stream)
        return DecodedPush(
            tuple(self.streams),
            pa.Table.from_arrays(
                [
                    pa.array(ordinals),
                    pa.array(self.timestamps, pa.int64()),
                    pa.array(self.lines, pa.string()),
                    pa.array(self.metadata, pa.string()),
                ],
                schema=DECODED_SCHEMA,
            ),
            tuple(self.refused),
            stream_count,
        )


def refused_stream(error: InvalidLabels | DuplicateLabelName, line_lengths: list[int]) -> RefusedStream:
    """How a stream is reported whose label text `error` is about; after Loki's words, which stream it is."""
    entries, size = len(line_lengths), sum(line_lengths)
    if isinstance(error, DuplicateLabelName):
        return RefusedStream(DUPLICATE_LABEL_NAMES, str(error), entries, size)
    labels = error.labels if len(error.labels) <= _LONGEST_LABELS else f"{error.labels[:_LONGEST_LABELS]}..."
    return RefusedStream(INVALID_LABELS, f"{error} in stream '{labels}'", entries, size)
