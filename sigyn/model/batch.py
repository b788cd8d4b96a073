"""Entries on their way into the store.

An entry is a timestamp (ns since the epoch), a line and structured metadata; it belongs to a
stream, which is a set of labels. Entries travel as Arrow columns.
"""

from dataclasses import dataclass

import pyarrow as pa

from sigyn.model.labels import Labels

ENTRY_SCHEMA = pa.schema(
    [
        pa.field("stream", pa.int32(), nullable=False),
        pa.field("timestamp", pa.int64(), nullable=False),
        pa.field("line", pa.string(), nullable=False),
        pa.field("detected_level", pa.string()),
        pa.field("metadata", pa.string()),
    ]
)
"""Columns of entries.

stream          ordinal into the stream table that goes with the entries (`Batch.streams`, or a
                segment's stream table)
timestamp       ns since the epoch
line            valid UTF-8 (invalid bytes were replaced by U+FFFD at ingestion)
detected_level  value of the structured metadata of that name; null when there is none
metadata        the rest of the structured metadata: a JSON object of strings with sorted keys and
                no white space (`{"a":"b","c":"d"}`); null when there is none. Equal metadata are
                equal text.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one tenant. `entries` has ENTRY_SCHEMA; `entries.stream` indexes `streams`."""

    tenant: str
    streams: tuple[Labels, ...]
    entries: pa.Table
