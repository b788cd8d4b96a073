"""A snapshot: the segments that the catalog had at one moment, held until released."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from types import TracebackType

import numpy as np
import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store.catalog import SegmentInfo
from sigyn.store.deleted_rows import DeletedRows
from sigyn.store.deletions import Deletions
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.far_portions import FarPortions, UsualColumns
from sigyn.store.hidden import copied_rows
from sigyn.store.live import LiveSegments
from sigyn.store.needles.search import Sought
from sigyn.store.portion import Portion
from sigyn.store.quarantine import Quarantine
from sigyn.store.reader import SegmentReader
from sigyn.store.recent import RowGroup
from sigyn.store.stream_lines import Kinds
from sigyn.store.stream_tally import stream_table
from sigyn.store.streams import Int64s, StreamTable

_NONE: Int64s = np.empty(0, np.int64)
_EMPTY = Portion(0, lambda names: ENTRY_SCHEMA.empty_table().select(list(names)), None, has_metadata=False)


class Snapshot:
    """Segments of a tenant that overlap a range of time, newest first. Use as a context manager.

    Compaction and ingest change nothing that a snapshot sees, and no object of it is deleted
    before `close`. Reading blocks, releases the GIL and may be done from several threads.

    A segment whose object turns out to be missing, torn or corrupt is quarantined and reads as
    empty; `lost` then names its object, so that an answer can say so. `quarantined` are those that were
    in quarantine before, and can't be read.
    """

    def __init__(
        self, tenant: str, start: int, end: int,
        live: LiveSegments, reader: SegmentReader, finder: DuplicateFinder,
        deletions: Deletions, deleted: DeletedRows,
        quarantine: Quarantine,
        released: Callable[[], None],
    ) -> None:  # fmt: skip
        self.tenant = tenant
        self.start = start
        self.end = end
        self.lost: set[str] = set()
        self.archived: dict[str, SegmentInfo] = {}
        self._live = live
        self._reader = reader
        self._finder = finder
        self._deleted = deleted
        self._quarantine = quarantine
        self._released = released
        # Before the segments: one that was rewritten in between needs no request, and heeds it all the same.
        self._requests = deletions.in_force(tenant)
        self.segments, self.quarantined = live.pin(tenant, start, end)
        self._lock = Lock()
        self._copies: Mapping[int, Int64s] | None = None
        self._taken: dict[int, Int64s] = {}
        self._usual = UsualColumns()
        self._open = True

    def is_near(self, segment: SegmentInfo) -> bool:
        """Whether a segment is read without waiting for an object store."""
        return self._reader.is_near(segment)

    def prepare(self, segments: Sequence[SegmentInfo], *, with_indexes: bool) -> None:
        """Reads what is asked first of segments that are not near, of several at a time: see SegmentReader.prepare."""
        self._reader.prepare(segments, with_indexes=with_indexes)

    def row_groups(self, segment: SegmentInfo) -> tuple[RowGroup, ...]:
        """The row groups of a segment, in order; none when its object is lost.

        Raises Unavailable when the object store can't be reached.
        """
        try:
            return self._reader.row_groups(segment)
        except SegmentLost as error:
            self._lose(segment, error)
            return ()

    def read(self, segment: SegmentInfo, columns: Sequence[str], row_groups: Sequence[int] | None = None) -> pa.Table:
        """Columns of ENTRY_SCHEMA of a segment, or of its row groups with these numbers (in that order).

        Raises Unavailable when the object store can't be reached.
        """
        try:
            return self._reader.read(segment, columns, row_groups)
        except SegmentLost as error:
            self._lose(segment, error)
            return pa.schema([ENTRY_SCHEMA.field(name) for name in columns]).empty_table()

    def together(self) -> FarPortions:
        """For portions of this snapshot that one thread reads side by side."""
        return FarPortions(self._usual)

    def portion(self, segment: SegmentInfo, row_groups: Sequence[int], together: FarPortions | None = None) -> Portion:
        """Row groups of a segment; none of their entries when its object is lost.

        A column that is read later may turn out to be lost: then SegmentLost is raised, and the same
        portion is empty when it is asked for again. Raises Unavailable when the object store can't be reached.
        """
        if segment.key in self.lost or segment.key in self.archived:
            return _EMPTY
        try:
            portion = self._reader.portion(segment, row_groups, together)
        except SegmentLost as error:
            self._lose(segment, error)
            return _EMPTY
        return portion.when_lost(lambda error: self._lose(segment, error))

    def possible(self, segment: SegmentInfo, sought: Sequence[Sought], row_groups: Sequence[int]) -> Sequence[int]:
        """Those of these row groups that may hold an entry with all that is sought; none when its object is lost.

        Raises Unavailable when the object store can't be reached.
        """
        try:
            return self._reader.possible(segment, sought, row_groups)
        except SegmentLost as error:
            self._lose(segment, error)
            return ()

    def has_columns(self, segment: SegmentInfo) -> bool:
        """Whether lines of a segment are held as shapes and columns. Raises Unavailable."""
        try:
            return self._reader.portion(segment, ()).is_shaped
        except SegmentLost as error:
            self._lose(segment, error)
            return False

    def kinds_of_streams(self, segment: SegmentInfo) -> Kinds | None:
        """What all lines of each stream of a segment have in common; None where nobody knows.

        Raises Unavailable when the object store can't be reached.
        """
        try:
            return self._reader.kinds_of_streams(segment)
        except SegmentLost as error:
            self._lose(segment, error)
            return None

    def tallies(self, segment: SegmentInfo, names: frozenset[str] | None) -> pa.Table | None:
        """Counts of a segment's entries by minute (TALLY_SCHEMA).

        None when it has none, or where structured metadata, which they don't tell apart, may have one of these names
        (None: any).
        Raises Unavailable when the object store can't be reached.
        """
        try:
            return self._reader.tallies(segment, names)
        except SegmentLost as error:
            self._lose(segment, error)
            return None

    def find_deleted(self, segments: Sequence[SegmentInfo]) -> None:
        """Finds which rows of these segments delete requests take, which takes less time than one by one.

        Raises Unavailable when the object store can't be reached.
        """
        left = [segment for segment in segments if segment.id not in self._taken]
        if self._requests and left:
            self._taken |= self._deleted_rows(left)

    def hidden_rows(self, segment: SegmentInfo) -> Int64s:
        """Sorted numbers of rows in `segment` that an answer must leave out.

        Those that a delete request takes, and those that equal an entry in an older segment of this
        snapshot in stream, timestamp, line and structured metadata. Usually empty. The first call looks
        at all segments of the snapshot; a segment that a delete request may concern is read once and
        remembered beyond the snapshot. Raises Unavailable when the object store can't be reached.
        """
        with self._lock:
            if self._copies is None:
                self._copies = self._find_copies()
        copies = self._copies.get(segment.id, _NONE)
        deleted = self._taken_from(segment)
        return np.union1d(copies, deleted) if len(copies) and len(deleted) else copies if len(copies) else deleted

    def has_hidden_rows(self, segment: SegmentInfo) -> bool:
        """Whether an answer must leave rows of `segment` out: else what is known of it as a whole holds.

        Costs what `hidden_rows` costs: next to nothing without delete requests and copies.
        """
        return bool(len(self.hidden_rows(segment)))

    def streams_left(self, segment: SegmentInfo) -> StreamTable:
        """The segment's stream table without what delete requests take. Raises Unavailable."""
        deleted = self._taken_from(segment)
        if not len(deleted):
            return segment.streams
        entries = self.read(segment, ENTRY_SCHEMA.names)
        kept = np.ones(len(entries), np.bool_)
        kept[deleted[deleted < len(entries)]] = False
        return stream_table(segment.streams.ids, entries.filter(pa.array(kept)))

    def _find_copies(self) -> Mapping[int, Int64s]:
        try:
            return copied_rows(self.segments, self._requests, self._finder, self._deleted)
        except SegmentLost:
            return copied_rows(self.segments, (), self._finder, self._deleted)

    def _taken_from(self, segment: SegmentInfo) -> Int64s:
        self.find_deleted([segment])
        return self._taken.get(segment.id, _NONE)

    def _deleted_rows(self, segments: Sequence[SegmentInfo]) -> dict[int, Int64s]:
        try:
            return self._deleted.of(self._requests, segments)
        except SegmentLost as error:
            if len(segments) > 1:
                return {id: rows for segment in segments for id, rows in self._deleted_rows([segment]).items()}
            self._lose(segments[0], error)
            return {segments[0].id: np.arange(segments[0].rows)}  # what may have been deleted is not shown

    def close(self) -> None:
        """Releases the segments; reading is over."""
        if self._open:
            self._open = False
            if self._live.unpin(self.segments):
                self._released()

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lose(self, segment: SegmentInfo, error: SegmentLost) -> None:
        if isinstance(error, SegmentArchived):
            self.archived[segment.key] = segment
            return
        self.lost.add(segment.key)
        self._quarantine.take(segment, error)
