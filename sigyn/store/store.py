"""The store: takes batches in, gives snapshots out."""

from pathlib import Path

import structlog

from sigyn.model.batch import Batch
from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.live import LiveSegments
from sigyn.store.lock import FolderLock
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import LocalObjects, ObjectStore, open_objects
from sigyn.store.reader import SegmentReader
from sigyn.store.settings import ObjectStoreSettings, StoreSettings
from sigyn.store.snapshot import Snapshot
from sigyn.store.sqlite import SqliteCatalog
from sigyn.store.writer import Writer

_log = structlog.get_logger("sigyn.store")


class Store:
    """Segments in an object store and a catalog. Make one with `open`."""

    def __init__(
        self, settings: StoreSettings, objects: ObjectStore, catalog: SqliteCatalog, lock: FolderLock | None
    ) -> None:
        self._lock = lock
        self._catalog = catalog
        self._live = LiveSegments(catalog.live())
        self._reader = SegmentReader(objects)
        self.metrics = StoreMetrics()
        self.streams = catalog.registry
        self._writer = Writer(settings, objects, catalog, self._live, self.metrics)

    @classmethod
    def open(cls, settings: StoreSettings, objects: ObjectStore | None = None) -> "Store":
        """Opens or makes a store; `objects` in place of the settings' is for tests.

        Raises FolderInUse, UnknownFormat, Unavailable, and BadRequest for settings that make no sense.
        """
        lock = FolderLock(settings.data) if settings.data is not None else None
        try:
            catalog = SqliteCatalog(settings.data / "catalog.sqlite" if settings.data is not None else None)
            return cls(settings, objects or _objects(settings), catalog, lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    async def append(self, batch: Batch) -> None:
        """Returns when the batch's entries are durable and every later snapshot sees them.

        Raises TooManyRequests when too much waits to be written, and Unavailable when the object
        store or the catalog fails: the batch is not stored then.
        """
        await self._writer.append(batch)

    async def flush(self) -> None:
        """Returns when everything appended before is written or has failed."""
        await self._writer.flush()

    async def close(self) -> None:
        """Writes what is under way and lets go of everything. Snapshots must be closed before."""
        await self._writer.close()
        self._catalog.close()
        if self._lock is not None:
            self._lock.release()

    def snapshot(self, tenant: str, start: int, end: int) -> Snapshot:
        """The tenant's segments with entries at start <= t <= end (ns), as the catalog has them now."""
        return Snapshot(tenant, start, end, self._live, self._reader, self._quarantine)

    def _quarantine(self, segment: SegmentInfo, error: SegmentLost) -> None:
        if self._live.drop(segment):
            self.metrics.segments_quarantined += 1
            _log.error("segment quarantined", object=segment.key, rows=segment.rows, reason=str(error))
            self._catalog.quarantine(segment.id)


def _objects(settings: StoreSettings) -> ObjectStore:
    if settings.objects is not None:
        return open_objects(settings.objects)
    if settings.data is None:
        return open_objects(ObjectStoreSettings(url="memory://"))
    return LocalObjects(Path(settings.data) / "objects")
