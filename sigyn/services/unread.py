"""What a query could not read, said beside its answer."""

from sigyn.engine.context import QueryContext
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.store.catalog import SegmentInfo
from sigyn.store.snapshot import Snapshot


def note_unread(snapshot: Snapshot, context: QueryContext) -> None:
    """Notes objects that are lost, and warns of those that have to be restored from an archive first."""
    context.lost_objects |= snapshot.lost
    by_tier: dict[str, list[SegmentInfo]] = {}
    for segment in snapshot.archived.values():
        by_tier.setdefault(segment.tier, []).append(segment)
    for tier, segments in sorted(by_tier.items()):
        first = format_rfc3339(min(segment.first for segment in segments))
        last = format_rfc3339(max(segment.last for segment in segments))
        count = "1 object has" if len(segments) == 1 else f"{len(segments)} objects have"
        context.warn(
            f"entries between {first} and {last} are missing here: {count} to be restored from tier `{tier}` first, "
            f"such as `{min(segment.key for segment in segments)}`; ask again when the service has restored them"
        )
