"""A file that is read again when it changes."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import structlog

from sigyn.model.errors import SigynError, Unavailable

_log = structlog.get_logger("sigyn.access")

Content = TypeVar("Content")
Value = TypeVar("Value")


class WatchedFile(Generic[Content]):
    """What a file holds, as `parse` reads it. Safe to use from several threads.

    A change that can't be read is logged, and what the file held before stays in force.
    """

    def __init__(self, path: Path, parse: Callable[[str], Content], missing: Content | None = None) -> None:
        """`missing` is the content of a file that is not there; None: that is an error. Raises Unavailable."""
        self._path = path
        self._parse = parse
        self._missing = missing
        self._lock = Lock()
        self._version = self._stat()
        try:
            self._content = self._read()
        except (OSError, ValueError) as error:
            raise Unavailable(f"the file {path} can't be read: {error}") from None

    def get(self) -> Content:
        """The content of the file as it is now: a look at its time and size, no more."""
        version = self._stat()
        if version != self._version:
            with self._lock:
                self._version = version
                try:
                    self._content = self._read()
                except (OSError, ValueError, SigynError) as error:
                    _log.error(
                        "a changed file can't be read; what it held stays in force",
                        file=str(self._path),
                        error=str(error),
                    )
                else:
                    _log.info("read again", file=str(self._path))
        return self._content

    def _read(self) -> Content:
        if self._version is None and self._missing is not None:
            return self._missing
        return self._parse(self._path.read_text(encoding="utf-8"))

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class LiveMapping(Mapping[str, Value]):
    """A map that is what a function gives at the time of each look."""

    def __init__(self, now: Callable[[], Mapping[str, Value]]) -> None:
        self._now = now

    def __getitem__(self, key: str) -> Value:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
