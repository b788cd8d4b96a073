"""Has what is archived of a time range restored, because a person says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.time import Clock, TimeRange
from sigyn.store.archives.archive import DURATIONS, ArchivedObject, Kind, State
from sigyn.store.archives.asking import AT_ONCE, Looked, ask_for, asking_pool, look_at, parts
from sigyn.store.archives.ledger import KIND, RestoreLedger
from sigyn.store.archives.opening import may_archive, open_archive
from sigyn.store.catalog import SegmentInfo
from sigyn.store.documents import Documents
from sigyn.store.open_catalog import catalog_name, has_catalog, open_catalog
from sigyn.store.places import hot_objects
from sigyn.store.rebuild import Progress, no_progress
from sigyn.store.settings import RestoreRule, StoreSettings, TierSettings
from sigyn.store.streams import StreamRegistry

Concerns = Callable[[SegmentInfo, StreamRegistry], bool]
"""Whether a segment has a stream that is wanted."""


def concerns_all(_segment: SegmentInfo, _streams: StreamRegistry) -> bool:
    """Every stream is wanted."""
    return True


@dataclass(frozen=True, slots=True)
class TierRestored:
    """Segments of a range in a tier by how their objects are; bytes are of objects.

    archived   not asked for: in a dry run
    asked      just now
    restoring  since before
    readable   at once
    failed     with the first `reason`
    speed      of what is asked for, and how long that `takes` as a rule
    """

    tier: str
    speed: str
    takes: str = ""
    archived: int = 0
    archived_bytes: int = 0
    asked: int = 0
    asked_bytes: int = 0
    restoring: int = 0
    restoring_bytes: int = 0
    readable: int = 0
    readable_bytes: int = 0
    failed: int = 0
    failed_bytes: int = 0
    reason: str = ""


def restore_range(
    settings: StoreSettings,
    tenant: str,
    asked: TimeRange,
    rule_of: Callable[[TierSettings], RestoreRule],
    clock: Clock,
    *,
    concerns: Concerns = concerns_all,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> list[TierRestored]:
    """Asks for what is archived of a tenant's segments in a range, or only looks, in each tier that may be an archive.

    The store may be open in another process, which finds out by itself. There are no bounds. Raises NotFound when there
    is no catalog or no such tier, and Unavailable when the catalog can't be read, or the hot tier not be written to.
    """
    if settings.data is None:
        raise BadRequest("a store in memory has no archive")
    tiers = [tier for tier in settings.tiers if may_archive(tier.objects)]
    if not tiers:
        raise NotFound("no tier is in S3 or Azure (`storage.tiers`): nothing has to be restored")
    segments = _segments(settings, tenant, asked, concerns)
    by_tier = {tier.name: [segment for segment in segments if segment.tier == tier.name] for tier in tiers}
    ledger = RestoreLedger(Documents(hot_objects(settings), KIND, clock), clock)
    ledger.asked(tenant)
    total = sum(map(len, by_tier.values()))
    done = 0
    restored = []
    with asking_pool() as pool:
        for tier in tiers:
            archive, rule = open_archive(tier.objects), rule_of(tier)
            looked: list[Looked] = []
            outcomes: dict[str, str] = {}
            for some in parts(by_tier[tier.name], AT_ONCE):
                progress(done, total)
                found = look_at(pool, archive, some)
                if not dry_run:
                    outcomes |= ask_for(pool, archive, ledger, tenant, _archived(found), rule, None)
                looked += found
                done += len(some)
            restored.append(_counted(tier.name, looked, outcomes, rule))
    progress(done, total)
    return restored


def _segments(settings: StoreSettings, tenant: str, asked: TimeRange, concerns: Concerns) -> list[SegmentInfo]:
    if not has_catalog(settings):
        raise NotFound(f"there is no catalog at `{catalog_name(settings)}`")
    catalog = open_catalog(settings, read_only=True)
    try:
        return [
            segment
            for segment in catalog.live()
            if segment.tenant == tenant
            and segment.first < asked.end
            and segment.last >= asked.start
            and concerns(segment, catalog.registry)
        ]
    finally:
        catalog.close()


def _archived(looked: Sequence[Looked]) -> list[tuple[SegmentInfo, ArchivedObject]]:
    return [(each.segment, each.found) for each in looked if each.found and each.found.state is State.ARCHIVED]


def _counted(tier: str, looked: Sequence[Looked], outcomes: dict[str, str], rule: RestoreRule) -> TierRestored:
    counts = dict.fromkeys(("archived", "asked", "restoring", "readable", "failed"), 0)
    sizes = dict(counts)
    reason = ""
    kinds: set[Kind] = set()
    for each in looked:
        outcome = outcomes.get(each.segment.key)
        why = each.reason or outcome or ""
        reason = reason or why
        if each.found is None or why:
            name = "failed"
        elif outcome is not None:
            name = "asked"
        else:
            name = each.found.state.value
        if each.found is not None and name in ("archived", "asked"):
            kinds.add(each.found.kind)
        counts[name] += 1
        sizes[name] += each.segment.object_bytes
    takes = max((DURATIONS[kind, rule.speed] for kind in kinds if (kind, rule.speed) in DURATIONS),
                key=lambda duration: duration.most, default=None)  # fmt: skip
    return TierRestored(
        tier,
        rule.speed,
        takes.text if takes else "",
        **counts,
        **{f"{name}_bytes": size for name, size in sizes.items()},
        reason=reason,
    )
