"""Quarantine: a segment whose object is lost leaves the live ones, once and with one notice."""

from collections.abc import Callable

import structlog

from sigyn.model.errors import Unavailable
from sigyn.store.catalog import Catalog, SegmentInfo
from sigyn.store.deletions import Deletions
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.rewrite import load_body
from sigyn.store.segment import verify_pages

_log = structlog.get_logger("sigyn.store")


class Quarantine:
    """Takes segments out of use; their objects stay where they are, for a person to look at, until retention ends."""

    def __init__(
        self,
        objects: ObjectStore,
        catalog: Catalog,
        live: LiveSegments,
        deletions: Deletions,
        metrics: StoreMetrics,
    ) -> None:
        self._objects = objects
        self._catalog = catalog
        self._live = live
        self._deletions = deletions
        self._metrics = metrics

    def take(self, segment: SegmentInfo, reason: SegmentLost) -> None:
        """Quarantines a segment, unless it is only archived; the rest of the store goes on answering.

        Raises Unavailable when its object is whole after all, and was changed on its way here; or can't be reached now.
        """
        if isinstance(reason, SegmentArchived):
            return
        if self._objects.path(segment.key) is None and self._is_whole(segment):
            raise Unavailable(f"object `{segment.key}` is whole, but did not arrive so: {reason}; ask again")
        if not self._live.quarantine(segment):
            return  # by another thread, or replaced meanwhile
        self._metrics.segments_quarantined += 1
        _log.error(
            "segment quarantined", object=segment.key, tenant=segment.tenant, rows=segment.rows, reason=str(reason)
        )
        try:
            self._catalog.quarantine(segment.id)
            self._catalog.bump_epoch(segment.tenant)
        except Unavailable as error:  # found lost again after the next start
            _log.warning("quarantine not recorded", object=segment.key, reason=str(error))

    def _is_whole(self, segment: SegmentInfo) -> bool:
        try:
            load_body(segment, self._objects)
        except SegmentLost:
            return False
        return True

    def retire(self, is_over: Callable[[SegmentInfo], bool], pause: Callable[[], None]) -> None:
        """Gives up those of which nothing would be kept if they were whole; their objects are reclaimed.

        `pause` is called before each and may raise to break off. Raises Unavailable when the catalog fails.
        """
        for segment in self._catalog.quarantined():
            pause()
            if is_over(segment) and self._catalog.discard(segment.id):
                self._live.discard(segment)
                self._metrics.segments_removed += 1
                self._metrics.entries_removed += segment.rows
                _log.info(
                    "segment in quarantine past its retention removed",
                    object=segment.key, tenant=segment.tenant, rows=segment.rows,
                )  # fmt: skip

    def recheck(self, pause: Callable[[], None]) -> None:
        """Makes those live again whose objects are whole after all: a disk was not mounted, a backup came back.

        `pause` is called before each and may raise to break off.
        Raises Unavailable when the object store or the catalog fails.
        """
        for segment in self._catalog.quarantined():
            pause()
            try:
                for _ in verify_pages(load_body(segment, self._objects)):
                    pause()
            except SegmentLost:
                continue
            self._catalog.restore(segment.id)
            self._deletions.refresh()
            self._live.change([segment], ())
            self._catalog.bump_epoch(segment.tenant)
            _log.info("segment restored", object=segment.key, tenant=segment.tenant, rows=segment.rows)
