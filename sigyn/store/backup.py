"""A second data folder with the same content, made beside the server that uses the first one.

It has everything in itself: the catalog in a SQLite file, whatever it was in, and the objects of all tiers as those of
the hot one, but for tiers that are left where they are.

Objects never change, but they are replaced while they are copied, and no copy of files one after the other fits the
catalog that was copied with them. So the catalog is copied first, as of one instant; then what it names and the folder
lacks; and where an object was gone by then, both again. Each round copies only what is new, so that the last one soon
finds everything. The next backup into the folder begins with what is there.

At each instant the folder holds either the catalog before or the one after, with all that it names.
"""

import secrets
from collections.abc import Collection, Sequence
from pathlib import Path
from zlib import crc32

import msgspec

from sigyn.model.errors import BadRequest, NotFound, Unavailable
from sigyn.store.backup_objects import Backup, Copying
from sigyn.store.folders import sync_folder, write_durably
from sigyn.store.lock import FolderLock
from sigyn.store.moves import check_tiers
from sigyn.store.objects import LocalObjects
from sigyn.store.open_catalog import FILE, catalog_name, copy_catalog, has_catalog
from sigyn.store.places import folders_of, hot_objects, shared_objects
from sigyn.store.rebuild import Progress, no_progress
from sigyn.store.settings import StoreSettings
from sigyn.store.sqlite import SqliteDatabase, copy_database, sqlite_catalog
from sigyn.store.tiers import HOT

MARK = "backup.json"
"""The file that makes a folder a backup: without it a folder that has anything is left alone."""

_UNFINISHED = "catalog.unfinished"
_UNFINISHED_MARK = f"{MARK}.unfinished"
_ROUNDS = 20


class _Mark(msgspec.Struct, frozen=True):
    """Of which catalog it is a backup, and the CRC-32 of the copy, to know whether a server used it since.

    While a copy takes the place of another there are two.
    """

    identity: int
    checksums: tuple[int, ...] = ()


def back_up(
    settings: StoreSettings,
    folder: Path,
    databases: Sequence[str] = (),
    progress: Progress = no_progress,
    *,
    leave: Collection[str] = (),
) -> Backup:
    """Makes `folder` a copy of the store; `databases` are SQLite files beside the catalog that go with it.

    Segments in the tiers of `leave` stay there, and the copy finds them there.
    Raises BadRequest where that makes no sense, NotFound without a catalog, FolderInUse when a process has `folder`
    open, and Unavailable when something can't be read or written: the folder is then the backup that it was before.
    """
    data = settings.data
    if data is None:
        raise BadRequest("a store in memory can't be backed up")
    _check_tiers_left(settings, leave)
    if not has_catalog(settings):
        raise NotFound(f"there is no catalog at `{catalog_name(settings)}`")
    if folder.resolve().is_relative_to(data.resolve()):
        raise BadRequest(f"`{folder}` lies in the data folder `{data}`: choose another place, best on another disk")
    for place in folders_of(settings):
        if folder.resolve().is_relative_to(place.resolve()):
            raise BadRequest(f"`{folder}` lies among the objects in `{place}`: choose another place")
    _refuse_other_files(folder)
    lock = FolderLock(folder)
    try:
        mark = _mark_of(folder)
        copying = Copying(
            hot_objects(settings), shared_objects(settings), LocalObjects(folder / "objects"), progress, set(leave)
        )
        try:
            _copy_catalog(settings, folder, mark, copying)
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


def _refuse_other_files(folder: Path) -> None:
    """Raises BadRequest for a folder that has files and is no backup, and Unavailable when it can't be looked into."""
    try:
        if not folder.is_dir() or (folder / MARK).exists():
            return
        strange = sorted(each.name for each in folder.iterdir() if _is_strange(each))
    except OSError as error:
        raise Unavailable(f"the folder `{folder}` can't be read: {error.strerror}") from error
    if strange:
        raise BadRequest(
            f"`{folder}` is not empty, it has `{strange[0]}`, and is no backup (there is no `{MARK}`): choose a new "
            "folder, or that of the last backup"
        )


