"""The store: takes batches in, gives snapshots out."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from threading import Event, Lock, Thread

from sigyn.model.batch import Batch
from sigyn.model.delete_modes import DeleteModes
from sigyn.model.errors import SigynError, Unavailable
from sigyn.model.time import Clock, system_clock
from sigyn.store.archives.ledger import KIND as RESTORES
from sigyn.store.archives.restores import Restores
from sigyn.store.block_cache import BlockCache
from sigyn.store.catalog import Catalog, SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.compactions import Compactions
from sigyn.store.compactor import Compactor
from sigyn.store.content import Content
from sigyn.store.delete_documents import KIND as DELETE_REQUESTS
from sigyn.store.deleted_rows import DeletedRows, DeleteMatcher
from sigyn.store.deletions import DeleteProgress, Deletions, progress_of
from sigyn.store.demoted import DemotedLabels
from sigyn.store.documents import Documents
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.encoding import ReadySegment
from sigyn.store.errors import TakenOver
from sigyn.store.forgetting import Forgetting
from sigyn.store.keys import is_segment_key
from sigyn.store.live import LiveSegments
from sigyn.store.lock import FolderLock
from sigyn.store.maintenance import Maintenance
from sigyn.store.metrics import StoreGauges, StoreMetrics
from sigyn.store.moves import Mover, check_tiers
from sigyn.store.objects import ObjectStore
from sigyn.store.open_catalog import catalog_name, has_catalog, open_catalog
from sigyn.store.ownership import Ownership, owner_of
from sigyn.store.pace import Pace
from sigyn.store.places import cache_of, objects_of, place_names, shared_places
from sigyn.store.probe import faults_of
from sigyn.store.quarantine import Quarantine
from sigyn.store.reader import SegmentReader
from sigyn.store.recent import RecentSegments
from sigyn.store.reclaim import Reclaimer
from sigyn.store.retention import KEEP_ALL, RetentionPlan, RetentionRules
from sigyn.store.settings import StoreSettings
from sigyn.store.side_by_side import AT_ONCE
from sigyn.store.snapshot import Snapshot
from sigyn.store.stream_forgetting import StreamForgetting
from sigyn.store.tiers import HOT, address, split_address
from sigyn.store.writer import Writer

WARMED = 512  # segments: 20 to 80 KB of footer each, as a rule, in memory
_COMPARED_AT_ONCE = 16  # segments: a query waits for so many
_EARLIEST, _LATEST = -(1 << 63), (1 << 63) - 1


class Store:
    """Segments in an object store and a catalog. Make one with `open`.

    `metrics` has counters, `streams` the labels of all streams, `demoted` the labels that entries carry,
    `deletions` the delete requests, `restores` has archived objects restored; `opening` is a random
    number that no other opening of a store has. What is cached outside of the process is kept below it: a catalog that
    was put back, as from a snapshot or by a copy that lagged behind, gives ids again that it gave to other segments.
    """

    def __init__(
        self,
        settings: StoreSettings,
        objects: ObjectStore,
        catalog: Catalog,
        lock: FolderLock | None,
        clock: Clock,
        retention: RetentionRules,
        metrics: StoreMetrics,
        ownership: Ownership,
        cache: BlockCache | None,
    ) -> None:
        self.metrics = metrics
        self.streams = catalog.registry
        self.demoted = DemotedLabels(catalog.demoted, catalog.demote, objects)
        self.opening = secrets.randbits(63)
        self._lock = lock
        self._objects = objects
        self._clock = clock
        self._catalog = catalog
        self._ownership = ownership
        segments = catalog.live()
        check_tiers(segments, settings.tiers)
        self._live = LiveSegments(segments, catalog.quarantined())
        recent = RecentSegments(settings.recent_bytes)
        self._reader = SegmentReader(objects, recent, settings.metadata_bytes)
        self._finder = DuplicateFinder(self._reader)
        documents = self.documents(DELETE_REQUESTS)
        modes = DeleteModes(settings.delete_mode, retention.own_delete_modes)
        self.deletions = Deletions(catalog, self._live, documents, settings.delete_max_unprocessed, modes)
        self._deleted = DeletedRows(self._reader, settings.deleted_rows_bytes)
        self._quarantine = Quarantine(objects, catalog, self._live, self.deletions, self.metrics)
        committer = Committer(objects, catalog, self._live, self._reader, ownership)
        self._reclaimer = Reclaimer(
            objects, catalog, self._live, self._reader, self._finder, self._deleted, committer,
            ownership, self.metrics, clock,
        )  # fmt: skip
        compactor = Compactor(
            objects, self.streams, committer, self._quarantine, self.metrics, settings.shape_lines,
            most_metadata=settings.compaction_job_bytes,
        )  # fmt: skip
        self._forgetting = Forgetting(
            settings, retention, self.streams, self.demoted.ever, self._live, self._reader, self.deletions,
            self._deleted, compactor, committer, self._quarantine, self.metrics, clock, cache,
        )  # fmt: skip
        mover = Mover(settings.tiers, objects, ownership, committer, self._live, self._quarantine, self.metrics)
        streams = StreamForgetting(catalog, self._live, self.metrics, settings.stream_grace_seconds)
        self._writer = Writer(settings, committer, self._live, recent, self.metrics)
        pace = Pace(settings, self._live, self._writer)
        self._maintenance = Maintenance(
            settings, committer, Compactions(settings, self._live, compactor, self.deletions, pace, clock),
            self.deletions, self._forgetting, self._reclaimer, mover, streams, self._quarantine, ownership,
            self.metrics, pace, clock,
        )  # fmt: skip
        self.restores = Restores(settings.tiers, objects, self.documents(RESTORES), metrics, clock)
        self._maintenance.start()
        self._archives = {tier.name for tier in settings.tiers if tier.objects.is_archive}
        self._closing = Event()
        self._warming = Thread(target=self._warm, name="sigyn-warm", daemon=True)
        self._warming.start()
        self._finding = Lock()

    @classmethod
    def open(
        cls,
        settings: StoreSettings,
        *,
        objects: ObjectStore | None = None,
        clock: Clock = system_clock,
        retention: RetentionRules = KEEP_ALL,
    ) -> "Store":
        """Opens or makes a store; `objects` in place of the settings' and `clock` are for tests.

        Where there are delete requests, `match_deletes` has to follow before anything is read.

        Raises FolderInUse, PlaceInUse, UnknownFormat, Unavailable, and BadRequest for settings that make no sense.
        """
        with ExitStack() as opened:
            lock = None
            if settings.data is not None:
                lock = FolderLock(settings.data)
                opened.callback(lock.release)
            metrics = StoreMetrics()
            cache = cache_of(settings)
            objects = objects or objects_of(settings, metrics, cache)
            is_sure = _refuse_strange_objects(settings, objects)
            catalog = open_catalog(settings, clock)
            opened.callback(catalog.close)
            if not is_sure:
                catalog.spare(system_clock())
            _refuse_strange_place(settings, catalog, objects)
            places = shared_places(settings)
            ownership = Ownership(objects, catalog, catalog_name(settings), places, serves=settings.compaction)
            ownership.claim_all()
            store = cls(settings, objects, catalog, lock, clock, retention, metrics, ownership, cache)
            opened.pop_all()
        return store

    async def append(self, batch: Batch) -> None:
        """Returns when the batch's entries are durable and every later snapshot sees them.

        Raises TooManyRequests when too much waits to be written or compacted, and Unavailable when
        the object store or the catalog fails: the batch is not stored then. (A caller that is
        cancelled learns neither.)
        """
        await self._writer.append(batch)

    async def append_segment(self, segment: ReadySegment) -> None:
        """The same for entries that somebody else made a segment of, who counts the pushes in it."""
        await self._writer.append_segment(segment)

    async def flush(self) -> None:
        """Returns when everything appended before is written or has failed."""
        await self._writer.flush()

    async def close(self) -> None:
        """Writes what is under way, breaks compaction off and lets go of everything; snapshots must be closed."""
        await self._writer.close()
        self._closing.set()
        await asyncio.to_thread(self._warming.join)
        await asyncio.to_thread(self._wait_for_find_copies)
        await asyncio.to_thread(self._maintenance.stop)
        self.restores.close()
        self._catalog.close()
        if self._lock is not None:
            self._lock.release()

    def snapshot(self, tenant: str, start: int, end: int) -> Snapshot:
        """The tenant's segments with entries at start <= t <= end (ns), as the catalog has them now."""
        return Snapshot(
            tenant, start, end, self._live, self._reader, self._finder, self.deletions, self._deleted,
            self._quarantine, self._maintenance.wake,
        )  # fmt: skip

    def match_deletes(self, matcher: DeleteMatcher) -> None:
        """Tells the store what understands the queries of delete requests."""
        self._deleted.matcher = matcher

    def delete_requests(self, tenant: str) -> list[DeleteProgress]:
        """The tenant's delete requests with how far they are, oldest first. Raises Unavailable."""
        segments = self._live.of(tenant)
        found = [progress_of(request, segments, self._deleted.concerned) for request in self.deletions.all(tenant)]
        archived = self._forgetting.held_up()
        return [replace(each, archived=archived.get(each.request.id, 0)) for each in found]

    def retention_plan(self) -> RetentionPlan:
        """What retention would remove now; nothing is changed."""
        return self._forgetting.plan()

    def content(self, tenant: str) -> Content:
        """How far the tenant's entries are now. Take it before a snapshot: the snapshot has all that it says."""
        newest, epoch = self._live.newest(tenant), self._catalog.epoch(tenant)
        return Content(newest, epoch, heeds_deletes=self.deletions.modes.heeds(tenant))

    def unchanged(self, tenant: str, content: Content, first: int, last: int) -> bool:
        """Whether the entries of first <= t <= last (ns) are those that they were at `content`.

        May say no without need, never yes without reason.
        """
        now = self.content(tenant)
        if (content.epoch, content.heeds_deletes) != (now.epoch, now.heeds_deletes):
            return False
        return not self._live.arrived_since(tenant, content.newest, first, last)

    def bump_epoch(self, tenant: str) -> None:
        """As in Catalog: who takes entries away says so, once new snapshots see them no more. Raises Unavailable."""
        self._catalog.bump_epoch(tenant)

    def tenants(self) -> list[str]:
        """Tenants that have entries."""
        return self._live.tenants()

    def documents(self, kind: str) -> Documents:
        """Documents of a kind, such as `dashboards`."""
        return Documents(self._objects, kind, self._clock)

    def gauges(self) -> StoreGauges:
        """How much there is of what now."""
        segments = self._live.all()
        uncompacted, uncompacted_text = self._live.uncompacted()
        return StoreGauges(
            waiting_bytes=self._writer.waiting_bytes(),
            segments=len(segments),
            entries=sum(segment.rows for segment in segments),
            text_bytes=sum(segment.text_bytes for segment in segments),
            object_bytes=sum(segment.object_bytes for segment in segments),
            uncompacted_segments=uncompacted,
            uncompacted_text_bytes=uncompacted_text,
            objects_unknown=self._reclaimer.unknown,
        )

    def faults(self) -> list[str]:
        """What keeps entries from being stored or found now, a sentence for each part. Blocks."""
        faults = faults_of(self._catalog, self._objects)
        try:
            self._ownership.check()
        except TakenOver as error:
            faults.append(f"object store: {error}")
        failing = self._writer.failing()
        if failing and not faults:  # what the parts answer is small, and may fit where a push does not
            faults.append(f"pushes: {failing}")
        behind = self._writer.behind()
        return [*faults, *([f"compaction: {behind}"] if behind else [])]

    def quarantined(self) -> list[SegmentInfo]:
        """Segments whose objects are missing, torn or corrupt; nothing reads them. Raises Unavailable."""
        return self._catalog.quarantined()

    def quarantined_in(self, tenant: str, first: int, last: int) -> list[SegmentInfo]:
        """Those of a tenant with entries at first <= t <= last (ns), as this process knows them."""
        return self._live.quarantined(tenant, first, last)

    def _warm(self) -> None:
        """Reads what a query wants to know first of the newest segments, so that the first is as quick as others."""
        readable = [segment for segment in self._live.all() if segment.tier not in self._archives]
        newest = sorted(readable, key=lambda segment: segment.last)[-WARMED:]
        for first in range(0, len(newest), AT_ONCE):  # the very newest last: where there is no room for all, it is kept
            some = newest[first : first + AT_ONCE]
            if not self._closing.is_set():
                self._reader.prepare(some, with_indexes=True)
            for segment in some:
                if self._closing.is_set():
                    return
                with suppress(SigynError):  # the query that needs it says what is wrong
                    self._reader.index(segment)

    def find_copies(self) -> None:
        """Finds out which of the newest segments share entries, for which the first query would have to wait. Blocks.

        Those that have to be read over a network are left to the queries that ask for them.
        """
        with self._finding:
            for tenant in self._live.tenants():
                if self._closing.is_set():
                    return
                with self.snapshot(tenant, _EARLIEST, _LATEST) as snapshot:
                    self._find_copies_among([each for each in snapshot.segments[:WARMED] if snapshot.is_near(each)])
            self._reader.close_files()

    def _find_copies_among(self, segments: Sequence[SegmentInfo]) -> None:
        for end in range(_COMPARED_AT_ONCE, len(segments) + _COMPARED_AT_ONCE, _COMPARED_AT_ONCE):
            if self._closing.is_set():
                return
            try:
                self._finder.copies(segments[:end])
            except SigynError:
                return  # the query that needs it says what is wrong

    def _wait_for_find_copies(self) -> None:
        with self._finding:
            pass

    def compact_now(self) -> None:
        """Merges all L0 segments and whatever L1 segments are due. Blocks; raises Unavailable."""
        self._maintenance.compact_now()

    def forget_now(self) -> None:
        """Removes what delete requests take and retention does not keep. Blocks; raises Unavailable."""
        self._maintenance.forget_now()

    def move_now(self) -> None:
        """Moves segments to the tiers that they are old enough for. Blocks; raises Unavailable."""
        self._maintenance.move_now()

    def sweep_now(self) -> None:
        """Rechecks quarantined segments, deletes orphans and forgets streams past their grace. Raises Unavailable."""
        self._maintenance.sweep_now()


