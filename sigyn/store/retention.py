"""What retention would remove now: a pure function of the live segments, the rules and the clock.

By period: each stream has one, or none. A segment goes as a whole when all its streams are past theirs. Else
it is rewritten without the streams of a period when the last entry of all that have this period is
past it: a level 1 segment belongs to one UTC day, so that it is rewritten once for each period that differs,
and an entry goes at most a day after its time. A small one of several days is rewritten day by day: it loses the
entries of the days that are past the period.

By size: when what is left is still too much, the oldest segments go, one by one, until it fits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from sigyn.model.delete_modes import DeleteMode
from sigyn.model.errors import NotFound
from sigyn.model.labels import Labels
from sigyn.model.time import DAY, HOUR
from sigyn.store.catalog import SegmentInfo
from sigyn.store.folders import DiskSpace
from sigyn.store.keys import day_of
from sigyn.store.streams import Int64s, StreamRegistry
from sigyn.store.tiers import HOT

_SPARED = HOUR  # another program may fill the disk, and what is happening now is needed most

LabelsOf = Callable[[int], Labels]
"""The labels of a stream by its id."""

DemotedOf = Callable[[str], frozenset[str]]
"""The labels of a tenant that entries may carry in place of their streams."""

StreamPeriods = Callable[[str, Int64s, LabelsOf, frozenset[str]], Int64s]
"""How long entries of a tenant's streams are kept, in ns; 0: for ever. Where entries of one stream are kept for
different times, since they carry some of these labels themselves, it is the longest of all."""


class Reason(Enum):
    """Why entries go; the values are names of settings."""

    PERIOD = "retention.period"
    TENANT_SIZE = "retention.max_tenant_bytes"
    SIZE = "retention.max_bytes"
    DISK = "retention.min_free"


def _for_ever(_tenant: str, ids: Int64s, _labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    return np.zeros(len(ids), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRules:
    """What a store may keep. Sizes are bytes of objects; 0 means no bound.

    periods           of each stream
    delete_delay      ns for which an entry stays after the end of its period
    max_bytes         of all tenants together
    max_tenant_bytes  of a tenant; `own_bytes` has those of some tenants
    own_delete_modes  those of tenants of which StoreSettings.delete_mode is different, as they are at each look
    min_free          bytes that stay free on the disk of the objects,
    min_free_share    or this share of it, from 0 to 1: whichever is more
    disk              looks at that disk; None when the objects are on none
    """

    periods: StreamPeriods = _for_ever
    delete_delay: int = 0
    max_bytes: int = 0
    max_tenant_bytes: int = 0
    own_bytes: Mapping[str, int] = field(default_factory=dict)
    own_delete_modes: Mapping[str, DeleteMode] = field(default_factory=dict)
    min_free: int = 0
    min_free_share: float = 0.0
    disk: Callable[[], DiskSpace] | None = None


KEEP_ALL = RetentionRules()


@dataclass(frozen=True, slots=True)
class Removal:
    """Streams of a segment, or all of it, that are to go for one reason.

    period        the one that is over (ns), 0 for other reasons
    ordinals      of the streams in the segment
    object_bytes  those of the segment in proportion to the text
    before        only entries of before this time (ns) go, None: all. Rows and bytes are then what they would be if
                  entries were spread evenly
    """

    segment: SegmentInfo
    reason: Reason
    period: int
    ordinals: Int64s
    rows: int
    text_bytes: int
    object_bytes: int
    before: int | None = None


@dataclass(frozen=True, slots=True)
class RuleTotal:
    """What one rule removes of a tenant; `segments` are counted that are dropped or rewritten for it."""

    tenant: str
    reason: Reason
    period: int
    segments: int
    rows: int
    text_bytes: int
    object_bytes: int


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What is to be removed now. `dropped` segments go as a whole, `rewritten` ones lose some of their streams."""

    dropped: tuple[tuple[Removal, ...], ...] = ()
    rewritten: tuple[tuple[Removal, ...], ...] = ()

    def totals(self) -> list[RuleTotal]:
        """By tenant and rule, in this order."""
        by_rule: dict[tuple[str, str, int], list[Removal]] = {}
        for removal in (each for removals in (*self.dropped, *self.rewritten) for each in removals):
            rule = removal.segment.tenant, removal.reason.value, removal.period
            by_rule.setdefault(rule, []).append(removal)
        return [
            RuleTotal(
                tenant,
                Reason(reason),
                period,
                len(removals),
                sum(removal.rows for removal in removals),
                sum(removal.text_bytes for removal in removals),
                sum(removal.object_bytes for removal in removals),
            )
            for (tenant, reason, period), removals in sorted(by_rule.items())
        ]


