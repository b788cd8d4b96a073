"""The live segments in memory, and those in quarantine: what a snapshot sees, and which objects it holds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from sigyn.store.arrivals import Arrivals
from sigyn.store.catalog import SegmentInfo

Segments = tuple[SegmentInfo, ...]


class LiveSegments:
    """Live segments by tenant, changed in one step with the catalog; safe to use from several threads."""

    def __init__(self, segments: Iterable[SegmentInfo], quarantined: Iterable[SegmentInfo] = ()) -> None:
        self._lock = Lock()
        self._tenants: dict[str, Segments] = {}
        self._quarantined = {segment.key: segment for segment in quarantined}
        self._pins: Counter[str] = Counter()  # by address: a segment that moves has two for a while
        self._dead: dict[str, SegmentInfo] = {}
        self._uncompacted: dict[int, int] = {}  # L0 segments, and bytes of their text
        self._uncompacted_bytes = 0
        self._arrivals: dict[str, Arrivals] = {}
        segments = list(segments)
        for segment in segments:
            self._arrivals_of(segment.tenant).known(segment)
        self.change(segments, ())

    def change(self, added: Iterable[SegmentInfo], removed: Iterable[SegmentInfo]) -> None:
        """What one catalog transaction changed. Objects of `removed` are reclaimable when nothing pins them."""
        gone = {segment.key: segment for segment in removed}
        with self._lock:
            added = list(added)
            self._dead.update(gone)
            self._note_uncompacted(added, gone.values())
            changed: dict[str, list[SegmentInfo]] = {}
            for tenant in {segment.tenant for segment in gone.values()}:
                changed[tenant] = [segment for segment in self._tenants[tenant] if segment.key not in gone]
            for segment in added:
                self._quarantined.pop(segment.key, None)
                self._arrivals_of(segment.tenant).add(segment)
                if segment.tenant not in changed:
                    changed[segment.tenant] = list(self._tenants.get(segment.tenant, ()))
                changed[segment.tenant].append(segment)
            for tenant, segments in changed.items():
                self._tenants[tenant] = tuple(segments)

    def adopt(self, segments: Sequence[SegmentInfo]) -> set[str]:
        """Takes what the catalog has for true; the tenants for which something was different here.

        No `change` may come between what the catalog said and this.
        """
        there = {segment.key: segment for segment in segments}
        here = {segment.key: segment for segment in self.all()}
        added = [segment for key, segment in there.items() if key not in here]
        # Of one that moved the old object is given up, and its id stays.
        removed = [segment for key, segment in here.items() if key not in there]
        self.change(added, removed)
        return {segment.tenant for segment in (*added, *removed)}

    def move(self, segment: SegmentInfo, moved: SegmentInfo) -> None:
        """The object of a segment is elsewhere from now on; the old one is reclaimable when nothing pins it."""
        with self._lock:
            self._tenants[segment.tenant] = tuple(
                moved if other.key == segment.key else other for other in self._tenants[segment.tenant]
            )
            self._dead[segment.key] = segment

    def quarantine(self, segment: SegmentInfo) -> bool:
        """Takes a segment out without giving its object up; False when it was not live any more."""
        with self._lock:
            segments = self._tenants.get(segment.tenant, ())
            left = tuple(other for other in segments if other.key != segment.key)
            self._tenants[segment.tenant] = left
            self._note_uncompacted((), [segment])
            was_live = len(left) < len(segments)
            if was_live:
                self._quarantined[segment.key] = segment
            return was_live

    def discard(self, segment: SegmentInfo) -> None:
        """Gives up the object of a segment in quarantine: it is reclaimable when nothing pins it."""
        with self._lock:
            self._quarantined.pop(segment.key, None)
            self._dead[segment.key] = segment

    def pin(self, tenant: str, first: int, last: int) -> tuple[Segments, Segments]:
        """The tenant's segments with first <= t <= last (ns), newest first; each is pinned until `unpin`.

        And, as they were at the same moment, those in quarantine, which are not pinned.
        """
        with self._lock:
            found = _overlapping(self._tenants.get(tenant, ()), first, last)
            self._pins.update(segment.key for segment in found)
            lost = _overlapping(self._quarantined.values(), first, last) if self._quarantined else []
        newest_first = sorted(found, key=lambda segment: (segment.last, segment.id), reverse=True)
        return tuple(newest_first), tuple(segment for segment in lost if segment.tenant == tenant)

    def quarantined(self, tenant: str, first: int, last: int) -> list[SegmentInfo]:
        """The tenant's segments in quarantine with first <= t <= last (ns)."""
        with self._lock:
            lost = _overlapping(self._quarantined.values(), first, last)
        return [segment for segment in lost if segment.tenant == tenant]

    def unpin(self, segments: Iterable[SegmentInfo]) -> bool:
        """Ends a pin; whether there are removed segments that waited for it."""
        with self._lock:
            for segment in segments:
                self._pins[segment.key] -= 1
                if not self._pins[segment.key]:
                    del self._pins[segment.key]
            return bool(self._dead)

    def newest(self, tenant: str) -> int:
        """The id of the tenant's newest level 0 segment ever, 0 when there was none."""
        with self._lock:
            return self._arrivals_of(tenant).newest

    def arrived_since(self, tenant: str, newest: int, first: int, last: int) -> bool:
        """Whether entries of first <= t <= last (ns) may have come since `newest` was the tenant's newest segment."""
        with self._lock:
            arrivals = self._arrivals_of(tenant)
            if newest >= arrivals.complete_since:
                return arrivals.since(newest, first, last)
            segments = self._tenants.get(tenant, ())
        return any(s.arrival > newest and s.first <= last and s.last >= first for s in segments)

    def take_reclaimable(self) -> list[SegmentInfo]:
        """Removed segments that nothing pins. Each is given once."""
        with self._lock:
            free = [segment for key, segment in self._dead.items() if key not in self._pins]
            for segment in free:
                del self._dead[segment.key]
            return free

    def held(self) -> set[str]:
        """Addresses of all objects that somebody may read: of live segments, and of removed ones still there."""
        with self._lock:
            return {segment.key for segments in self._tenants.values() for segment in segments} | self._dead.keys()

    def referring(self) -> list[SegmentInfo]:
        """All segments that somebody may read: live ones, and removed ones whose objects are still there."""
        with self._lock:
            return [*(each for segments in self._tenants.values() for each in segments), *self._dead.values()]

    def reclaimable_bytes(self) -> int:
        """Bytes of the objects of removed segments that are still there, whether or not something pins them."""
        with self._lock:
            return sum(segment.object_bytes for segment in self._dead.values())

    def in_use(self) -> bool:
        """Whether any snapshot is open."""
        return bool(self._pins)

    def uncompacted(self) -> tuple[int, int]:
        """Number of L0 segments, and bytes of their text."""
        return len(self._uncompacted), self._uncompacted_bytes

    def all(self) -> list[SegmentInfo]:
        """The segments of all tenants."""
        with self._lock:
            return [segment for segments in self._tenants.values() for segment in segments]

    def tenants(self) -> list[str]:
        """Tenants that have segments."""
        with self._lock:
            return [tenant for tenant, segments in self._tenants.items() if segments]

    def of(self, tenant: str) -> Sequence[SegmentInfo]:
        """The tenant's segments in order of commit."""
        return self._tenants.get(tenant, ())

    def _arrivals_of(self, tenant: str) -> Arrivals:
        return self._arrivals.setdefault(tenant, Arrivals())

    def _note_uncompacted(self, added: Iterable[SegmentInfo], removed: Iterable[SegmentInfo]) -> None:
        for segment in added:
            if segment.level == 0:
                self._uncompacted[segment.id] = segment.text_bytes
                self._uncompacted_bytes += segment.text_bytes
        for segment in removed:
            self._uncompacted_bytes -= self._uncompacted.pop(segment.id, 0)


def _overlapping(segments: Iterable[SegmentInfo], first: int, last: int) -> list[SegmentInfo]:
    return [segment for segment in segments if segment.first <= last and segment.last >= first]
