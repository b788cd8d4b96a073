"""Makes a catalog again from the objects alone, which tell everything about themselves.

What is lost with a catalog is only which objects had been replaced but not yet deleted, and which were
never acknowledged. Both come back; readers leave out exact copies, so that a replaced object beside
its replacement shows nothing twice, and later compactions drop them. Delete requests come back from their
documents, all of them in force, also those that were done: what they took may be in an object that came back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from sigyn.model.errors import BadRequest, NotFound, Unavailable
from sigyn.model.time import system_clock
from sigyn.store.catalog import Catalog, NewSegment
from sigyn.store.delete_documents import KIND as DELETE_REQUESTS
from sigyn.store.delete_documents import arrival_of, documented_requests
from sigyn.store.demoted import decode_demoted, is_demoted_key
from sigyn.store.documents import Documents, is_document_key
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.lock import FolderLock
from sigyn.store.objects import ObjectStore, StoredObject
from sigyn.store.open_catalog import catalog_name, has_catalog, new_catalog
from sigyn.store.ownership import Ownership
from sigyn.store.places import objects_of, shared_places
from sigyn.store.segment import decode_segment, verify_pages
from sigyn.store.settings import StoreSettings
from sigyn.store.tiers import split_address

Progress = Callable[[int, int], None]
"""Told of work that goes on: how many objects of how many are done."""


def no_progress(_done: int, _all: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class RebuiltCatalog:
    """What a new catalog holds.

    unreadable  addresses of objects that are no readable segments
    damaged     addresses of segments with entries that can't be read: they are in quarantine
    copies      objects left out because the same one is in a warmer tier: of moves that were broken off
    requests    delete requests
    unreadable_requests  documents that are no readable delete requests
    """

    segments: int
    entries: int
    unreadable: tuple[str, ...]
    damaged: tuple[str, ...]
    copies: int
    requests: int
    unreadable_requests: int


def rebuild_catalog(settings: StoreSettings, progress: Progress = no_progress) -> RebuiltCatalog:
    """Reads every object of every tier and writes a new catalog, where none may be.

    Raises NotFound without a folder of objects, BadRequest when there is a catalog, FolderInUse, Unavailable when the
    object store can't be reached or an object has to be restored first, PlaceInUse when the tiers are of different
    stores, and UnknownFormat when a newer Sigyn wrote an object.
    """
    if settings.data is None:
        raise BadRequest("a store in memory has no catalog to rebuild")
    if settings.objects is None and not (settings.data / "objects").is_dir():
        raise NotFound(
            f"`{settings.data}` has no folder `objects` to make a catalog from: name the data folder with --data, "
            "and a bucket, if the objects are in one, with storage.objects"
        )
    lock = FolderLock(settings.data)
    try:
        if has_catalog(settings):
            raise BadRequest(f"there is a catalog at `{catalog_name(settings)}`; {_away(settings)} first")
        objects = objects_of(settings)
        with new_catalog(settings) as catalog:
            ownership = Ownership(objects, catalog, catalog_name(settings), shared_places(settings))
            ownership.refuse_several()
            rebuilt = _fill(catalog, objects, progress)
            ownership.take_over()
            return rebuilt
    finally:
        lock.release()


def _away(settings: StoreSettings) -> str:
    return "drop its tables, or choose another database" if settings.catalog else "move it and its `-wal` file away"


def _fill(catalog: Catalog, objects: ObjectStore, progress: Progress) -> RebuiltCatalog:
    entries = copies = 0
    known: set[str] = set()
    unreadable: list[str] = []
    damaged: dict[str, str] = {}  # by key, as there may be a whole one in a colder tier
    archived: list[str] = []
    newest = 0
    documents = Documents(objects, DELETE_REQUESTS, system_clock)
    requests, unreadable_requests = documented_requests(documents)
    for each in requests:
        catalog.keep_delete_request(each.request())
    listed = [found for found in _in_order(objects) if not is_document_key(split_address(found.key)[1])]
    for done, found in enumerate(listed):
        progress(done, len(listed))
        key = split_address(found.key)[1]
        if key in known:
            copies += 1
            continue
        try:
            body = memoryview(objects.get(found.key))
            if is_demoted_key(found.key):
                catalog.demote(*decode_demoted(body))
                continue
            encoded = decode_segment(body, found.key)
        except SegmentArchived:
            archived.append(found.key)
            continue
        except (SegmentLost, msgspec.DecodeError):
            unreadable.append(found.key)
            continue
        if not _is_whole(body):  # its checksum would be that of the damaged object: nothing would notice
            damaged.setdefault(key, found.key)
            continue
        catalog.commit([NewSegment(found.key, encoded, arrival_of(key, encoded, requests))])
        newest = max(newest, encoded.arrival or 0)
        known.add(key)
        entries += encoded.rows
    archived = [address for address in archived if split_address(address)[1] not in known]
    if archived:
        count = "1 object has" if len(archived) == 1 else f"{len(archived)} objects have"
        raise Unavailable(f"{count} to be restored first: `{archived[0]}`; no catalog was written")
    lost = {key: address for key, address in damaged.items() if key not in known}
    for key, address in lost.items():
        encoded = decode_segment(memoryview(objects.get(address)), address)
        (segment,) = catalog.commit([NewSegment(address, encoded, arrival_of(key, encoded, requests))])
        catalog.quarantine(segment.id)
        newest = max(newest, encoded.arrival or 0)
    catalog.skip_ids(newest)
    progress(len(listed), len(listed))
    return RebuiltCatalog(
        len(known), entries, tuple(unreadable), tuple(lost.values()), copies, len(requests), unreadable_requests
    )


def _is_whole(body: memoryview) -> bool:
    try:
        for _ in verify_pages(body):
            pass
    except SegmentLost:
        return False
    return True


def _in_order(objects: ObjectStore) -> Sequence[StoredObject]:
    """All objects, oldest first; of one that is in several tiers the warmest first."""
    tiers: dict[str, int] = {}
    listed = []
    for found in objects.list():
        tiers.setdefault(split_address(found.key)[0], len(tiers))
        listed.append(found)
    first_seen: dict[str, int] = {}
    for found in listed:
        key = split_address(found.key)[1]
        first_seen[key] = min(found.modified, first_seen.get(key, found.modified))

    def place(found: StoredObject) -> tuple[int, str, int]:
        tier, key = split_address(found.key)
        return first_seen[key], key, tiers[tier]

    return sorted(listed, key=place)
