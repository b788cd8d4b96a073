"""One open file, read block by block from its position on."""

import bz2
import gzip
import os
import zlib
from collections.abc import Callable, Mapping
from typing import IO, Protocol

from sigyn.agent.positions import Changes
from sigyn.agent.targets.identity import (
    HEAD_BYTES,
    identify,
    position_changes,
    rotated_changes,
    rotated_key,
)
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.line_splitting import LineSplitter


class Content(Protocol):
    """Bytes of a file by offset."""

    def read(self, offset: int, size: int) -> bytes: ...
    def size(self) -> int: ...
    def close(self) -> None: ...


class PlainContent:
    """The bytes as they are."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._handle, size, offset)

    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def close(self) -> None:
        """The handle belongs to the file."""


class CompressedContent:
    """The bytes behind gz, bz2 or z; offsets are of the text. Read forwards, a place further back begins anew."""

    def __init__(self, path: str, format: str) -> None:
        self._path = path
        self._opener = _OPENERS[format]
        self._file = self._opener(path)
        self._at = 0
        self._kept = b""  # what was read and not consumed: the beginning of a line

    def read(self, offset: int, size: int) -> bytes:
        if offset < self._at - len(self._kept):
            self._file.close()
            self._file, self._at, self._kept = self._opener(self._path), 0, b""
        while offset > self._at:
            skipped = self._file.read(min(1 << 20, offset - self._at))
            if not skipped:
                return b""
            self._at += len(skipped)
            self._kept = b""
        self._kept = self._kept[len(self._kept) - (self._at - offset) :] if self._at > offset else b""
        if len(self._kept) < size:
            more = self._file.read(size - len(self._kept))
            self._at += len(more)
            self._kept += more
        return self._kept[:size]

    def size(self) -> int:
        return 1 << 62  # not known before it is read to its end

    def close(self) -> None:
        self._file.close()


def _open_zlib(path: str) -> IO[bytes]:
    return _ZlibFile(path)  # type: ignore[return-value]


class _ZlibFile:
    """A zlib stream as a file."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 (closed by close)
        self._inflate = zlib.decompressobj()
        self._rest = b""

    def read(self, size: int) -> bytes:
        while True:
            data = self._rest or self._file.read(1 << 16)
            if not data:
                return b""
            text = self._inflate.decompress(data, size)
            self._rest = self._inflate.unconsumed_tail
            if text:
                return text

    def close(self) -> None:
        self._file.close()


def _open_gzip(path: str) -> IO[bytes]:
    return gzip.open(path, "rb")  # type: ignore[return-value]


def _open_bz2(path: str) -> IO[bytes]:
    return bz2.open(path, "rb")


_OPENERS: Mapping[str, Callable[[str], IO[bytes]]] = {"gz": _open_gzip, "bz2": _open_bz2, "z": _open_zlib}


class TailedFile:
    """A file at a path, or one that was moved away from it and is read to its end.

    `offset` is where the next line begins. `labels` belong to every entry.
    """

    def __init__(
        self,
        path: str,
        job: Job,
        labels: dict[str, str],
        splitter: LineSplitter,
        *,
        key: str = "",
        found_at: str = "",
        compression: str = "",
    ) -> None:
        """Opens the file; raises OSError. `key`: of its position, else the path; `found_at`: where it lies now."""
        self.path = path
        self.key = key or path
        self.job = job
        self.labels = labels
        self.splitter = splitter
        self.handle = os.open(found_at or path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self.identity = identify(self.handle)
            self._content: Content = (
                CompressedContent(found_at or path, compression) if compression else PlainContent(self.handle)
            )
        except OSError:
            os.close(self.handle)
            raise
        self.compressed = bool(compression)
        self.offset = 0
        self.rotated = False
        self.ended = False
        self.handed_on = False  # to a file at another path, which keeps the position from now on
        self.last_growth = 0.0  # time.monotonic() of the last read that gave something

    def size(self) -> int:
        """Bytes of the file."""
        return self._content.size()

    def unread(self) -> int:
        """Bytes that are still to be read; 0 for compressed files, whose length nobody knows before."""
        return 0 if self.compressed else max(0, self.size() - self.offset)

    def state(self) -> tuple[int, int]:
        """Size and time of the last change."""
        status = os.fstat(self.handle)
        return status.st_size, status.st_mtime_ns

    def read(self, size: int) -> bytes:
        """A block from the offset on; empty at the end."""
        return self._content.read(self.offset, size)

    def was_truncated(self) -> bool:
        """Whether it is another file by its content: shorter than what was read, or with another beginning."""
        if self.compressed:
            return False
        return os.fstat(self.handle).st_size < self.offset or not self.identity.begins(self.handle)

    def refresh_identity(self) -> None:
        """Takes in more of the beginning while the file is short."""
        if self.identity.head_bytes < HEAD_BYTES and not self.compressed:
            self.identity = identify(self.handle)

    def restart(self) -> None:
        """Begins anew after a truncation."""
        self.offset = 0
        self.identity = identify(self.handle)

    def changes(self, mark: int | None) -> Changes:
        """Positions when everything before `mark` is delivered; None: everything that was read."""
        if self.handed_on:
            return {}
        if self.rotated and self.ended and mark is None:
            return {rotated_key(self.key, self.identity): ""}
        offset = self.offset if mark is None else mark
        if self.rotated:
            return rotated_changes(self.key, offset, self.identity)
        return position_changes(self.key, offset, self.identity)

    def close(self) -> None:
        """Frees the handle."""
        self._content.close()
        os.close(self.handle)
