"""Removes entries for good: those that delete requests take, and those that retention does not keep.

Each step is a compaction of one segment without some of its rows, or a catalog transaction that takes a
segment out; the reclaimer deletes the objects. A process that dies in between does the rest after its
next start: what is done is in the catalog.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby

import structlog

from sigyn.model.time import SECOND, Clock
from sigyn.store.archives.sightings import Sightings
from sigyn.store.block_cache import BlockCache
from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.compactor import Compactor
from sigyn.store.deleted_rows import DeletedRows, EntryReader
from sigyn.store.deletions import Deletions
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.failures import Failures
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.quarantine import Quarantine
from sigyn.store.retention import (
    DemotedOf,
    Removal,
    RetentionPlan,
    RetentionRules,
    RuleTotal,
    lacking_space,
    past_retention,
    plan_retention,
    rows_of,
)
from sigyn.store.settings import StoreSettings
from sigyn.store.streams import Int64s, StreamRegistry

_log = structlog.get_logger("sigyn.store")

_ARCHIVED_SECONDS = 600.0
"""Between looks at an object that has to be restored: each is a request, and there may be thousands."""

_AHEAD_BYTES = 8 << 20
"""Text of segments that are looked through together: a tenth of a second."""


class Forgetting:
    """Works in whatever thread calls, one at a time. Methods raise Unavailable, and may be repeated."""

    def __init__(
        self,
        settings: StoreSettings,
        rules: RetentionRules,
        streams: StreamRegistry,
        demoted: DemotedOf,
        live: LiveSegments,
        reader: EntryReader,
        deletions: Deletions,
        deleted: DeletedRows,
        compactor: Compactor,
        committer: Committer,
        quarantine: Quarantine,
        metrics: StoreMetrics,
        clock: Clock,
        cache: BlockCache | None,
    ) -> None:
        self._cancel_period = settings.delete_cancel_period
        self._rules = rules
        self._streams = streams
        self._demoted = demoted
        self._live = live
        self._reader = reader
        self._deletions = deletions
        self._deleted = deleted
        self._compactor = compactor
        self._committer = committer
        self._quarantine = quarantine
        self._metrics = metrics
        self._clock = clock
        self._cache = cache
        self._ahead: dict[str, float] = {}  # requests of a time that is to come: when they were seen, monotonic
        self._archived = Sightings(_ARCHIVED_SECONDS)
        self._failed: set[int] = set()  # ids of segments that retention could not rewrite last
        self._held_up: dict[str, Mapping[str, int]] = {}

    def look_again(self) -> None:
        """Forgets which segments were found archived, as after they have been restored."""
        self._archived.clear()

    def held_up(self) -> Mapping[str, int]:
        """Delete requests by id that wait for objects to be restored, with how many these are."""
        return {id: count for waiting in list(self._held_up.values()) for id, count in waiting.items()}

    def plan(self) -> RetentionPlan:
        """What retention would remove now."""
        reclaimable, segments = self._live.reclaimable_bytes(), self._live.all()
        if self._cache is not None:
            reclaimable += self._cache.held_bytes()
        return plan_retention(segments, self._streams, self._demoted, self._rules, self._clock(), reclaimable)

    def retire(self, pause: Callable[[], None]) -> None:
        """Removes what retention does not keep, in quarantine too, but for what is archived.

        A segment of which it failed comes last from then on: it may be the only one that fails.
        `pause` may raise to break off.
        """
        now = self._clock()
        self._quarantine.retire(
            lambda segment: past_retention(segment, self._streams, self._demoted, self._rules, now) is not None, pause
        )
        self._give_up_cache()
        plan = self.plan()
        for removal, *_ in plan.dropped:
            pause()
            self._committer.commit((), [removal.segment], forgets=True)
            self._metrics.segments_removed += 1
            self._metrics.entries_removed += removal.segment.rows
        failures = Failures()
        rewritten = []
        self._failed.intersection_update(removals[0].segment.id for removals in plan.rewritten)
        for removals in sorted(plan.rewritten, key=lambda removals: removals[0].segment.id in self._failed):
            tier = removals[0].segment.tier
            if tier not in failures:
                with failures.within(tier):
                    if self._take_out(removals, pause):
                        rewritten.append(removals)
                if tier in failures:
                    self._failed.add(removals[0].segment.id)
        for total in RetentionPlan(plan.dropped, tuple(rewritten)).totals():
            _log.info("entries past their retention removed", **_described(total))
        failures.tell()

    def _give_up_cache(self) -> None:
        """What can be read again goes before any segment when the disk that both are on is short."""
        if self._cache is None:
            return
        given_up = self._cache.give_up(lacking_space(self._rules, self._live.reclaimable_bytes()))
        if given_up:
            _log.info("cache given up for retention.min_free", bytes=given_up)

    def _take_out(self, removals: Sequence[Removal], pause: Callable[[], None]) -> bool:
        """Rewrites a segment without some of its entries; False when it is archived, or lost."""
        segment = removals[0].segment
        if self._archived.has(segment.id):
            return False
        try:
            rows = rows_of(removals, partial(self._timestamps, segment))
            archived = self._compactor.run([segment], pause, {segment.id: rows})
        except SegmentArchived:
            archived = [segment]
        except SegmentLost as error:
            self._quarantine.take(segment, error)
            return False
        if archived:
            self._archived.note(segment.id)
        return not archived

    def _timestamps(self, segment: SegmentInfo) -> Int64s:
        timestamps: Int64s = self._reader.read(segment, ["timestamp"])["timestamp"].to_numpy()
        return timestamps

    def delete_requested(self, pause: Callable[[], None]) -> None:
        """Removes what delete requests take whose time to be cancelled is over. `pause` may raise to break off."""
        if self._deleted.matcher is None:
            return
        failures = Failures()
        for tenant, due in self._due().items():
            if due and self._deletions.modes.removes(tenant):
                with failures.within(tenant):
                    self._delete(tenant, due, pause)
        failures.tell()

    def _due(self) -> dict[str, list[DeleteRequest]]:
        """By tenant the requests whose time to be cancelled is over.

        The clock may have been set back since one was made: its time then counts from when that is seen, because what
        is removed is gone for good.
        """
        now, seen = self._clock(), time.monotonic()
        unprocessed = {tenant: self._deletions.unprocessed(tenant) for tenant in self._deletions.tenants()}
        self._ahead = {
            request.id: self._ahead.get(request.id, seen)
            for requests in unprocessed.values()
            for request in requests
            if request.created > now
        }

        def is_due(request: DeleteRequest) -> bool:
            if request.id in self._ahead:
                return seen - self._ahead[request.id] >= self._cancel_period / SECOND
            return request.created + self._cancel_period <= now

        return {tenant: list(filter(is_due, requests)) for tenant, requests in unprocessed.items()}

    def _delete(self, tenant: str, due: list[DeleteRequest], pause: Callable[[], None]) -> None:
        """Works in the order of arrival, so that one number for each request says how far it is.

        What is archived can't be looked through: requests that it may concern stay in force until it is restored.
        Ends early when the tenant's mode changes meanwhile.
        """
        held_up: Counter[str] = Counter()
        last = max(request.boundary for request in due)
        segments = sorted(self._live.of(tenant), key=lambda segment: segment.arrival)
        concerned = [segment for segment in segments if segment.arrival <= last]
        for arrival, some in groupby(self._looked_ahead(concerned, due), key=lambda segment: segment.arrival):
            if not self._deletions.modes.removes(tenant):
                return
            looked_at = [segment for segment in some if self._clean(segment, due, held_up, pause)]
            going_on = [request for request in due if request.id not in held_up]
            if looked_at and going_on:
                self._deletions.advance(going_on, arrival)
        before = self._held_up.get(tenant, {})
        for request in due:
            if request.id in held_up and request.id not in before:
                _log.info(
                    "delete request waits for objects to be restored",
                    tenant=tenant, request=request.id, objects=held_up[request.id],
                )  # fmt: skip
        self._held_up[tenant] = held_up
        for request in due:
            if request.id in held_up:
                continue
            self._deletions.advance([request], request.boundary)
            _log.info("delete request processed", tenant=tenant, request=request.id, query=request.query)

    def _looked_ahead(self, segments: Sequence[SegmentInfo], due: Sequence[DeleteRequest]) -> Iterator[SegmentInfo]:
        """The same one by one; what the requests take of small ones is found together, which takes less time."""
        for some in _together(segments):
            with suppress(SegmentLost):  # its own turn tells
                self._deleted.of(due, [segment for segment in some if not self._archived.has(segment.id)])
            yield from some

    def _clean(
        self, segment: SegmentInfo, due: list[DeleteRequest], held_up: Counter[str], pause: Callable[[], None]
    ) -> bool:
        """Rewrites a segment without what the requests take; False when none of them concerns it.

        Requests that have to wait until it is restored are counted by id in `held_up`.
        """
        concerned = [request for request in due if self._deleted.concerned(request, [segment])]
        if not concerned:
            return False
        pause()
        if not self._archived.has(segment.id):
            try:
                is_archived = self._rewrite_without(segment, concerned, pause)
            except SegmentArchived:
                is_archived = True
            except SegmentLost as error:
                self._quarantine.take(segment, error)
                return True
            if not is_archived:
                return True
            self._archived.note(segment.id)
        held_up.update(request.id for request in concerned)
        return True

    def _rewrite_without(
        self, segment: SegmentInfo, concerned: Sequence[DeleteRequest], pause: Callable[[], None]
    ) -> bool:
        """Rewrites a segment without what the requests take; whether it is archived, so that it can't be."""
        unwanted = self._deleted.of(concerned, [segment])[segment.id]
        return bool(len(unwanted) and self._compactor.run([segment], pause, {segment.id: unwanted}))


def _together(segments: Sequence[SegmentInfo]) -> Iterator[list[SegmentInfo]]:
    """Segments in runs that are looked through without a pause."""
    some: list[SegmentInfo] = []
    text_bytes = 0
    for segment in segments:
        text_bytes += segment.text_bytes
        if some and text_bytes > _AHEAD_BYTES:
            yield some
            some, text_bytes = [], segment.text_bytes
        some.append(segment)
    yield some


def _described(total: RuleTotal) -> dict[str, object]:
    return {
        "tenant": total.tenant,
        "rule": total.reason.value,
        "segments": total.segments,
        "entries": total.rows,
        "object_bytes": total.object_bytes,
    }
