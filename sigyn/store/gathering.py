"""Gathers entries piece by piece into one table whose text is in memory once.

To concatenate tables and then to bring them into one piece would hold all text twice, and it is most of what a
compaction holds.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.model.labels import Labels
from sigyn.store.shapes.values import ROOM, string_array, string_buffers, valid_rows

_METADATA_ROOM = 64 << 10  # bytes at first; most entries have none


class GatheredEntries:
    """Entries of one tenant, in the order in which they come."""

    def __init__(self, text_bytes: int) -> None:
        """`text_bytes` is what the lines have together; it may be exceeded."""
        self._ordinals: dict[Labels, int] = {}
        self._streams: list[pa.Array] = []
        self._timestamps: list[pa.Array] = []
        self._levels: list[pa.Array] = []
        self._lines = _Texts(text_bytes)
        self._metadata = _Texts(_METADATA_ROOM)

    def add(self, streams: Sequence[Labels], pieces: Iterable[pa.Table]) -> None:
        """Adds entries (ENTRY_SCHEMA) whose `stream` indexes these streams.

        All of them, or none when `pieces` raises.
        """
        kept = len(self._streams), self._lines.size(), self._metadata.size()
        try:
            for entries in pieces:
                self._add(streams, entries)
        except BaseException:
            for arrays in (self._streams, self._timestamps, self._levels):
                del arrays[kept[0] :]
            self._lines.cut(kept[1])
            self._metadata.cut(kept[2])
            raise

    @property
    def metadata_bytes(self) -> int:
        """Bytes of structured metadata; they are bounded by nothing that the catalog knows."""
        return self._metadata.size()[1]

    def take(self) -> tuple[list[Labels], pa.Table]:
        """The streams, and the entries with each column in one piece; nothing is left here."""
        columns = [
            pa.concat_arrays([pa.array([], pa.int32()), *self._streams]),
            pa.concat_arrays([pa.array([], pa.int64()), *self._timestamps]),
            self._lines.take(),
            pa.concat_arrays([pa.array([], pa.string()), *self._levels]),
            self._metadata.take(),
        ]
        labels = list(self._ordinals)
        self._ordinals, self._streams, self._timestamps, self._levels = {}, [], [], []
        return labels, pa.Table.from_arrays(columns, schema=ENTRY_SCHEMA)

    def _add(self, streams: Sequence[Labels], entries: pa.Table) -> None:
        if not len(entries):
            return
        places = entries["stream"].to_numpy()
        renumbered = np.zeros(len(streams), np.int32)
        for place in np.flatnonzero(np.bincount(places, minlength=len(streams))).tolist():
            renumbered[place] = self._ordinals.setdefault(streams[place], len(self._ordinals))
        self._streams.append(pa.array(renumbered[places]))
        self._timestamps += entries["timestamp"].chunks
        self._levels += entries["detected_level"].chunks
        self._lines.add(entries["line"])
        self._metadata.add(entries["metadata"])


class _Texts:
    """A column of texts, whose bytes are put in place as they come."""

    def __init__(self, room: int) -> None:
        # A large array is not in memory before it is written to, so that too much room costs nothing.
        self._data = np.empty(room + ROOM, np.uint8)
        self._ends: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
        self._valid: list[np.ndarray[tuple[int], np.dtype[np.bool_]]] = []
        self._used = 0

    def add(self, column: pa.ChunkedArray) -> None:
        for chunk in column.chunks:
            data, offsets = string_buffers(chunk)
            begin, end = int(offsets[0]), int(offsets[-1])
            used = self._used + end - begin
            if used + ROOM > len(self._data):
                self._data.resize(2 * used + ROOM, refcheck=False)  # nothing else refers to it yet
            self._data[self._used : used] = data[begin:end]
            self._ends.append((offsets[1:].astype(np.int64) + (self._used - begin)).astype(np.int32))
            self._valid.append(valid_rows(chunk))
            self._used = used

    def size(self) -> tuple[int, int]:
        """Pieces and bytes."""
        return len(self._ends), self._used

    def cut(self, size: tuple[int, int]) -> None:
        """Forgets what was added since it had this size."""
        del self._ends[size[0] :], self._valid[size[0] :]
        self._used = size[1]

    def take(self) -> pa.StringArray:
        """The column; nothing is left here."""
        offsets = np.concatenate([np.zeros(1, np.int32), *self._ends])
        valid = np.concatenate([np.ones(0, np.bool_), *self._valid])
        data = self._data[: self._used + ROOM]
        self._data, self._ends, self._valid = np.empty(0, np.uint8), [], []
        return string_array(offsets, data, valid)
