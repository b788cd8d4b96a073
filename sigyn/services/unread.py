"""What a query could not read, said beside its answer."""

from collections.abc import Callable, Iterable

from sigyn.engine.context import QueryContext
from sigyn.engine.matches import SelectorMatches
from sigyn.languages.bytes import format_bytes
from sigyn.model.errors import NotFound
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.services.query_limits import QueryLimits
from sigyn.store.archives.restores import Fate, Restores, UnreadSegments
from sigyn.store.catalog import SegmentInfo
from sigyn.store.snapshot import Snapshot
from sigyn.store.tiers import HOT


def unreadable(quarantined: Iterable[SegmentInfo], matches: SelectorMatches, start: int, end: int) -> set[str]:
    """Objects of the segments in which a stream that matches has entries at start <= t < end (ns).

    Where the labels of a stream are not known any more, it may be one that matches.
    """
    found = set()
    for segment in quarantined:
        table = segment.streams
        ids = table.ids[(table.last >= start) & (table.first < end)]
        try:
            matching = bool(matches.of(ids).any())
        except NotFound:
            matching = True
        if matching:
            found.add(segment.key)
    return found


def note_unread(
    snapshot: Snapshot, context: QueryContext, restores: Restores, limits_of: Callable[[str], QueryLimits]
) -> None:
    """Notes objects that are lost, and has those restored that are archived, or says that they have to be.

    What a rule asks for is not restored: nobody would wait for it, and it would ask for ever.
    """
    context.lost_objects |= snapshot.lost
    if not snapshot.archived:
        return
    archived = list(snapshot.archived.values())
    found = restores.of(archived, lambda tenant: limits_of(tenant).restores, may_ask=context.is_awaited)
    are_several = len({unread.tenant for unread in found}) > 1
    for unread in found:
        first = format_rfc3339(min(segment.first for segment in unread.segments))
        last = format_rfc3339(max(segment.last for segment in unread.segments))
        whose = f" of tenant `{unread.tenant}`" if are_several else ""
        context.warn(f"entries{whose} between {first} and {last} are missing here: {_told(unread, limits_of)}")


def _told(unread: UnreadSegments, limits_of: Callable[[str], QueryLimits]) -> str:
    segments, verdict, tier = unread.segments, unread.verdict, f"tier `{unread.tier}`"
    is_one = len(segments) == 1
    count = "1 object" if is_one else f"{len(segments)} objects"
    some = f"{count} ({format_bytes(sum(segment.object_bytes for segment in segments))}) of {tier}"
    are, have, were = ("is", "has", "was") if is_one else ("are", "have", "were")
    since = format_rfc3339(verdict.since) if verdict.since is not None else ""
    speed = f" ({verdict.speed})" if verdict.speed else ""
    takes = f", which takes {verdict.takes} as a rule" if verdict.takes else ""
    match verdict.fate:
        case Fate.ASKED:
            return f"{some} {are} archived, and {were} asked to be restored at {since}{speed}{takes}; ask again then"
        case Fate.RESTORING:
            return f"{some} {are} being restored{since and ' since '}{since}{speed}{takes}; ask again then"
        case Fate.READABLE:
            return f"{some} {have} been restored by now; ask again"
        case Fate.REFUSED:
            return (
                f"{some} {are} archived, and more than queries of tenant `{unread.tenant}` may have restored in 24 "
                f"hours ({_bounds(limits_of(unread.tenant))}); ask again later, or use `sigyn store restore`"
            )
        case Fate.FAILED:
            return f"{some} {are} archived and can't be restored: {verdict.reason}"
        case Fate.ARCHIVED:
            # What a rule of the bucket archives of the hot tier, no command of ours asks for.
            how = "" if unread.tier == HOT else ", which `sigyn store restore` tells it to"
            return (
                f"{count} {have} to be restored from {tier} first, such as "
                f"`{min(segment.key for segment in segments)}`; ask again when the service has restored them{how}"
            )


def _bounds(limits: QueryLimits) -> str:
    objects, size = limits.restores.objects, limits.restores.object_bytes
    return f"query.max_restored_objects: {objects or 'any'}, query.max_restored_bytes: {size or 'any'}"
