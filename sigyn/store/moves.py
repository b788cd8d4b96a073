"""Moves segments to colder tiers as they age.

A move copies the object durably, changes the segment's row in one transaction, and gives the old object up,
which is deleted when no snapshot reads it. A process that dies before the transaction leaves an orphan in
the colder tier, one that dies after it an orphan in the warmer; a sweep removes both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.time import DAY, HOUR, has_passed
from sigyn.store.archives.sightings import Sightings
from sigyn.store.catalog import SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.failures import FAILURES, Failures
from sigyn.store.keys import day_of
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore
from sigyn.store.ownership import Ownership
from sigyn.store.quarantine import Quarantine
from sigyn.store.rewrite import load_body
from sigyn.store.settings import TierSettings
from sigyn.store.tiers import HOT

_log = structlog.get_logger("sigyn.store")

_ARCHIVED_SECONDS = 3600.0
_SETTLED = HOUR  # what was just merged may soon be merged again


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """A segment and the tier that it is to go to."""

    segment: SegmentInfo
    tier: str


def plan_moves(segments: Sequence[SegmentInfo], tiers: Sequence[TierSettings], now: int) -> list[Move]:
    """Which segments are old enough for a colder tier, oldest first; never back to a warmer one.

    A segment's age counts from the end of the UTC day that it belongs to, so that a day moves as one.
    `tiers` are in order of age.
    """
    order = {HOT: -1} | {tier.name: place for place, tier in enumerate(tiers)}
    moves = []
    for segment in segments:
        if segment.level == 0 or not has_passed(segment.created, _SETTLED, now):
            continue
        age = now - (day_of(segment.last) + 1) * DAY
        due = [tier for tier in tiers if age >= tier.after]
        if due and order[due[-1].name] > order.get(segment.tier, len(tiers)):
            moves.append(Move(segment, due[-1].name))
    return sorted(moves, key=lambda move: (move.segment.last, move.segment.id))


class Mover:
    """Moves one segment at a time, in whatever thread calls."""

    def __init__(
        self,
        tiers: Sequence[TierSettings],
        objects: ObjectStore,
        ownership: Ownership,
        committer: Committer,
        live: LiveSegments,
        quarantine: Quarantine,
        metrics: StoreMetrics,
    ) -> None:
        self._tiers = tiers
        self._objects = objects
        self._ownership = ownership
        self._committer = committer
        self._live = live
        self._quarantine = quarantine
        self._metrics = metrics
        self._archived = Sightings(_ARCHIVED_SECONDS)
        self._failed: set[int] = set()  # ids of segments that could not be moved last

    def run(self, now: int, pause: Callable[[], None]) -> None:
        """Moves all segments that are old enough. `pause` is called before each and may raise to break off.

        A segment whose object is lost is quarantined, one that has to be restored from an archive first stays
        for an hour. Raises Unavailable when a tier or the catalog fails, and PlaceInUse when a tier is another store's,
        after what goes between other tiers; each segment is then either where it was or where it should be. One that
        failed comes last from then on: it may be the only one that fails.
        """
        if not self._tiers:
            return
        failures = Failures()
        claimed = set()
        moves = plan_moves(self._live.all(), self._tiers, now)
        self._failed.intersection_update(move.segment.id for move in moves)
        for move in sorted(moves, key=lambda move: move.segment.id in self._failed):
            way = f"{move.segment.tier} to {move.tier}"
            if way in failures or self._archived.has(move.segment.id):
                continue
            pause()
            with failures.within(way):
                if move.tier not in claimed:  # its owner would delete what is written there
                    self._ownership.claim(move.tier)
                    claimed.add(move.tier)
                try:
                    self._move(move)
                except SegmentArchived:
                    self._archived.note(move.segment.id)
                except SegmentLost as error:
                    self._quarantine.take(move.segment, error)
                except FAILURES:
                    self._failed.add(move.segment.id)
                    raise
        failures.tell()

    def _move(self, move: Move) -> None:
        body = load_body(move.segment, self._objects)
        moved = self._committer.move(move.segment, body, move.tier)
        self._metrics.segments_moved += 1
        self._metrics.object_bytes_moved += moved.object_bytes
        _log.info("segment moved", object=moved.key, tier=move.tier, tenant=moved.tenant, bytes=moved.object_bytes)


def check_tiers(segments: Sequence[SegmentInfo], tiers: Sequence[TierSettings]) -> None:
    """Raises Unavailable when segments are in a tier that is not among `tiers`: they could not be read."""
    known = {HOT, *(tier.name for tier in tiers)}
    strange = sorted({segment.tier for segment in segments} - known)
    if strange:
        count = sum(segment.tier in strange for segment in segments)
        raise Unavailable(
            f"{count} segments are in tier `{'`, `'.join(strange)}`, which `storage.tiers` does not name; "
            "name it again with the place that it had"
        )
