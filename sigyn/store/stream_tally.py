"""Counts of a segment's streams, from its entries as they are written."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.store.streams import Int64s, StreamTable

Ordinals = npt.NDArray[np.integer]

_NO_IDS: Int64s = np.empty(0, np.int64)


def metadata_pairs(entries: pa.Table) -> Int64s:
    """How many pairs of structured metadata each entry has, detected_level included."""
    # A quote in a name or value is escaped, so this text stands only between a name and its value.
    pairs = pc.fill_null(pc.count_substring(entries["metadata"], '":"'), 0).to_numpy().astype(np.int64)
    return np.asarray(pairs + pc.is_valid(entries["detected_level"]).to_numpy())


class StreamTally:
    """Counts what a stream table says; `streams` is the number of streams."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self._rows = np.zeros(streams, np.int64)
        self._text_bytes = np.zeros(streams, np.int64)
        self._metadata_pairs = np.zeros(streams, np.int64)
        self._first = np.full(streams, np.iinfo(np.int64).max)
        self._last = np.full(streams, np.iinfo(np.int64).min)

    def count(self, entries: pa.Table) -> None:
        """Counts entries (ENTRY_SCHEMA)."""
        lengths = pc.binary_length(entries["line"]).to_numpy()
        self.count_rows(entries["stream"].to_numpy(), entries["timestamp"].to_numpy(), lengths, metadata_pairs(entries))

    def count_rows(self, ordinals: Ordinals, timestamps: Int64s, lengths: Int64s, pairs: Int64s) -> None:
        """Counts entries by their streams' ordinals, timestamps, bytes of lines and pairs of metadata."""
        self._rows += np.bincount(ordinals, minlength=self._streams)
        self._text_bytes += np.bincount(ordinals, weights=lengths, minlength=self._streams).astype(np.int64)
        self._metadata_pairs += np.bincount(ordinals, weights=pairs, minlength=self._streams).astype(np.int64)
        np.minimum.at(self._first, ordinals, timestamps)
        np.maximum.at(self._last, ordinals, timestamps)

    def table(self, *, sorted_by_stream: bool) -> StreamTable:
        """The stream table, without ids."""
        first_row = np.cumsum(self._rows) - self._rows if sorted_by_stream else np.full(self._streams, -1)
        return StreamTable(
            _NO_IDS, self._rows, self._text_bytes, self._metadata_pairs, self._first, self._last, first_row
        )


def stream_table(ids: Int64s, entries: pa.Table) -> StreamTable:
    """The stream table of entries whose `stream` indexes these ids; they need not be sorted."""
    streams = StreamTally(len(ids))
    streams.count(entries)
    return streams.table(sorted_by_stream=False).with_ids(ids)
