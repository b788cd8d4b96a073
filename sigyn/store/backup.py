"""A second data folder with the same content, made beside the server that uses the first one.

Objects never change, but they are replaced while they are copied, and no copy of files one after the other fits the
catalog that was copied with them. So the catalog is copied first, as of one instant; then what it names and the folder
lacks; and where an object was gone by then, both again. Each round copies only what is new, so that the last one soon
finds everything. The next backup into the folder begins with what is there.

At each instant the folder holds either the catalog before or the one after, with all that it names.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import msgspec

from sigyn.model.errors import BadRequest, NotFound, Unavailable
from sigyn.store.catalog import SegmentInfo
from sigyn.store.demoted import is_demoted_key
from sigyn.store.documents import is_document_key
from sigyn.store.errors import SegmentLost
from sigyn.store.folders import sync_folder, write_durably
from sigyn.store.lock import FolderLock
from sigyn.store.objects import LocalObjects, ObjectStore
from sigyn.store.open_catalog import FILE, catalog_name, has_catalog
from sigyn.store.ownership import OWNER_KEY
from sigyn.store.places import hot_objects
from sigyn.store.rebuild import Progress, no_progress
from sigyn.store.settings import StoreSettings
from sigyn.store.sqlite import SqliteDatabase, copy_database, sqlite_catalog

MARK = "backup.json"
"""The file that makes a folder a backup: without it a folder that has anything is left alone."""

_UNFINISHED = "catalog.unfinished"
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds and what was done for it.

    objects       segments and documents, with `bytes` of them all
    copied        objects that the folder lacked, with `copied_bytes`
    removed       objects that nothing needs any more
    damaged       addresses of segments whose object is missing, or not what was written
    """

    segments: int
    entries: int
    objects: int
    bytes: int
    copied: int
    copied_bytes: int
    removed: int
    damaged: tuple[str, ...]


class _Mark(msgspec.Struct, frozen=True):
    """Of which catalog it is a backup, and the CRC-32 of the copy, to know whether a server used it since.

    While a copy takes the place of another there are two.
    """

    identity: int
    checksums: tuple[int, ...] = ()


def back_up(
    settings: StoreSettings, folder: Path, databases: Sequence[str] = (), progress: Progress = no_progress
) -> Backup:
    """Makes `folder` a copy of the data folder; `databases` are SQLite files beside the catalog that go with it.

    Raises BadRequest where that makes no sense, NotFound without a catalog, FolderInUse when a process has `folder`
    open, and Unavailable when something can't be read or written: the folder is then the backup that it was before.
    """
    data = settings.data
    if data is None or settings.catalog or settings.tiers:
        raise BadRequest(
            "a backup is made of a catalog in a data folder and the objects of one place: for a catalog in PostgreSQL, "
            "or for tiers, use what the database and the buckets have for it"
        )
    if not has_catalog(settings):
        raise NotFound(f"there is no catalog at `{catalog_name(settings)}`")
    if folder.resolve().is_relative_to(data.resolve()):
        raise BadRequest(f"`{folder}` lies in the data folder `{data}`: choose another place, best on another disk")
    lock = FolderLock(folder)
    try:
        mark = _mark_of(folder)
        copying = _Copying(hot_objects(settings), LocalObjects(folder / "objects"), progress)
        try:
            _copy_catalog(data / FILE, folder, mark, copying)
            for name in databases:
                if (data / name).exists():
                    copy_database(data / name, folder / _UNFINISHED)
                    _put_in_place(folder, name)
            return copying.end()
        finally:
            _remove(folder, _UNFINISHED)
    except OSError as error:
        raise Unavailable(f"the backup `{folder}` can't be written: {error.strerror}") from error
    finally:
        lock.release()


def _copy_catalog(source: Path, folder: Path, mark: _Mark | None, copying: "_Copying") -> None:
    """The catalog with all that it names; in place only when everything is there."""
    unfinished = folder / _UNFINISHED
    for _ in range(_ROUNDS):
        identity = copy_database(source, unfinished)
        mark = mark or _Mark(identity)
        if mark.identity != identity:
            raise BadRequest(f"`{folder}` is the backup of another store: choose another folder")
        _write_mark(folder, mark)
        catalog = sqlite_catalog(unfinished, read_only=True)
        try:
            live, quarantined = catalog.live(), catalog.quarantined()
        finally:
            catalog.close()
        if copying.all_of(live, quarantined):
            break
    else:
        raise Unavailable(f"objects were gone {_ROUNDS} times before they were copied; try again")
    # Its segments get other ids from now on, and caches know answers by identity and ids.
    other = SqliteDatabase(unfinished)
    other.query("UPDATE counter SET value = ? WHERE name = 'identity'", secrets.randbits(63))
    other.close()
    checksum = crc32(unfinished.read_bytes())
    _write_mark(folder, _Mark(mark.identity, (*mark.checksums, checksum)))
    _put_in_place(folder, FILE)
    _write_mark(folder, _Mark(mark.identity, (checksum,)))


