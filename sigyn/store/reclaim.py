"""Deletes objects that nobody needs: those of replaced segments, and orphans."""

from collections.abc import Callable, Sequence

import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.time import SECOND, Clock
from sigyn.store.catalog import Catalog
from sigyn.store.commit import Committer
from sigyn.store.deleted_rows import DeletedRows
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.failures import Failures
from sigyn.store.keys import is_segment_key
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.ownership import Ownership
from sigyn.store.reader import SegmentReader
from sigyn.store.tiers import split_address

_log = structlog.get_logger("sigyn.store")

_AT_ONCE = 100  # deletions between which the store may close


class Reclaimer:
    """Deletes objects. Methods raise Unavailable when the object store or the catalog fails, and may be repeated."""

    def __init__(
        self,
        objects: ObjectStore,
        catalog: Catalog,
        live: LiveSegments,
        reader: SegmentReader,
        finder: DuplicateFinder,
        deleted: DeletedRows,
        committer: Committer,
        ownership: Ownership,
        metrics: StoreMetrics,
        clock: Clock,
    ) -> None:
        self._objects = objects
        self._catalog = catalog
        self._live = live
        self._reader = reader
        self._finder = finder
        self._deleted = deleted
        self._committer = committer
        self._ownership = ownership
        self._metrics = metrics
        self._clock = clock
        # Ids and addresses; at first those that the process before did not come to delete.
        self._waiting = dict.fromkeys(catalog.replaced())

    def reclaim(self, pause: Callable[[], None]) -> None:
        """Deletes the objects of replaced segments that no snapshot holds any more. `pause` may raise to break off.

        What can't be deleted in one tier waits, and keeps nothing in the others.
        """
        free = self._live.take_reclaimable()
        self._reader.forget(free)
        self._finder.forget(free)
        self._deleted.forget(free)
        self._waiting |= dict.fromkeys((segment.id, segment.key) for segment in free)
        by_tier: dict[str, list[tuple[int, str]]] = {}
        for waiting in self._waiting:
            by_tier.setdefault(split_address(waiting[1])[0], []).append(waiting)
        failures = Failures()
        for tier, mine in by_tier.items():
            with failures.within(tier):
                for begin in range(0, len(mine), _AT_ONCE):
                    pause()
                    self._delete(mine[begin : begin + _AT_ONCE])
        failures.tell()

    def _delete(self, some: Sequence[tuple[int, str]]) -> None:
        self._objects.delete([key for _, key in some])
        self._catalog.forget([id for id, _ in some])
        self._metrics.objects_deleted += len(some)
        for deleted in some:
            del self._waiting[deleted]

    def sweep(self, grace_seconds: float, pause: Callable[[], None]) -> None:
        """Deletes orphans: objects without a row in the catalog, older than `grace_seconds`, but not of before it.

        Nothing is deleted in the place of a tier that can't be reached, or that another store took: that is raised as
        Unavailable or PlaceInUse when the others are done.
        """
        failures = Failures()
        for tier in self._ownership.tiers:
            with failures.within(tier):
                self._ownership.claim(tier)
        grace, now = int(grace_seconds * SECOND), self._clock()
        spared = self._catalog.spared()
        suspects = []
        try:
            for found in self._objects.list():
                pause()
                # One of the future was written before a clock was set back; two clocks may differ a little.
                is_old = found.modified <= now - grace or found.modified > now + grace
                is_orphan = spared < found.modified and is_old and is_segment_key(found.key)
                if is_orphan and split_address(found.key)[0] not in failures:
                    suspects.append(found.key)
                    if len(suspects) >= 1000:
                        self._sweep(suspects)
                        suspects = []
        except Unavailable:  # of one tier, as a rule: what was found in others is no worse for that
            self._sweep(suspects)
            raise
        self._sweep(suspects)
        failures.tell()

    def _sweep(self, keys: Sequence[str]) -> None:
        # What is under way is asked before what is committed: a key that moves between both is seen in one.
        needed = self._committer.under_way()
        needed |= self._catalog.knows(keys)
        needed |= self._live.held()  # where a segment that moved was, while a snapshot reads it there
        orphans = [key for key in keys if key not in needed]
        if orphans:
            self._objects.delete(orphans)
            self._metrics.orphans_deleted += len(orphans)
            _log.info("orphans deleted", objects=len(orphans), first=orphans[0])
