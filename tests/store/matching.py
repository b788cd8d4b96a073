"""A matcher for delete requests without a language: `app:text` takes lines of {app="..."} that hold the text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from sigyn.store import SegmentInfo, StreamRegistry
from sigyn.store.catalog import DeleteRequest
from sigyn.store.deleted_rows import EntryReader, Pair
from sigyn.store.streams import Int64s


@dataclass
class TextMatcher:
    """Every app for an empty `app`, every line for an empty text.

    `looked_at` has the pairs that were read, `asked` how many with each call; `before_reading` is called with each.
    """

    streams_of: StreamRegistry
    looked_at: list[tuple[int, str]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    before_reading: Callable[[], None] = lambda: None

    def streams(self, request: DeleteRequest, ids: Int64s) -> npt.NDArray[np.bool_]:
        app = request.query.partition(":")[0]
        labels = (dict(self.streams_of.labels(request.tenant, id)) for id in ids.tolist())
        return np.array([not app or pairs["app"] == app for pairs in labels], np.bool_)

    def rows(self, pairs: Sequence[Pair], reader: EntryReader) -> list[Int64s]:
        self.asked.append(len(pairs))
        self.before_reading()
        return [self._rows(segment, request, reader) for segment, request in pairs]

    def _rows(self, segment: SegmentInfo, request: DeleteRequest, reader: EntryReader) -> Int64s:
        self.looked_at.append((segment.id, request.id))
        entries = reader.read(segment, ["stream", "timestamp", "line"])
        wanted = self.streams(request, segment.streams.ids)[entries["stream"].to_numpy()]
        times = entries["timestamp"].to_numpy()
        found = pc.match_substring(entries["line"], request.query.partition(":")[2]).to_numpy()
        return np.flatnonzero(wanted & found & (times >= request.first) & (times <= request.last))
