"""Has archived objects restored that a query needs, once, and within what its tenant may."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from threading import Lock

import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.time import Clock
from sigyn.store.archives.archive import DURATIONS, Archive, ArchivedObject, State
from sigyn.store.archives.asking import AT_ONCE, ask_for, asking_pool, look_at, parts
from sigyn.store.archives.ledger import AskedRestore, RestoreBounds, RestoreLedger
from sigyn.store.archives.opening import open_archive
from sigyn.store.catalog import SegmentInfo
from sigyn.store.documents import Documents
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.settings import RestoreRule, TierSettings

_log = structlog.get_logger("sigyn.store")

_FAILED_SECONDS = 60.0


class Fate(Enum):
    """What becomes of an archived object that a query needs."""

    ARCHIVED = "archived"  # nobody asked for it
    ASKED = "asked"  # just now
    RESTORING = "restoring"
    READABLE = "readable"  # since just now
    REFUSED = "refused"  # the tenant may have no more restored
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of an object.

    since   when it was asked for (ns); None: it was not, or by somebody else
    speed   at which; empty where that is not known
    takes   how long that takes as a rule
    reason  why it failed
    """

    fate: Fate
    since: int | None = None
    speed: str = ""
    takes: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnreadSegments:
    """Archived segments of a tenant and tier that share a verdict; `since` is that of the first."""

    tenant: str
    tier: str
    verdict: Verdict
    segments: tuple[SegmentInfo, ...]


