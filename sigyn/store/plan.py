"""What the background would do next, and what the result costs: a dry run over the catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sigyn.model.delete_modes import DeleteModes
from sigyn.model.errors import BadRequest, NotFound
from sigyn.store.block_cache import cached_bytes
from sigyn.store.catalog import Catalog, SegmentInfo
from sigyn.store.compaction import compaction_rules, plan_compaction
from sigyn.store.moves import plan_moves
from sigyn.store.open_catalog import catalog_name, has_catalog, open_catalog
from sigyn.store.places import cache_folder, check_places
from sigyn.store.planned_deletes import GB, MatchStreams, PlannedDelete, planned_delete
from sigyn.store.retention import (
    KEEP_ALL,
    DemotedOf,
    Reason,
    Removal,
    RetentionRules,
    expired_uncompacted,
    past_retention,
    plan_retention,
)
from sigyn.store.settings import StoreSettings
from sigyn.store.simulation import merged
from sigyn.store.streams import StreamRegistry


@dataclass(frozen=True, slots=True)
class Step:
    """Segments of a tenant that are to be merged, moved or deleted, in a tier.

    action      `merge`, `move`, `delete`, or `discard` for what is in quarantine
    reason      the tier that they move to, or the setting that deletes them
    period      that is over (ns), where it is that setting
    object_bytes  as they are now
    """

    action: str
    tenant: str
    tier: str
    reason: str
    segments: int
    rows: int
    object_bytes: int
    period: int = 0


@dataclass(frozen=True, slots=True)
class Holding:
    """What a tenant has in a tier; `month` in dollars, None where the tier has no price."""

    tenant: str
    tier: str
    segments: int
    rows: int
    text_bytes: int
    object_bytes: int
    month: float | None


@dataclass(frozen=True, slots=True)
class StorePlan:
    """What is there, what is to be done, and what is there afterwards, as far as sizes can be told.

    `quarantined` is what is there beside `now`, as objects that may be damaged or missing.
    `uncompacted` is what is past its period in segments that have to be compacted before it can go, in rows and bytes
    as if entries were spread evenly; `then` has it still.
    `deletes` are requests that are not processed; `then` has their entries still, as only reading tells which they are.
    """

    now: tuple[Holding, ...]
    quarantined: tuple[Holding, ...]
    steps: tuple[Step, ...]
    uncompacted: tuple[Step, ...]
    then: tuple[Holding, ...]
    deletes: tuple[PlannedDelete, ...]


def plan_store(
    settings: StoreSettings,
    prices: Mapping[str, float],
    now: int,
    retention: RetentionRules = KEEP_ALL,
    match: MatchStreams | None = None,
) -> StorePlan:
    """The plan for a store, which may be open in another process: the catalog is only read.

    `prices` are dollars per GB and month by tier; `match` understands delete requests, without it there are none.
    Raises NotFound when there is no catalog, and BadRequest for settings with which no store opens.
    """
    if settings.data is None:
        raise BadRequest("a store in memory has no plan")
    check_places(settings)
    if not has_catalog(settings):
        raise NotFound(f"there is no catalog at `{catalog_name(settings)}`")
    catalog = open_catalog(settings, read_only=True)
    try:
        demoted = cache(lambda tenant: frozenset(label.name for label in catalog.demoted(tenant)))
        segments = catalog.live()
        folder = cache_folder(settings)
        reclaimable = cached_bytes(folder) if folder is not None else 0  # a server gives it up before any segment
        left, deletions = _retire(segments, catalog.registry, demoted, retention, now, reclaimable)
        uncompacted = _deletions(expired_uncompacted(left, catalog.registry, demoted, retention, now))
        quarantined = catalog.quarantined()
        discarded = _discard(quarantined, catalog.registry, demoted, retention, now)
        deletes = _deletes(catalog, left, settings, demoted, retention, match, prices) if match is not None else ()
    finally:
        catalog.close()
    left, merges = _merge(left, settings, now)
    moves = plan_moves(left, settings.tiers, now)
    targets = {move.segment.key: move.tier for move in moves}
    steps = [*discarded, *deletions, *merges, *_totals("move", [(move.segment, move.tier) for move in moves])]
    tiers = [(segment, targets.get(segment.key, segment.tier)) for segment in left]
    return StorePlan(
        now=_holdings([(segment, segment.tier) for segment in segments], prices),
        quarantined=_holdings([(segment, segment.tier) for segment in quarantined], prices),
        steps=tuple(steps),
        uncompacted=tuple(uncompacted),
        then=_holdings(tiers, prices),
        deletes=deletes,
    )


def _deletes(
    catalog: Catalog,
    segments: Sequence[SegmentInfo],
    settings: StoreSettings,
    demoted: DemotedOf,
    retention: RetentionRules,
    match: MatchStreams,
    prices: Mapping[str, float],
) -> tuple[PlannedDelete, ...]:
    pending = [request for request in catalog.delete_requests() if not request.is_processed]
    modes = DeleteModes(settings.delete_mode, retention.own_delete_modes)
    planned = []
    for request in pending:
        tenant = request.tenant
        own = [segment for segment in segments if segment.tenant == tenant]
        planned.append(
            planned_delete(
                request, modes.of(tenant), settings.delete_cancel_period, own, catalog.registry, demoted(tenant), match,
                prices,
            )
        )  # fmt: skip
    return tuple(planned)


def _retire(
    segments: Sequence[SegmentInfo],
    streams: StreamRegistry,
    demoted: DemotedOf,
    rules: RetentionRules,
    now: int,
    reclaimable: int,
) -> tuple[list[SegmentInfo], list[Step]]:
    planned = plan_retention(segments, streams, demoted, rules, now, reclaimable)
    gone = {removal.segment.id for removals in planned.dropped for removal in removals}
    kept = {segment.id: segment for segment in segments if segment.id not in gone}
    removals = [removal for some in (*planned.dropped, *planned.rewritten) for removal in some]
    for removal in removals:
        if removal.segment.id in kept:
            was = kept[removal.segment.id]
            kept[was.id] = replace(
                was,
                rows=was.rows - removal.rows,
                text_bytes=was.text_bytes - removal.text_bytes,
                object_bytes=was.object_bytes - removal.object_bytes,
            )
    return list(kept.values()), _deletions(removals)


def _deletions(removals: Sequence[Removal]) -> list[Step]:
    totals: dict[tuple[str, str, str, int], Step] = {}
    for removal in removals:
        segment = removal.segment
        key = (segment.tenant, segment.tier, removal.reason.value, removal.period)
        step = totals.get(key) or Step("delete", *key[:3], segments=0, rows=0, object_bytes=0, period=removal.period)
        totals[key] = _more(step, removal.rows, removal.object_bytes)
    return [totals[key] for key in sorted(totals)]


def _discard(
    quarantined: Sequence[SegmentInfo], streams: StreamRegistry, demoted: DemotedOf, rules: RetentionRules, now: int
) -> list[Step]:
    totals: dict[tuple[str, str, int], Step] = {}
    for segment in quarantined:
        period = past_retention(segment, streams, demoted, rules, now)
        if period is not None:
            key = (segment.tenant, segment.tier, period)
            empty = Step("discard", *key[:2], Reason.PERIOD.value, segments=0, rows=0, object_bytes=0, period=period)
            totals[key] = _more(totals.get(key, empty), segment.rows, segment.object_bytes)
    return [totals[key] for key in sorted(totals)]


def _more(step: Step, rows: int, object_bytes: int) -> Step:
    return replace(
        step, segments=step.segments + 1, rows=step.rows + rows, object_bytes=step.object_bytes + object_bytes
    )


def _merge(segments: Sequence[SegmentInfo], settings: StoreSettings, now: int) -> tuple[list[SegmentInfo], list[Step]]:
    rules = compaction_rules(settings)
    by_tenant: dict[str, list[SegmentInfo]] = {}
    for segment in segments:
        by_tenant.setdefault(segment.tenant, []).append(segment)
    left: list[SegmentInfo] = []
    inputs: dict[int, SegmentInfo] = {}
    next_id = max((segment.id for segment in segments), default=0) + 1
    for tenant in by_tenant.values():
        own = tenant
        while job := plan_compaction(own, rules, now):
            inputs |= {segment.id: segment for segment in job if segment.id not in inputs}
            outputs = merged(job, next_id, now)
            next_id += len(outputs)
            gone = {segment.id for segment in job}
            own = [segment for segment in own if segment.id not in gone] + outputs
        left += own
    there = {segment.id for segment in segments}
    return left, _totals("merge", [(each, "") for id, each in inputs.items() if id in there])


def _totals(action: str, segments: Sequence[tuple[SegmentInfo, str]]) -> list[Step]:
    totals: dict[tuple[str, str, str], Step] = {}
    for segment, reason in segments:
        key = (segment.tenant, segment.tier, reason)
        step = totals.get(key) or Step(action, *key, segments=0, rows=0, object_bytes=0)
        totals[key] = _more(step, segment.rows, segment.object_bytes)
    return [totals[key] for key in sorted(totals)]


def _holdings(segments: Sequence[tuple[SegmentInfo, str]], prices: Mapping[str, float]) -> tuple[Holding, ...]:
    by_place: dict[tuple[str, str], list[SegmentInfo]] = {}
    for segment, tier in segments:
        by_place.setdefault((segment.tenant, tier), []).append(segment)
    holdings = []
    for (tenant, tier), some in sorted(by_place.items()):
        size = sum(segment.object_bytes for segment in some)
        holdings.append(
            Holding(
                tenant=tenant,
                tier=tier,
                segments=len(some),
                rows=sum(segment.rows for segment in some),
                text_bytes=sum(segment.text_bytes for segment in some),
                object_bytes=size,
                month=prices[tier] * size / GB if tier in prices else None,
            )
        )
    return tuple(holdings)
