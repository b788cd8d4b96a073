"""Open Parquet files that wait to be read again: to open one costs as much as to read two small columns."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

import pyarrow.parquet as pq

from sigyn.store.shapes.values import Bytes

KEPT = 128  # files


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile:
    """An open file, and all its bytes where it is mapped."""

    parquet: pq.ParquetFile
    mapped: Bytes | None


class FileHandles:
    """Open files by id of segment; one is used by one thread at a time. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._files: OrderedDict[int, list[OpenFile]] = OrderedDict()
        self._count = 0

    def take(self, segment: int) -> OpenFile | None:
        """A file that nobody uses; None when there is none."""
        with self._lock:
            files = self._files.get(segment)
            if not files:
                return None
            self._count -= 1
            file = files.pop()
            if not files:
                del self._files[segment]
            return file

    def give_back(self, segment: int, file: OpenFile) -> None:
        """Keeps a file for the next reader; those that were not used for longest are closed."""
        with self._lock:
            self._files.setdefault(segment, []).append(file)
            self._files.move_to_end(segment)
            self._count += 1
            while self._count > KEPT:
                _, oldest = self._files.popitem(last=False)
                self._count -= len(oldest)

    def forget(self, segments: Iterable[int]) -> None:
        """Closes the files of segments that are gone."""
        with self._lock:
            for segment in segments:
                self._count -= len(self._files.pop(segment, ()))