def plan_retention(
    segments: Sequence[SegmentInfo],
    streams: StreamRegistry,
    demoted: DemotedOf,
    rules: RetentionRules,
    now: int,
    reclaimable: int = 0,
) -> RetentionPlan:
    """What the rules remove of the live segments of all tenants at `now` (ns); nothing is changed.

    `reclaimable` are bytes on the disk of the objects that are going to be free in any case.
    """
    dropped: list[tuple[Removal, ...]] = []
    rewritten: list[tuple[Removal, ...]] = []
    left: dict[int, int] = {segment.id: segment.object_bytes for segment in segments}
    for segment in segments:
        own = demoted(segment.tenant)
        removals = tuple(_expired(segment, streams, own, rules, now, by_day=segment.level > 0))
        if not removals:
            continue
        left[segment.id] -= sum(removal.object_bytes for removal in removals)
        whole = all(removal.before is None for removal in removals)
        if whole and sum(removal.rows for removal in removals) == segment.rows:
            left.pop(segment.id)
            dropped.append(removals)
        elif segment.level:
            rewritten.append(removals)
        else:
            left[segment.id] = segment.object_bytes  # compaction is about to sort it by day
    too_much = list(_too_much(segments, left, rules, now, reclaimable))
    gone = {removal.segment.id for removal in too_much}
    return RetentionPlan(
        (*dropped, *((removal,) for removal in too_much)),
        tuple(removals for removals in rewritten if removals[0].segment.id not in gone),
    )


def past_retention(
    segment: SegmentInfo, streams: StreamRegistry, demoted: DemotedOf, rules: RetentionRules, now: int
) -> int | None:
    """The longest period of a segment's streams (ns) when all that it holds is past its period; else None.

    Bounds of size take nothing here: for segments that are not live. When the catalog lacks a stream of it, the longest
    period of any of the tenant's streams counts.
    """
    table, entry_labels = segment.streams, demoted(segment.tenant)

    def labels_of(id: int) -> Labels:
        return streams.labels(segment.tenant, id)

    try:
        periods = rules.periods(segment.tenant, table.ids, labels_of, entry_labels)
    except NotFound:
        known = np.array(streams.loaded().get(segment.tenant, ()), np.int64)
        of_known = rules.periods(segment.tenant, known, labels_of, entry_labels)
        periods = np.full(len(table), of_known.max() if len(known) and (of_known > 0).all() else 0)
    if (periods > 0).all() and int((table.last + periods).max()) + rules.delete_delay <= now:
        return int(periods.max())
    return None


def expired_uncompacted(
    segments: Iterable[SegmentInfo], streams: StreamRegistry, demoted: DemotedOf, rules: RetentionRules, now: int
) -> list[Removal]:
    """What is past its period in segments of level 0: it goes with them, or once compaction has sorted it by day."""
    return [
        removal
        for segment in segments
        if not segment.level
        for removal in _expired(segment, streams, demoted(segment.tenant), rules, now, by_day=True)
    ]


def _expired(
    segment: SegmentInfo,
    streams: StreamRegistry,
    demoted: frozenset[str],
    rules: RetentionRules,
    now: int,
    *,
    by_day: bool,
) -> Iterator[Removal]:
    """Streams whose period is over, one removal for each period; `by_day` also what is of days that are over."""
    table = segment.streams
    periods = rules.periods(segment.tenant, table.ids, lambda id: streams.labels(segment.tenant, id), demoted)
    for period in np.unique(periods[periods > 0]).tolist():
        ordinals = np.flatnonzero(periods == period)
        if int(table.last[ordinals].max()) + period + rules.delete_delay <= now:
            yield _removal(segment, Reason.PERIOD, period, ordinals)
        elif by_day and day_of(segment.first) < day_of(segment.last):
            before = day_of(now - period - rules.delete_delay) * DAY  # what is left of a day goes with it
            begun = ordinals[table.first[ordinals] < before]
            if len(begun):
                yield _part(_removal(segment, Reason.PERIOD, period, begun), before)


