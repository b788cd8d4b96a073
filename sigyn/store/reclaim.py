"""Deletes objects that nobody needs: those of replaced segments, and orphans."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.time import SECOND, Clock
from sigyn.store.catalog import Catalog
from sigyn.store.commit import Committer
from sigyn.store.deleted_rows import DeletedRows
from sigyn.store.duplicates import DuplicateFinder
from sigyn.store.failures import FAILURES, Failures
from sigyn.store.keys import committed_before, is_segment_key
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore, StoredObject
from sigyn.store.ownership import Ownership
from sigyn.store.reader import SegmentReader
from sigyn.store.tiers import split_address

_log = structlog.get_logger("sigyn.store")

_AT_ONCE = 100  # deletions between which the store may close
_LOOKED_UP = 1000  # objects that the catalog is asked for before the next ones are listed


class Reclaimer:
    """Deletes objects. Methods raise Unavailable when the object store or the catalog fails, and may be repeated.

    `unknown` is how many objects of segments the last sweep found that the catalog lacks, and spared.
    """

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
        self._opened = clock()
        self._newest_when_opened = catalog.newest
        self._is_compared = False
        self.unknown = 0
        # Ids and addresses; at first those that the process before did not come to delete.
        self._waiting = dict.fromkeys(catalog.replaced())

    def reclaim(self, pause: Callable[[], None]) -> None:
        """Deletes the objects of replaced segments that no snapshot holds any more. `pause` may raise to break off.

        What can't be deleted in one tier waits, and keeps nothing in the others. An object that may be the only one
        that can't comes last from then on.
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
                self._ownership.claim(tier)  # a copy of this store may need what this one does not
                for begin in range(0, len(mine), _AT_ONCE):
                    pause()
                    self._delete(mine[begin : begin + _AT_ONCE])
        failures.tell()

    def _delete(self, some: Sequence[tuple[int, str]]) -> None:
        deleted = 0
        try:
            for _, key in some:
                self._objects.delete([key])
                deleted += 1
        except FAILURES:
            refused = some[deleted]
            self._waiting[refused] = self._waiting.pop(refused)
            raise
        finally:
            if deleted:
                self._catalog.forget([id for id, _ in some[:deleted]])
                self._metrics.objects_deleted += deleted
                for gone in some[:deleted]:
                    del self._waiting[gone]

    def sweep(self, grace_seconds: float, pause: Callable[[], None]) -> None:
        """Deletes orphans: objects without a row in the catalog, older than `grace_seconds`, but not of before it.

        Nothing is deleted in the place of a tier that can't be reached, or that another store took: that is raised as
        Unavailable or PlaceInUse when the others are done.
        """
        failures = Failures()
        for tier in self._ownership.tiers:
            with failures.within(tier):
                self._ownership.claim(tier)
        with failures.within("a comparison with the catalog"):
            self.compare(pause)
        grace, now = int(grace_seconds * SECOND), self._clock()
        spared = self._catalog.spared()
        suspects: list[str] = []
        kept: list[str] = []
        try:
            for found in filter(_is_segment, self._objects.list()):
                pause()
                # One of the future was written before a clock was set back; two clocks may differ a little.
                is_old = found.modified <= now - grace or found.modified > now + grace
                if found.modified <= spared:
                    kept.append(found.key)
                elif is_old and split_address(found.key)[0] not in failures:
                    suspects.append(found.key)
                    if len(suspects) >= _LOOKED_UP:
                        self._sweep(suspects)
                        suspects = []
        except Unavailable:  # of one tier, as a rule: what was found in others is no worse for that
            self._sweep(suspects)
            raise
        self._sweep(suspects)
        self._tell_of(kept)
        failures.tell()

    def compare(self, pause: Callable[[], None]) -> None:
        """Spares objects that were written when the catalog had more segments than when it was opened; once.

        It is older than they are, as one from a backup is, or has lost its last commits with its log. Soon after the
        start: what is committed from then on hides it from a later one.
        """
        if self._is_compared:
            return
        written: dict[str, int] = {}
        try:
            for found in filter(_is_segment, self._objects.list()):
                pause()
                by_then = self._newest_when_opened if found.modified <= self._opened else self._catalog.newest
                if committed_before(found.key) > by_then:
                    written[found.key] = found.modified
        finally:  # when a tier can't be reached, what was found in others is swept all the same
            unknown = self._unknown(written)
            if unknown:
                self._catalog.spare(max(written[key] for key in unknown))
        self._is_compared = True

    def _tell_of(self, spared: Sequence[str]) -> None:
        unknown = self._unknown(spared)
        self.unknown = len(unknown)
        if unknown:
            _log.error(
                "objects are missing in the catalog, which is younger than they are, or older than it was",
                objects=len(unknown),
                first=unknown[0],
                hint="no query finds what is in them; move the catalog away (drop its tables in PostgreSQL) and run "
                "`sigyn store rebuild-catalog`",
            )

    def _sweep(self, keys: Sequence[str]) -> None:
        orphans = self._unknown(keys)
        if orphans:
            self._objects.delete(orphans)
            self._metrics.orphans_deleted += len(orphans)
            _log.warning("orphans deleted", objects=len(orphans), first=orphans[0])

    def _unknown(self, keys: Iterable[str]) -> list[str]:
        """Those of these objects that nobody needs as far as the catalog knows."""
        unknown: list[str] = []
        left = iter(keys)
        while some := list(islice(left, _LOOKED_UP)):
            # What is under way is asked before what is committed: a key that moves between both is seen in one.
            needed = self._committer.under_way()
            needed |= self._catalog.knows(some)
            needed |= self._live.held()  # where a segment that moved was, while a snapshot reads it there
            unknown += [key for key in some if key not in needed]
        return unknown


def _is_segment(found: StoredObject) -> bool:
    return is_segment_key(found.key)