class Restores:
    """Safe to use from several threads; blocks."""

    def __init__(
        self,
        tiers: Sequence[TierSettings],
        objects: ObjectStore,
        documents: Documents,
        metrics: StoreMetrics,
        clock: Clock,
    ) -> None:
        """Raises BadRequest for a tier that can't be asked."""
        self._rules = {tier.name: tier.restore for tier in tiers if tier.restore}
        self._archives = {tier.name: open_archive(tier.objects) for tier in tiers if tier.restore}
        self._objects = objects
        self._ledger = RestoreLedger(documents, clock)
        self._metrics = metrics
        self._clock = clock
        self._pool = asking_pool()
        self._lock = Lock()
        self._confirmed: set[str] = set()  # addresses of which it is known that they are under way
        self._failed: dict[str, tuple[float, str]] = {}  # by address: when, monotonic, and why

    def close(self) -> None:
        """Lets go of the threads; nothing asks any more."""
        self._pool.shutdown()

    def of(
        self, segments: Sequence[SegmentInfo], bounds_of: Callable[[str], RestoreBounds], *, may_ask: bool
    ) -> list[UnreadSegments]:
        """What becomes of segments that were found archived, the newest first.

        Those whose tier says so are asked for, when the query `may_ask`, within the bounds of their tenants.
        """
        by_place: dict[tuple[str, str], list[SegmentInfo]] = {}
        for segment in sorted(segments, key=lambda segment: (segment.last, segment.id), reverse=True):
            by_place.setdefault((segment.tenant, segment.tier), []).append(segment)
        found = []
        for (tenant, tier), some in sorted(by_place.items()):
            verdicts: dict[Verdict, list[tuple[SegmentInfo, Verdict]]] = {}
            for segment, verdict in self._verdicts(tenant, tier, some, bounds_of(tenant), may_ask=may_ask):
                alike = replace(verdict, since=verdict.since and 0)
                verdicts.setdefault(alike, []).append((segment, verdict))
            for same in verdicts.values():
                first = min((verdict for _, verdict in same), key=lambda verdict: verdict.since or 0)
                found.append(UnreadSegments(tenant, tier, first, tuple(segment for segment, _ in same)))
        return found

    def _verdicts(
        self, tenant: str, tier: str, segments: Sequence[SegmentInfo], bounds: RestoreBounds, *, may_ask: bool
    ) -> Iterator[tuple[SegmentInfo, Verdict]]:
        try:
            asked = self._ledger.asked(tenant)
        except Unavailable as error:
            for segment in segments:
                yield segment, Verdict(Fate.FAILED, reason=str(error))
            return
        now = self._clock()
        archive, rule = self._archives.get(tier), self._rules.get(tier)
        noted: list[SegmentInfo] = []
        unasked: list[SegmentInfo] = []
        for segment in segments:
            entry = asked.get(segment.key)
            if entry is None or not entry.is_under_way(now):
                unasked.append(segment)
            elif segment.key in self._confirmed or archive is None or not may_ask:
                self._objects.look_again(segment.key)  # so that a query finds it as soon as it is there
                yield segment, _under_way(entry)
            else:
                noted.append(segment)
        if archive is None or rule is None or not may_ask:
            for segment in unasked:
                yield segment, Verdict(Fate.ARCHIVED)
            return
        for some in parts(noted, AT_ONCE):  # by a process that may have died before it asked
            for segment, found in self._looked_at(archive, some, asked).items():
                if isinstance(found, Verdict):
                    yield segment, found
                else:
                    unasked.append(segment)
        for some in parts(unasked, AT_ONCE):
            yield from self._ask(archive, tenant, tier, some, asked, rule, bounds)

    def _ask(
        self,
        archive: Archive,
        tenant: str,
        tier: str,
        segments: Sequence[SegmentInfo],
        asked: Mapping[str, AskedRestore],
        rule: RestoreRule,
        bounds: RestoreBounds,
    ) -> Iterator[tuple[SegmentInfo, Verdict]]:
        try:
            if not self._ledger.has_room(tenant, bounds):
                meanwhile = self._ledger.asked(tenant)
                for segment in segments:
                    yield segment, self._refusal(meanwhile.get(segment.key))
                return
            verdicts = self._looked_at(archive, segments, asked)
            archived = [(segment, each) for segment, each in verdicts.items() if isinstance(each, ArchivedObject)]
            outcomes = ask_for(self._pool, archive, self._ledger, tenant, archived, rule, bounds)
            meanwhile = self._ledger.asked(tenant)
        except Unavailable as error:
            for segment in segments:
                yield segment, Verdict(Fate.FAILED, reason=str(error))
            return
        sizes = {segment.key: segment.object_bytes for segment, _ in archived}
        done = [key for key, reason in outcomes.items() if not reason]
        if done:
            size = sum(sizes[key] for key in done)
            self._metrics.restores_asked += len(done)
            self._metrics.restore_bytes_asked += size
            _log.info(
                "objects asked to be restored for a query",
                tenant=tenant, tier=tier, objects=len(done), bytes=size, speed=rule.speed,
            )  # fmt: skip
        for segment, verdict in verdicts.items():
            if isinstance(verdict, Verdict):
                yield segment, verdict
            elif segment.key in outcomes:
                yield segment, self._outcome(segment, outcomes[segment.key], verdict, rule)
            else:
                yield segment, self._refusal(meanwhile.get(segment.key))

    def _refusal(self, meanwhile: AskedRestore | None) -> Verdict:
        """The verdict of what a query may not ask for, unless another one has just done so."""
        if meanwhile is not None and meanwhile.is_under_way(self._clock()):
            return _under_way(meanwhile)
        self._metrics.restores_refused += 1
        return Verdict(Fate.REFUSED)

    def _looked_at(
        self, archive: Archive, segments: Sequence[SegmentInfo], asked: Mapping[str, AskedRestore]
    ) -> dict[SegmentInfo, Verdict | ArchivedObject]:
        """Verdicts of the segments, but what their service says of those that are archived and not asked for."""
        verdicts: dict[SegmentInfo, Verdict | ArchivedObject] = {}
        for segment in segments:
            failed, reason = self._failed.get(segment.key, (-_FAILED_SECONDS, ""))
            if time.monotonic() < failed + _FAILED_SECONDS:
                verdicts[segment] = Verdict(Fate.FAILED, reason=reason)
        for looked in look_at(self._pool, archive, [segment for segment in segments if segment not in verdicts]):
            segment, found = looked.segment, looked.found
            if found is None:
                verdicts[segment] = self._failure(segment, looked.reason)
            elif found.state is State.ARCHIVED:
                verdicts[segment] = found
            else:
                self._objects.look_again(segment.key)
                entry = asked.get(segment.key)
                if found.state is State.RESTORING:
                    self._confirmed.add(segment.key)
                is_known = found.state is State.RESTORING and entry is not None
                fate = Fate.RESTORING if found.state is State.RESTORING else Fate.READABLE
                verdicts[segment] = _under_way(entry) if entry is not None and is_known else Verdict(fate)
        return verdicts

    def _outcome(self, segment: SegmentInfo, reason: str, found: ArchivedObject, rule: RestoreRule) -> Verdict:
        if reason:
            return self._failure(segment, reason)
        self._objects.look_again(segment.key)
        self._confirmed.add(segment.key)
        takes = DURATIONS.get((found.kind, rule.speed))
        return Verdict(Fate.ASKED, self._clock(), rule.speed, takes.text if takes else "")

    def _failure(self, segment: SegmentInfo, reason: str) -> Verdict:
        """Remembered for a while: a page that asks every few seconds would have the service refuse each time."""
        self._metrics.restores_failed += 1
        now = time.monotonic()
        with self._lock:
            self._failed = {key: was for key, was in self._failed.items() if now < was[0] + _FAILED_SECONDS}
            if not self._failed:  # once for a query that needs hundreds
                _log.warning("an object can't be restored", object=segment.key, tenant=segment.tenant, reason=reason)
            self._failed[segment.key] = now, reason
        return Verdict(Fate.FAILED, reason=reason)


def _under_way(entry: AskedRestore) -> Verdict:
    return Verdict(Fate.RESTORING, entry.asked, entry.speed, entry.takes.text if entry.takes else "")
