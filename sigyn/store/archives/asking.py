"""Requests to an archive for many objects, several at a time."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sigyn.model.errors import Unavailable
from sigyn.store.archives.archive import WIDTH, Archive, ArchivedObject, Kind
from sigyn.store.archives.ledger import RestoreBounds, RestoreLedger
from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.settings import RestoreRule
from sigyn.store.tiers import split_address

Item = TypeVar("Item")

AT_ONCE = 64
"""Objects in one note of the ledger: so many of a day's allowance a process loses at most that dies before it asks."""


def asking_pool() -> ThreadPoolExecutor:
    """Threads that wait for a service; none is there before there is work."""
    return ThreadPoolExecutor(WIDTH, "archive")


@dataclass(frozen=True, slots=True)
class Looked:
    """A segment with what its service says of the object, or why it says nothing."""

    segment: SegmentInfo
    found: ArchivedObject | None
    reason: str = ""


def look_at(pool: Executor, archive: Archive, segments: Sequence[SegmentInfo]) -> list[Looked]:
    """How the objects of segments are, in their order."""

    def look(segment: SegmentInfo) -> Looked:
        try:
            return Looked(segment, archive.look(split_address(segment.key)[1]))
        except (SegmentLost, Unavailable) as error:
            return Looked(segment, None, str(error))

    return list(pool.map(look, segments))


def ask_for(
    pool: Executor,
    archive: Archive,
    ledger: RestoreLedger,
    tenant: str,
    archived: Sequence[tuple[SegmentInfo, ArchivedObject]],
    rule: RestoreRule,
    bounds: RestoreBounds | None,
) -> Mapping[str, str]:
    """Has objects restored, as many as queries of the tenant may, or all without bounds.

    Gives those that were asked for by address, with why it failed or an empty text. Raises Unavailable when the ledger
    can't be written; nothing was asked for then.
    """
    outcomes: dict[str, str] = {}
    for kind in Kind:
        found_of = {segment.key: found for segment, found in archived if found.kind is kind}
        segments = [segment for segment, _ in archived if segment.key in found_of]
        for some in parts(segments, AT_ONCE):
            outcomes |= _ask(pool, archive, ledger, tenant, some, found_of, kind, rule, bounds)
    return outcomes


def _ask(
    pool: Executor,
    archive: Archive,
    ledger: RestoreLedger,
    tenant: str,
    segments: Sequence[SegmentInfo],
    found_of: Mapping[str, ArchivedObject],
    kind: Kind,
    rule: RestoreRule,
    bounds: RestoreBounds | None,
) -> Mapping[str, str]:
    name, noted = ledger.reserve(tenant, segments, kind, rule, bounds)

    def ask(segment: SegmentInfo) -> str:
        try:
            archive.ask(split_address(segment.key)[1], found_of[segment.key], rule)
        except (SegmentLost, Unavailable) as error:
            return str(error)
        return ""

    outcomes = {segment.key: reason for segment, reason in zip(noted, pool.map(ask, noted), strict=True)}
    failed = [key for key, reason in outcomes.items() if reason]
    if failed:
        ledger.give_back(tenant, name, failed)
    return outcomes


def parts(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Items in runs of at most so many."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
