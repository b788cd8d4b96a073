"""Open Parquet files that wait to be read again: to open one costs as much as to read two small columns."""

import errno
import mmap
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.model.errors import Unavailable
from sigyn.store.errors import SegmentLost
from sigyn.store.objects import ObjectStore
from sigyn.store.remote_file import RemoteFile
from sigyn.store.shapes.values import Bytes

KEPT = 32  # files

_OF_THE_MACHINE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))
"""Failures of whoever reads, which say nothing about what was to be read."""


@dataclass(slots=True, eq=False)
class OpenFile:
    """An open file, and all its bytes where it is mapped."""

    mapped: Bytes | None
    _open: Callable[[], pq.ParquetFile]
    _parquet: pq.ParquetFile | None = None

    def parquet(self) -> pq.ParquetFile:
        """The file as Arrow reads it, which is opened when first asked for: for a few rows nobody asks.

        Raises Arrow's errors.
        """
        if self._parquet is None:
            self._parquet = self._open()
        return self._parquet


def open_file(
    objects: ObjectStore,
    key: str,
    size: int,
    metadata: pq.FileMetaData | None = None,
    dictionaries: Sequence[str] = (),
) -> OpenFile:
    """The file of an object of `size` bytes; mapped, where it is a file of this machine.

    Its footer is read unless `metadata` has it. Texts of the columns `dictionaries` are read as dictionaries. Raises
    SegmentLost and Unavailable.
    """
    path = objects.path(key)
    with lost_unless_read(key):
        mapped = _mapped(path) if path is not None else None
    source = pa.PythonFile(RemoteFile(objects, key, size), "r") if mapped is None else pa.BufferReader(mapped.data)
    return OpenFile(
        mapped,
        lambda: pq.ParquetFile(
            source, metadata=metadata, pre_buffer=mapped is None, page_checksum_verification=True,
            read_dictionary=dictionaries or None,
        ),
    )  # fmt: skip


def _mapped(path: Path) -> Bytes:
    """All bytes of a file, which stays mapped for them. Raises OSError.

    Not by Arrow, which has the kernel read all of it: of a large file a query may want a few pages.
    """
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            raise OSError("it is empty")
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class MappedRange:
    """Some bytes of a file, mapped: they stay in the page cache. It holds a descriptor for as long as it is there."""

    bytes: memoryview
    _mapping: mmap.mmap

    def let_go(self) -> None:
        """Counts the pages that were read no more as memory of this process; who reads them again finds them again."""
        self._mapping.madvise(mmap.MADV_DONTNEED)


def map_range(path: Path, begin: int, end: int) -> MappedRange:
    """The bytes of a file from `begin` to `end`. Raises OSError, also for a file that ends before."""
    aligned = begin - begin % mmap.ALLOCATIONGRANULARITY
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < end:
            raise OSError("it is cut short")
        mapping = mmap.mmap(file.fileno(), end - aligned, access=mmap.ACCESS_READ, offset=aligned)
    return MappedRange(memoryview(mapping)[begin - aligned :], mapping)


@contextmanager
def lost_unless_read(key: str) -> Iterator[None]:
    """Raises SegmentLost for an object that can't be read, Unavailable where this process lacks what it takes."""
    try:
        yield
    except FileNotFoundError as error:
        raise SegmentLost(f"object `{key}` is missing") from error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise Unavailable(f"object `{key}` can't be read now: {error.strerror}") from error
        raise SegmentLost(f"object `{key}` can't be read: {error}") from error


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

    def close(self) -> None:
        """Closes all files that nobody uses."""
        with self._lock:
            self._files.clear()
            self._count = 0

    def forget(self, segments: Iterable[int]) -> None:
        """Closes the files of segments that are gone."""
        with self._lock:
            for segment in segments:
                self._count -= len(self._files.pop(segment, ()))
