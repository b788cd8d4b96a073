"""Deletes objects that nobody needs: those of replaced segments, and orphans."""

from collections.abc import Callable, Sequence

import structlog

from sigyn.model.time import SECOND, Clock
from sigyn.store.catalog import Catalog
from sigyn.store.commit import Committer
from sigyn.store.deleted_rows import DeletedRows
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.reader import SegmentReader

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
        self._metrics = metrics
        self._clock = clock
        self._waiting = catalog.replaced()  # those that the process before did not come to delete

    def reclaim(self, pause: Callable[[], None]) -> None:
        """Deletes the objects of replaced segments that no snapshot holds any more. `pause` may raise to break off."""
        free = self._live.take_reclaimable()
        self._reader.forget(free)
        self._finder.forget(free)
        self._deleted.forget(free)
        self._waiting += [(segment.id, segment.key) for segment in free]
        while self._waiting:
            pause()
            some = self._waiting[:_AT_ONCE]
            self._objects.delete([key for _, key in some])
            self._catalog.forget([id for id, _ in some])
            self._metrics.objects_deleted += len(some)
            del self._waiting[:_AT_ONCE]

    def sweep(self, grace_seconds: float, pause: Callable[[], None]) -> None:
        """Deletes orphans: objects without a row in the catalog, older than `grace_seconds`, but not of before it."""
        settled = self._clock() - int(grace_seconds * SECOND)
        spared = self._catalog.spared()
        suspects = []
        for found in self._objects.list():
            pause()
            if spared < found.modified <= settled and found.key.endswith(".parquet"):
                suspects.append(found.key)
                if len(suspects) >= 1000:
                    self._sweep(suspects)
                    suspects = []
        self._sweep(suspects)

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