def _refuse_strange_objects(settings: StoreSettings, objects: ObjectStore) -> bool:
    """A new catalog knows no object, and would have all that are there swept as orphans.

    Raises Unavailable when there are any; False when the place can't be reached, so that there may be.
    """
    if settings.data is None or has_catalog(settings):
        return True
    try:
        found = next((found.key for found in objects.list() if is_segment_key(found.key)), None)
    except Unavailable:
        return False
    if found is not None:
        owner = owner_of(objects, split_address(found)[0])
        raise Unavailable(
            f"there are segments, such as `{found}`{owner}, but no catalog at `{catalog_name(settings)}`: "
            "`sigyn store rebuild-catalog` makes one from them, if no other server has them; to begin anew, choose "
            "another place for the objects"
        )
    return True


def _refuse_strange_place(settings: StoreSettings, catalog: Catalog, objects: ObjectStore) -> None:
    """A wrong bucket, or none where there was one, would put all that is stored in quarantine and take what is new.

    Raises Unavailable when the place of a tier is empty and the catalog names segments in it.
    """
    for tier in (HOT, *(tier.name for tier in settings.tiers)):
        if not catalog.has_live(tier) or _may_have_segments(objects, tier):
            continue
        place = place_names(settings)[tier]
        if tier == HOT:
            raise Unavailable(
                f"the catalog `{catalog_name(settings)}` names segments, and `{place}` has none: is storage.objects as "
                "it was? A store moves with its objects (docs/storage.md); to begin anew, choose another data folder"
            )
        raise Unavailable(
            f"the catalog `{catalog_name(settings)}` names segments in tier `{tier}`, and `{place}` has none: is "
            "storage.tiers as it was? A tier moves with its objects (docs/storage.md); if they are lost, move the "
            "catalog away, and `sigyn store rebuild-catalog` makes one from what is left"
        )


def _may_have_segments(objects: ObjectStore, tier: str) -> bool:
    """Whether there is a segment in the place of a tier; there may be one where it can't be reached."""
    # What of the hot tier is listed first; other tiers come after it where the list is of all of them.
    addresses = (split_address(found.key) for found in objects.list(address(tier, "")))
    try:
        return any(where == tier and is_segment_key(key) for where, key in addresses)
    except Unavailable:
        return True
