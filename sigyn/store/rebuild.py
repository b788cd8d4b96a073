"""Makes a catalog again from the objects alone, which tell everything about themselves.

What is lost with a catalog is only which objects had been replaced but not yet deleted, and which were
never acknowledged. Both come back; readers leave out exact copies, so that a replaced object beside
its replacement shows nothing twice, and later compactions drop them.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from sigyn.model.errors import BadRequest
from sigyn.store.catalog import NewSegment
from sigyn.store.demoted import decode_demoted, is_demoted_key
from sigyn.store.errors import SegmentLost
from sigyn.store.folders import sync_folder
from sigyn.store.lock import FolderLock
from sigyn.store.objects import ObjectStore
from sigyn.store.places import catalog_path, objects_of
from sigyn.store.segment import decode_segment
from sigyn.store.settings import StoreSettings
from sigyn.store.sqlite import SqliteCatalog


@dataclass(frozen=True, slots=True)
class RebuiltCatalog:
    """What a new catalog holds, and the keys of objects that are no readable segments."""

    segments: int
    entries: int
    unreadable: tuple[str, ...]


def rebuild_catalog(settings: StoreSettings) -> RebuiltCatalog:
    """Reads every object and writes a new catalog in the data folder, where none may be.

    Raises BadRequest when there is one, FolderInUse, Unavailable when the object store can't be
    reached, and UnknownFormat when a newer Sigyn wrote an object.
    """
    path = catalog_path(settings)
    if settings.data is None or path is None:
        raise BadRequest("a store in memory has no catalog to rebuild")
    lock = FolderLock(settings.data)
    try:
        if path.exists():
            raise BadRequest(f"there is a catalog at `{path}`; move it and its `-wal` file away first")
        unfinished = path.with_name("catalog.unfinished")
        for leftover in path.parent.glob("catalog.unfinished*"):
            leftover.unlink()
        answer = _fill(unfinished, objects_of(settings))
        unfinished.rename(path)
        sync_folder(path.parent)
        return answer
    finally:
        lock.release()


def _fill(path: Path, objects: ObjectStore) -> RebuiltCatalog:
    catalog = SqliteCatalog(path)
    try:
        segments = entries = 0
        unreadable = []
        for found in sorted(objects.list(), key=lambda found: (found.modified, found.key)):
            try:
                body = memoryview(objects.get_range(found.key, 0, found.size))
                if is_demoted_key(found.key):
                    catalog.demote(*decode_demoted(body))
                    continue
                encoded = decode_segment(body)
            except (SegmentLost, msgspec.DecodeError):
                unreadable.append(found.key)
                continue
            catalog.commit([NewSegment(found.key, encoded)])
            segments += 1
            entries += encoded.rows
        return RebuiltCatalog(segments, entries, tuple(unreadable))
    finally:
        catalog.close()
