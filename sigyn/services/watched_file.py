"""Files that are read again when one of them changes."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock, Thread
from typing import Generic, TypeAlias, TypeVar

import structlog

from sigyn.model.errors import SigynError, Unavailable

_log = structlog.get_logger("sigyn.access")

Content = TypeVar("Content")
Value = TypeVar("Value")

_Version: TypeAlias = tuple[int, int, int]

_LARGE = (
    64 << 10
)  # bytes of YAML that take a tenth of a second to be read, during which a caller's thread serves nobody


class WatchedFiles(Generic[Content]):
    """What some files hold, as `parse` reads their texts. Safe to use from several threads.

    A change that can't be read is logged, and what the files held before stays in force. A change of files that are
    large comes into force a moment later: nobody waits until they are read.
    """

    def __init__(self, paths: Sequence[Path], parse: Callable[[Sequence[str]], Content]) -> None:
        """Raises Unavailable when one of them can't be read."""
        self._paths = tuple(paths)
        self._parse = parse
        self._lock = Lock()
        self._reading = Lock()
        self._failed = False
        self._versions = self._look()
        try:
            self._content = self._read()
        except (OSError, ValueError) as error:
            raise Unavailable(f"the file {self._names()} can't be read: {error}") from None

    def get(self) -> Content:
        """The content of the files as they are now: a look at their times and sizes, no more."""
        versions = self._look()
        if versions == self._versions:
            return self._content
        with self._lock:
            changed, self._versions = versions != self._versions, versions
        if changed and sum(size for _, size, _ in filter(None, versions)) > _LARGE:
            Thread(target=self._read_again, name="sigyn-read-again", daemon=True).start()
        else:
            self._read_again()
        return self._content

    def is_in_force(self) -> bool:
        """Whether what the files held when they were last read could be understood."""
        self.get()
        return not self._failed

    def _read_again(self) -> None:
        with self._reading:  # one after the other: who comes last reads what is there last
            try:
                self._content = self._read()
            except (OSError, ValueError, SigynError) as error:
                self._failed = True
                _log.error(
                    "a changed file can't be read; what it held stays in force",
                    file=self._names(),
                    error=str(error),
                )
            else:
                self._failed = False
                _log.info("read again", file=self._names())

    def _read(self) -> Content:
        return self._parse([path.read_text(encoding="utf-8") for path in self._paths])

    def _look(self) -> tuple[_Version | None, ...]:
        return tuple(map(_version, self._paths))

    def _names(self) -> str:
        return ", ".join(map(str, self._paths))


class WatchedFile(WatchedFiles[Content]):
    """One file; `missing` is the content of a file that is not there, and None makes that an error."""

    def __init__(self, path: Path, parse: Callable[[str], Content], missing: Content | None = None) -> None:
        """Raises Unavailable."""
        self._missing = missing
        super().__init__([path], lambda texts: parse(texts[0]))

    def _read(self) -> Content:
        if self._versions == (None,) and self._missing is not None:
            return self._missing
        return super()._read()


def _version(path: Path) -> _Version | None:
    """What changes with a file; None for one that is not there."""
    try:
        found = os.stat(path)
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