def _is_strange(path: Path) -> bool:
    """Whether something in a folder is neither of a backup that was broken off at once nor as on a new disk."""
    if path.name in ("lock", "lost+found") or path.name.startswith((_UNFINISHED, _UNFINISHED_MARK)):
        return False
    return not path.is_dir() or any(not each.is_dir() for each in path.rglob("*"))


def _check_tiers_left(settings: StoreSettings, leave: Collection[str]) -> None:
    known = [tier.name for tier in settings.tiers]
    strange = sorted(set(leave) - set(known))
    if strange:
        named = f"names `{'`, `'.join(known)}`" if known else "names none"
        raise BadRequest(f"there is no tier `{strange[0]}` to be left as it is: `storage.tiers` {named}")


def _copy_catalog(settings: StoreSettings, folder: Path, mark: _Mark | None, copying: Copying) -> None:
    """The catalog with all that it names; in place only when everything is there."""
    unfinished = folder / _UNFINISHED
    for _ in range(_ROUNDS):
        identity = copy_catalog(settings, unfinished)
        mark = mark or _Mark(identity)
        if mark.identity != identity:
            raise BadRequest(f"`{folder}` is the backup of another store: choose another folder")
        _write_mark(folder, mark)
        catalog = sqlite_catalog(unfinished, read_only=True)
        try:
            live, quarantined = catalog.live(), catalog.quarantined()
        finally:
            catalog.close()
        check_tiers([*live, *quarantined], settings.tiers)
        if copying.all_of(live, quarantined):
            break
    else:
        raise Unavailable(f"objects were gone {_ROUNDS} times before they were copied; try again")
    # Its segments get other ids from now on, so that it is another store.
    other = SqliteDatabase(unfinished)
    with other.transaction() as run:
        run("UPDATE counter SET value = ? WHERE name = 'identity'", secrets.randbits(63))
        for tier in settings.tiers:
            if tier.name not in copying.leave:
                run("UPDATE segment SET tier = ? WHERE tier = ?", HOT, tier.name)
    other.close()
    checksum = crc32(unfinished.read_bytes())
    _write_mark(folder, _Mark(mark.identity, (*mark.checksums, checksum)))
    _put_in_place(folder, FILE)
    _write_mark(folder, _Mark(mark.identity, (checksum,)))


def _mark_of(folder: Path) -> _Mark | None:
    """The mark of a backup, None of a new folder. Raises BadRequest where it can't be read, or a server used it."""
    try:
        mark = msgspec.json.decode((folder / MARK).read_bytes(), type=_Mark)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise BadRequest(f"`{folder / MARK}` can't be read: choose another folder") from None
    catalog, log = folder / FILE, folder / f"{FILE}-wal"
    is_used = log.exists() and log.stat().st_size > 0
    if is_used or (catalog.exists() and crc32(catalog.read_bytes()) not in mark.checksums):
        raise BadRequest(f"a server used the backup `{folder}` since it was made: choose another folder")
    return mark


def _write_mark(folder: Path, mark: _Mark) -> None:
    aside = folder / _UNFINISHED_MARK
    aside.unlink(missing_ok=True)
    write_durably(aside, msgspec.json.encode(mark))
    aside.rename(folder / MARK)
    sync_folder(folder)


def _put_in_place(folder: Path, name: str) -> None:
    """What is unfinished under its name, durably."""
    _remove(folder, f"{name}-")  # a log of the one before, of which the new one knows nothing
    (folder / _UNFINISHED).rename(folder / name)
    sync_folder(folder)


def _remove(folder: Path, beginning: str) -> None:
    for leftover in folder.glob(f"{beginning}*"):
        leftover.unlink()
