"""What a push says, whatever wire format it came in."""

from dataclasses import dataclass

import pyarrow as pa

from sigyn.model.labels import Labels

DECODED_SCHEMA = pa.schema(
    [
        pa.field("stream", pa.int32(), nullable=False),
        pa.field("timestamp", pa.int64(), nullable=False),
        pa.field("line", pa.string(), nullable=False),
        pa.field("metadata", pa.string()),
    ]
)
"""Columns of decoded entries: those of ENTRY_SCHEMA before the level is detected.

stream     ordinal into `DecodedPush.streams`
timestamp  ns since the epoch
line       valid UTF-8; bytes that were not are U+FFFD
metadata   all structured metadata as canonical text (see `metadata.metadata_text`), a
           `detected_level` that the client sent included; null when there is none
"""

INVALID_LABELS = "invalid_labels"
DUPLICATE_LABEL_NAMES = "duplicate_label_names"


@dataclass(frozen=True, slots=True)
class RefusedStream:
    """A stream that no limit could admit, because its labels are not labels.

    `reason` is Loki's name for it; `bytes` counts the text of the lines that went with it.
    """

    reason: str
    message: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DecodedPush:
    """A push, decoded: good streams with their entries, and the streams that are beyond repair.

    `entries` has DECODED_SCHEMA; its ordinals index `streams`, in which a label set may occur
    twice. `stream_count` counts the streams that the body held, those without entries included.
    """

    streams: tuple[Labels, ...]
    entries: pa.Table
    refused: tuple[RefusedStream, ...] = ()
    stream_count: int = 0
