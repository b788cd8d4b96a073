"""Removes entries for good: those that delete requests take, and those that retention does not keep.

Each step is a compaction of one segment without some of its rows, or a catalog transaction that takes a
segment out; the reclaimer deletes the objects. A process that dies in between does the rest after its
next start: what is done is in the catalog.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import groupby

import numpy as np
import structlog

from sigyn.model.time import Clock
from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.compactor import Compactor
from sigyn.store.deleted_rows import DeletedRows, EntryReader
from sigyn.store.deletions import Deletions
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.quarantine import Quarantine
from sigyn.store.retention import RetentionPlan, RetentionRules, RuleTotal, plan_retention, rows_of
from sigyn.store.settings import StoreSettings
from sigyn.store.streams import Int64s, StreamRegistry

_log = structlog.get_logger("sigyn.store")


class Forgetting:
    """Works in whatever thread calls, one at a time. Methods raise Unavailable, and may be repeated."""

    def __init__(
        self,
        settings: StoreSettings,
        rules: RetentionRules,
        streams: StreamRegistry,
        live: LiveSegments,
        reader: EntryReader,
        deletions: Deletions,
        deleted: DeletedRows,
        compactor: Compactor,
        committer: Committer,
        quarantine: Quarantine,
        metrics: StoreMetrics,
        clock: Clock,
    ) -> None:
        self._cancel_period = settings.delete_cancel_period
        self._filter_only = settings.delete_filter_only
        self._rules = rules
        self._streams = streams
        self._live = live
        self._reader = reader
        self._deletions = deletions
        self._deleted = deleted
        self._compactor = compactor
        self._committer = committer
        self._quarantine = quarantine
        self._metrics = metrics
        self._clock = clock

    def plan(self) -> RetentionPlan:
        """What retention would remove now."""
        reclaimable = self._live.reclaimable_bytes()
        return plan_retention(self._live.all(), self._streams, self._rules, self._clock(), reclaimable)

    def retire(self, pause: Callable[[], None]) -> None:
        """Removes what retention does not keep. `pause` may raise to break off."""
        plan = self.plan()
        for removal, *_ in plan.dropped:
            pause()
            self._committer.commit((), [removal.segment], forgets=True)
            self._metrics.segments_removed += 1
            self._metrics.entries_removed += removal.segment.rows
        for removals in plan.rewritten:
            segment = removals[0].segment
            try:
                rows = rows_of(removals, partial(self._timestamps, segment))
            except SegmentLost as error:
                self._quarantine.take(segment, error)
                continue
            self._compactor.run([segment], pause, {segment.id: rows})
        for total in plan.totals():
            _log.info("entries past their retention removed", **_described(total))

    def _timestamps(self, segment: SegmentInfo) -> Int64s:
        timestamps: Int64s = self._reader.read(segment, ["timestamp"])["timestamp"].to_numpy()
        return timestamps

    def delete_requested(self, pause: Callable[[], None]) -> None:
        """Removes what delete requests take whose time to be cancelled is over. `pause` may raise to break off."""
        if self._deleted.matcher is None:
            return
        ripe = self._clock() - self._cancel_period
        for tenant in self._deletions.tenants():
            if self._rules.own_filter_only.get(tenant, self._filter_only):
                continue
            due = [request for request in self._deletions.in_force(tenant) if request.created <= ripe]
            if due:
                # What is archived can't be looked through: the requests stay in force until it is restored.
                with suppress(SegmentArchived):
                    self._delete(tenant, due, pause)

    def _delete(self, tenant: str, due: list[DeleteRequest], pause: Callable[[], None]) -> None:
        """Works in the order of arrival, so that one number for each request says how far it is."""
        last = max(request.boundary for request in due)
        segments = sorted(self._live.of(tenant), key=lambda segment: segment.arrival)
        for arrival, some in groupby(segments, key=lambda segment: segment.arrival):
            if arrival > last:
                break
            looked_at = [segment for segment in some if self._clean(segment, due, pause)]
            if looked_at:
                self._deletions.advance(due, arrival)
        for request in due:
            self._deletions.advance([request], request.boundary)
            _log.info("delete request processed", tenant=tenant, request=request.id, query=request.query)

    def _clean(self, segment: SegmentInfo, due: list[DeleteRequest], pause: Callable[[], None]) -> bool:
        """Rewrites a segment without what the requests take; False when none of them concerns it."""
        concerned = [request for request in due if self._deleted.concerns(request, segment)]
        if not concerned:
            return False
        pause()
        try:
            rows = [self._deleted.matching(request, segment) for request in concerned]
        except SegmentArchived:
            raise
        except SegmentLost as error:
            self._quarantine.take(segment, error)
            return True
        unwanted = np.unique(np.concatenate(rows))
        if len(unwanted):
            self._compactor.run([segment], pause, {segment.id: unwanted})
        return True


def _described(total: RuleTotal) -> dict[str, object]:
    return {
        "tenant": total.tenant,
        "rule": total.reason.value,
        "segments": total.segments,
        "entries": total.rows,
        "object_bytes": total.object_bytes,
    }
