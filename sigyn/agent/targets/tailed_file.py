"""One open file, read block by block from its position on."""

import os
from typing import Protocol

from sigyn.agent.positions import Changes
from sigyn.agent.targets.compressed import CompressedContent
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
    def complete(self) -> bool: ...
    def close(self) -> None: ...


class PlainContent:
    """The bytes as they are."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._handle, size, offset)

    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def complete(self) -> bool:
        """A plain file may always grow."""
        return False

    def close(self) -> None:
        """The handle belongs to the file."""


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
        self.is_linked = os.path.realpath(path) != path
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

    def complete(self) -> bool:
        """Whether a compressed file was read to the end of what was packed; never so of other files."""
        return self._content.complete()

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
