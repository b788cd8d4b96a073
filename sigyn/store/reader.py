"""Reads segments: their row groups from cached metadata, their columns from a file or by ranges."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.objects import ObjectStore
from sigyn.store.recent import RecentSegments, RowGroup
from sigyn.store.remote_file import RemoteFile

_METADATA_CAPACITY = 4096  # footers in memory: about 20 KB each


@dataclass(frozen=True, slots=True, eq=False)
class _Footer:
    metadata: pq.FileMetaData
    row_groups: tuple[RowGroup, ...]


class SegmentReader:
    """Reads from several threads at once; every call blocks and releases the GIL.

    All raise SegmentLost when the object is missing, torn or corrupt, and Unavailable when the
    object store can't be reached.
    """

    def __init__(self, objects: ObjectStore, recent: RecentSegments) -> None:
        self._objects = objects
        self._recent = recent
        self._footers: OrderedDict[int, _Footer] = OrderedDict()
        self._lock = Lock()

    def row_groups(self, segment: SegmentInfo) -> tuple[RowGroup, ...]:
        """The segment's row groups in order."""
        recent = self._recent.get(segment.key)
        return recent.row_groups if recent is not None else self._footer(segment).row_groups

    def read(self, segment: SegmentInfo, columns: Sequence[str], row_groups: Sequence[int] | None = None) -> pa.Table:
        """Columns of ENTRY_SCHEMA, in the order asked for, of all row groups or of those with these numbers."""
        recent = self._recent.get(segment.key)
        if recent is not None:
            return recent.read(columns, row_groups)
        footer = self._footer(segment)
        numbers = range(len(footer.row_groups)) if row_groups is None else row_groups
        file = self._open(segment, footer.metadata)
        try:
            table: pa.Table = file.read_row_groups(list(numbers), columns=list(columns), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise SegmentLost(f"object `{segment.key}` can't be read: {error}") from error
        return table.select(list(columns))

    def forget(self, segments: Iterable[SegmentInfo]) -> None:
        """Drops what is cached of these segments."""
        with self._lock:
            for segment in segments:
                self._footers.pop(segment.id, None)
                self._recent.forget([segment.key])

    def _footer(self, segment: SegmentInfo) -> _Footer:
        with self._lock:
            footer = self._footers.get(segment.id)
            if footer is not None:
                self._footers.move_to_end(segment.id)
                return footer
        footer = self._load_footer(segment)
        with self._lock:
            self._footers[segment.id] = footer
            if len(self._footers) > _METADATA_CAPACITY:
                self._footers.popitem(last=False)
        return footer

    def _load_footer(self, segment: SegmentInfo) -> _Footer:
        size = self._objects.size(segment.key)
        if size != segment.object_bytes:
            raise SegmentLost(f"object `{segment.key}` has {size} bytes; {segment.object_bytes} were written")
        metadata = self._open(segment, None).metadata
        if metadata.num_rows != segment.rows:
            raise SegmentLost(f"object `{segment.key}` has {metadata.num_rows} rows; {segment.rows} were written")
        timestamp = metadata.schema.names.index("timestamp")
        groups = []
        first_row = 0
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            statistics = group.column(timestamp).statistics
            groups.append(RowGroup(first_row, group.num_rows, statistics.min, statistics.max))
            first_row += group.num_rows
        return _Footer(metadata, tuple(groups))

    def _open(self, segment: SegmentInfo, metadata: pq.FileMetaData | None) -> pq.ParquetFile:
        # Opening costs 20 us with metadata at hand: handles are not worth keeping.
        path = self._objects.path(segment.key)
        try:
            if path is not None:
                return pq.ParquetFile(
                    path, metadata=metadata, memory_map=True, pre_buffer=False, page_checksum_verification=True
                )
            source = pa.PythonFile(RemoteFile(self._objects, segment.key, segment.object_bytes), mode="r")
            return pq.ParquetFile(source, metadata=metadata, pre_buffer=True, page_checksum_verification=True)
        except FileNotFoundError as error:
            raise SegmentLost(f"object `{segment.key}` is missing") from error
        except (pa.ArrowException, OSError) as error:
            raise SegmentLost(f"object `{segment.key}` can't be opened: {error}") from error
