"""Blocks of remote objects as files on the local disk, bounded, the least recently used given up first.

The cache is never needed: what it can't read or write it does without. Each file begins with a checksum over its
name and content, so that a torn or foreign file counts as absent. It survives a restart; files are then as
recent as their time of change, which a hit renews.
"""

import os
import uuid
from collections import OrderedDict
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import structlog
from zlib_ng.zlib_ng import crc32

_log = structlog.get_logger("sigyn.store")

BLOCK = 256 << 10  # bytes: a small column of a row group is one block, and a block costs less than a request's latency

_CHECKSUM = 4  # bytes
_UNFINISHED = "unfinished-"


class BlockCache:
    """Files in a folder of its own. Safe to use from several threads; no method raises OSError."""

    def __init__(self, folder: Path, budget: int) -> None:
        """`budget` is in bytes of files."""
        self._folder = folder
        self.budget = budget
        self._lock = Lock()
        self._bytes = 0
        self._blocks: OrderedDict[str, int] = OrderedDict()
        self._refused = False
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._take_over()
        self._shrink()

    def read(self, place: str, key: str, block: int) -> bytes | None:
        """A block of an object in a place; None when it is not here, or not whole."""
        name = _name(place, key, block)
        with self._lock:
            if name not in self._blocks:
                return None
            self._blocks.move_to_end(name)
        path = self._folder / name
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            data = b""
        content = data[_CHECKSUM:]
        if len(data) < _CHECKSUM or _checksum(name, content) != data[:_CHECKSUM]:
            self._drop(name)
            return None
        return content

    def may_hold(self, place: str, key: str, block: int) -> bool:
        """Whether a block is here, though perhaps not whole."""
        with self._lock:
            return _name(place, key, block) in self._blocks

    def write(self, place: str, key: str, block: int, content: bytes | memoryview) -> None:
        """Keeps a block, if the disk lets it."""
        name = _name(place, key, block)
        aside = self._folder / f"{_UNFINISHED}{uuid.uuid4().hex}"
        try:
            with aside.open("wb") as file:
                file.write(_checksum(name, content))
                file.write(content)
            aside.rename(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            with suppress(OSError):  # somebody may have deleted the folder
                self._folder.mkdir(parents=True, exist_ok=True)
            self._tell(error)
            return
        with self._lock:
            self._refused = False
            self._bytes += _CHECKSUM + len(content) - self._blocks.pop(name, 0)
            self._blocks[name] = _CHECKSUM + len(content)
        self._shrink()

    def _tell(self, error: OSError) -> None:
        """Says in the log that blocks are not kept; once until one is again."""
        with self._lock:
            is_known, self._refused = self._refused, True
        if not is_known:
            _log.warning(
                "cache can't be written: what is read of buckets is fetched each time",
                folder=str(self._folder), reason=error.strerror,
            )  # fmt: skip

    def drop(self, place: str, key: str, size: int) -> None:
        """Gives up all blocks of an object of `size` bytes."""
        for block in range(-(-size // BLOCK)):
            self._drop(_name(place, key, block))

    def give_up(self, count: int) -> int:
        """Gives up what was read longest ago, until so many bytes of files are gone or none is left; how many went."""
        gone = 0
        while gone < count:
            with self._lock:
                if not self._blocks:
                    break
                oldest, size = next(iter(self._blocks.items()))
            self._drop(oldest)
            gone += size
        return gone

    def held_bytes(self) -> int:
        """Bytes of files."""
        return self._bytes

    def _take_over(self) -> None:
        """What an earlier process left, oldest first."""
        found = []
        with os.scandir(self._folder) as files:
            for file in files:
                if file.name.startswith(_UNFINISHED):
                    os.unlink(file.path)
                else:
                    status = file.stat()
                    found.append((status.st_mtime_ns, file.name, status.st_size))
        for _, name, size in sorted(found):
            self._blocks[name] = size
            self._bytes += size

    def _shrink(self) -> None:
        while True:
            with self._lock:
                if self._bytes <= self.budget or not self._blocks:
                    return
                oldest = next(iter(self._blocks))
            self._drop(oldest)

    def _drop(self, name: str) -> None:
        with self._lock:
            size = self._blocks.pop(name, None)
            if size is None:
                return
            self._bytes -= size
        with suppress(OSError):
            (self._folder / name).unlink(missing_ok=True)


def cached_bytes(folder: Path) -> int:
    """Bytes of the files that a cache has in its folder, perhaps that of another process."""
    try:
        with os.scandir(folder) as files:
            return sum(file.stat().st_size for file in files)
    except OSError:  # a file may go while it is looked at, and more of them will
        return 0


def _name(place: str, key: str, block: int) -> str:
    digest = blake2b(f"{place}\n{key}".encode(), digest_size=16)
    return f"{digest.hexdigest()}-{block}"


def _checksum(name: str, content: bytes | memoryview) -> bytes:
    return crc32(content, crc32(name.encode())).to_bytes(_CHECKSUM, "little")
