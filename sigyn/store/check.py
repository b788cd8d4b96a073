"""Holds every object against the catalog."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from zlib_ng.zlib_ng import crc32

from sigyn.model.errors import BadRequest, NotFound
from sigyn.store.catalog import Catalog, SegmentInfo
from sigyn.store.demoted import is_demoted_key
from sigyn.store.documents import is_document_key
from sigyn.store.errors import PlaceInUse, SegmentArchived, SegmentLost
from sigyn.store.keys import committed_before, is_segment_key
from sigyn.store.lock import FolderLock
from sigyn.store.moves import check_tiers
from sigyn.store.objects import ObjectStore, StoredObject
from sigyn.store.open_catalog import catalog_name, has_catalog, open_catalog
from sigyn.store.ownership import OWNER_KEY, Ownership
from sigyn.store.places import objects_of, shared_places
from sigyn.store.probe import PROBE_KEY
from sigyn.store.rebuild import Progress, no_progress
from sigyn.store.segment import decode_segment
from sigyn.store.settings import StoreSettings
from sigyn.store.streams import StreamRegistry
from sigyn.store.tiers import address, split_address

_REBUILD = (
    "move the catalog away (drop its tables in PostgreSQL), and `sigyn store rebuild-catalog` makes it anew from the "
    "objects"
)


class Problem(Enum):
    """What can be wrong with an object, or with what the catalog says of it."""

    MISSING = "missing"
    TORN = "torn"
    CORRUPT = "corrupt"
    STREAMS = "streams"
    QUARANTINED = "quarantined"
    FOREIGN = "foreign"
    ARCHIVED = "archived"
    UNKNOWN = "unknown"
    ORPHAN = "orphan"

    @property
    def is_damage(self) -> bool:
        """Whether a server can't give entries because of it; orphans are swept, archived objects can be restored."""
        return self not in (Problem.ARCHIVED, Problem.ORPHAN)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an object, with what it is in words; `tenant` and `rows` of its segment where there is one."""

    problem: Problem
    key: str
    detail: str
    tenant: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What a check looked at and found. `verified` objects were read and are what the catalog says.

    Segments in quarantine are counted apart, with the bytes of those of their objects that are there.
    """

    segments: int
    rows: int
    object_bytes: int
    verified: int
    quarantined: int
    quarantined_bytes: int
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether a server can give everything that was acknowledged."""
        return not any(finding.problem.is_damage for finding in self.findings)


def check_store(settings: StoreSettings, progress: Progress = no_progress, *, contents: bool = True) -> StoreCheck:
    """Checks a store that no process has open; changes nothing. Without `contents` no object is read.

    Raises FolderInUse, NotFound when there is no catalog, and Unavailable when a place can't be reached.
    """
    if settings.data is None:
        raise BadRequest("a store in memory can't be checked")
    if not has_catalog(settings):
        raise NotFound(
            f"there is no catalog at `{catalog_name(settings)}`; `sigyn store rebuild-catalog` makes one from the "
            "objects"
        )
    lock = FolderLock(settings.data)
    try:
        catalog = open_catalog(settings)
        try:
            objects = objects_of(settings)
            ownership = Ownership(objects, catalog, catalog_name(settings), shared_places(settings))
            return _check(catalog, objects, ownership, settings, progress, contents=contents)
        finally:
            catalog.close()
    finally:
        lock.release()


def _check(
    catalog: Catalog,
    objects: ObjectStore,
    ownership: Ownership,
    settings: StoreSettings,
    progress: Progress,
    *,
    contents: bool,
) -> StoreCheck:
    live = catalog.live()
    check_tiers(live, settings.tiers)
    listed = {found.key: found for found in objects.list()}
    sizes = {key: found.size for key, found in listed.items()}
    findings = list(_foreign(ownership))
    verified = 0
    for done, segment in enumerate(live):
        progress(done, len(live))
        finding = _presence(segment, sizes) or _streams(segment, catalog.registry)
        if finding is None and contents:
            finding = _content(segment, catalog.registry, objects)
        if finding is None:
            verified += contents
        else:
            findings.append(finding)
    progress(len(live), len(live))
    quarantined = catalog.quarantined()
    findings += [
        Finding(Problem.QUARANTINED, each.key, "no query reads it", each.tenant, each.rows) for each in quarantined
    ]
    findings += _orphans(catalog, listed, [*live, *quarantined])
    return StoreCheck(
        segments=len(live),
        rows=sum(segment.rows for segment in live),
        object_bytes=sum(segment.object_bytes for segment in live),
        verified=verified,
        quarantined=len(quarantined),
        quarantined_bytes=sum(sizes.get(segment.key, 0) for segment in quarantined),
        findings=tuple(findings),
    )


def _foreign(ownership: Ownership) -> Iterator[Finding]:
    """The marks of other stores: no server opens this one while they are there."""
    for tier in ownership.tiers:
        try:
            ownership.is_marked(tier)
        except PlaceInUse as error:
            yield Finding(Problem.FOREIGN, address(tier, OWNER_KEY), str(error))


def _presence(segment: SegmentInfo, sizes: dict[str, int]) -> Finding | None:
    size = sizes.get(segment.key)
    if size is None:
        return _finding(Problem.MISSING, segment, "there is no such object")
    if size != segment.object_bytes:
        return _finding(Problem.TORN, segment, f"it has {size} bytes; {segment.object_bytes} were written")
    return None


def _streams(segment: SegmentInfo, registry: StreamRegistry) -> Finding | None:
    for id in segment.streams.ids.tolist():
        try:
            registry.labels(segment.tenant, id)
        except NotFound:
            return _finding(Problem.STREAMS, segment, f"the catalog lacks its stream {id}; {_REBUILD}")
    return None


def _content(segment: SegmentInfo, registry: StreamRegistry, objects: ObjectStore) -> Finding | None:
    try:
        body = objects.get(segment.key)
        if crc32(body) != segment.checksum:
            return _finding(Problem.CORRUPT, segment, "its checksum differs")
        found = decode_segment(memoryview(body), segment.key)
    except SegmentArchived:
        return _finding(Problem.ARCHIVED, segment, "it has to be restored before it can be read")
    except SegmentLost as error:
        return _finding(Problem.CORRUPT, segment, str(error))
    if (found.tenant, found.rows) != (segment.tenant, segment.rows):
        return _finding(Problem.CORRUPT, segment, f"it holds {found.rows} entries of tenant `{found.tenant}`")
    for id, labels in zip(segment.streams.ids.tolist(), found.labels, strict=True):
        if registry.labels(segment.tenant, id) != labels:
            return _finding(Problem.STREAMS, segment, f"its stream {id} has other labels in the catalog; {_REBUILD}")
    return None


def _finding(problem: Problem, segment: SegmentInfo, detail: str) -> Finding:
    return Finding(problem, segment.key, detail, segment.tenant, segment.rows)


def _orphans(catalog: Catalog, listed: dict[str, StoredObject], known: Iterable[SegmentInfo]) -> list[Finding]:
    unknown = set(listed) - {segment.key for segment in known}
    replaced = {key for _, key in catalog.replaced()}
    spared = catalog.spared()

    def found(key: str) -> Finding:
        problem, fate = Problem.ORPHAN, "no segment of the catalog; it is swept"
        if key in replaced:
            fate = "replaced; deleted at the next start"
        elif key == PROBE_KEY:
            fate = "of `/ready`, which could not delete it"
        elif not is_segment_key(key):
            fate = "not of Sigyn; it stays"
        elif committed_before(key) > catalog.newest or listed[key].modified <= spared:
            problem = Problem.UNKNOWN
            fate = f"missing in the catalog, which is younger, or older than it was; {_REBUILD}"
        return Finding(problem, key, f"{listed[key].size} bytes, {fate}")

    return [
        found(key) for key in sorted(unknown) if not is_demoted_key(key) and not is_document_key(split_address(key)[1])
    ]