def _mark_of(folder: Path) -> _Mark | None:
    """The mark of a backup, None of a folder that has nothing. Raises BadRequest for one that is something else."""
    try:
        mark = msgspec.json.decode((folder / MARK).read_bytes(), type=_Mark)
    except FileNotFoundError:
        if (folder / FILE).exists() or (folder / "objects").exists():
            raise BadRequest(f"`{folder}` has data, and is no backup: choose another folder") from None
        return None
    except msgspec.DecodeError:
        raise BadRequest(f"`{folder / MARK}` can't be read: choose another folder") from None
    catalog, log = folder / FILE, folder / f"{FILE}-wal"
    is_used = log.exists() and log.stat().st_size > 0
    if is_used or (catalog.exists() and crc32(catalog.read_bytes()) not in mark.checksums):
        raise BadRequest(f"a server used the backup `{folder}` since it was made: choose another folder")
    return mark


def _write_mark(folder: Path, mark: _Mark) -> None:
    aside = folder / f"{MARK}.unfinished"
    aside.unlink(missing_ok=True)
    write_durably(aside, msgspec.json.encode(mark))
    aside.rename(folder / MARK)
    sync_folder(folder)


@dataclass(slots=True)
class _Copying:
    """Objects on their way from one place to another."""

    source: ObjectStore
    target: LocalObjects
    progress: Progress
    sizes: dict[str, int] = field(default_factory=dict)  # of what the target has
    needed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)  # in the last round
    damaged: set[str] = field(default_factory=set)
    copied: int = 0
    copied_bytes: int = 0
    segments: int = 0
    entries: int = 0

    def __post_init__(self) -> None:
        self.sizes = {found.key: found.size for found in self.target.list()}

    def all_of(self, live: Sequence[SegmentInfo], quarantined: Iterable[SegmentInfo]) -> bool:
        """Copies what is missing; False when something was gone that may only have been replaced meanwhile."""
        self.segments, self.entries = len(live), sum(segment.rows for segment in live)
        beside = [key for key in (found.key for found in self.source.list()) if _is_beside(key)]
        self.needed = {*beside, *(segment.key for segment in (*live, *quarantined))}
        self.damaged.clear()
        gone: set[str] = set()
        for done, segment in enumerate(live):
            self.progress(done, len(live))
            if self.sizes.get(segment.key) == segment.object_bytes:
                continue
            body = self._get(segment.key)
            if body is None:
                gone.add(segment.key)
            elif crc32(body) == segment.checksum:
                self._put(segment.key, body)
            else:
                self.damaged.add(segment.key)
        for key in (*beside, *(segment.key for segment in quarantined)):
            if key not in self.sizes or is_demoted_key(key):
                body = self._get(key)
                if body is not None:  # a document that is gone was replaced: the next backup has it
                    self._put(key, body)
        lost = gone & self.gone  # twice: the catalog names what is not there
        self.damaged |= lost
        self.gone = gone
        return not gone - lost

    def end(self) -> Backup:
        """Removes what is not needed."""
        unneeded = sorted(self.sizes.keys() - self.needed)
        self.target.delete(unneeded)
        for key in unneeded:
            del self.sizes[key]
        return Backup(
            segments=self.segments,
            entries=self.entries,
            objects=len(self.sizes),
            bytes=sum(self.sizes.values()),
            copied=self.copied,
            copied_bytes=self.copied_bytes,
            removed=len(unneeded),
            damaged=tuple(sorted(self.damaged)),
        )

    def _get(self, key: str) -> bytes | memoryview | None:
        try:
            return self.source.get(key)
        except SegmentLost:
            return None

    def _put(self, key: str, body: bytes | memoryview) -> None:
        self.target.put(key, body)
        if key not in self.sizes:
            self.copied += 1
            self.copied_bytes += len(body)
        self.sizes[key] = len(body)


def _is_beside(key: str) -> bool:
    return (is_document_key(key) and key != OWNER_KEY) or is_demoted_key(key)


def _put_in_place(folder: Path, name: str) -> None:
    """What is unfinished under its name, durably."""
    _remove(folder, f"{name}-")  # a log of the one before, of which the new one knows nothing
    (folder / _UNFINISHED).rename(folder / name)
    sync_folder(folder)


def _remove(folder: Path, beginning: str) -> None:
    for leftover in folder.glob(f"{beginning}*"):
        leftover.unlink()