def _too_much(
    segments: Sequence[SegmentInfo], left: dict[int, int], rules: RetentionRules, now: int, reclaimable: int
) -> Iterator[Removal]:
    """The oldest segments, until no bound is exceeded; `left` has what would be there by id, and is changed."""
    oldest = sorted(segments, key=lambda segment: (segment.last, segment.first, segment.id))
    by_tenant: dict[str, list[SegmentInfo]] = {}
    for segment in oldest:
        by_tenant.setdefault(segment.tenant, []).append(segment)

    def take(candidates: Iterable[SegmentInfo], excess: int, reason: Reason) -> Iterator[Removal]:
        for segment in candidates:
            if excess <= 0:
                return
            size = left.pop(segment.id, None)
            if size is not None:
                excess -= size
                yield _removal(segment, reason, 0, np.arange(len(segment.streams)))

    for tenant, mine in by_tenant.items():
        bound = rules.own_bytes.get(tenant, rules.max_tenant_bytes)
        if bound:
            yield from take(mine, sum(left.get(segment.id, 0) for segment in mine) - bound, Reason.TENANT_SIZE)
    if rules.max_bytes:
        yield from take(oldest, sum(left.values()) - rules.max_bytes, Reason.SIZE)
    lacking = lacking_space(rules, reclaimable)
    if lacking > 0:
        on_disk = {segment.id: segment.object_bytes for segment in segments if segment.tier == HOT}
        freed = sum(on_disk.values()) - sum(size for id, size in left.items() if id in on_disk)
        spared = (segment for segment in oldest if segment.id in on_disk and segment.last <= now - _SPARED)
        yield from take(spared, lacking - freed, Reason.DISK)


def lacking_space(rules: RetentionRules, reclaimable: int) -> int:
    """Bytes that are to be free on the disk of the objects and are not; 0 or less when it has enough.

    `reclaimable` is as in `plan_retention`. Raises Unavailable when the disk can't be looked at.
    """
    if rules.disk is None or not (rules.min_free or rules.min_free_share):
        return 0
    disk = rules.disk()
    return max(rules.min_free, round(rules.min_free_share * disk.total)) - disk.free - reclaimable


def _removal(segment: SegmentInfo, reason: Reason, period: int, ordinals: npt.NDArray[np.int64]) -> Removal:
    table = segment.streams
    text_bytes = int(table.text_bytes[ordinals].sum())
    rows = int(table.rows[ordinals].sum())
    share = text_bytes / segment.text_bytes if segment.text_bytes else rows / segment.rows
    return Removal(segment, reason, period, ordinals, rows, text_bytes, round(share * segment.object_bytes))


def _part(removal: Removal, before: int) -> Removal:
    """The part of a removal that is of before a time."""
    table = removal.segment.streams
    first, last = int(table.first[removal.ordinals].min()), int(table.last[removal.ordinals].max())
    share = min((before - first) / (last + 1 - first), 1.0)
    return replace(
        removal,
        rows=max(round(share * removal.rows), 1),
        text_bytes=round(share * removal.text_bytes),
        object_bytes=round(share * removal.object_bytes),
        before=before,
    )


def rows_of(removals: Iterable[Removal], timestamps: Callable[[], Int64s]) -> Int64s:
    """Sorted row numbers, in a segment of level 1, of what removals of it take.

    `timestamps` gives those of all its rows, and is called when days are past a period that others are not.
    """
    numbers = []
    for removal in removals:
        table = removal.segment.streams
        for ordinal in removal.ordinals.tolist():
            first = int(table.first_row[ordinal])
            rows = np.arange(first, first + int(table.rows[ordinal]))
            numbers.append(rows if removal.before is None else rows[timestamps()[rows] < removal.before])
    return np.sort(np.concatenate(numbers))
