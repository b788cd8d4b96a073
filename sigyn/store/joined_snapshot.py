"""Snapshots of several tenants read as one."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from sigyn.store.catalog import SegmentInfo
from sigyn.store.far_portions import FarPortions
from sigyn.store.needles.search import Sought
from sigyn.store.portion import Portion
from sigyn.store.recent import RowGroup
from sigyn.store.snapshot import Snapshot
from sigyn.store.stream_lines import Kinds
from sigyn.store.streams import Int64s, StreamTable


class JoinedSnapshot(Snapshot):
    """The segments of all these snapshots, newest first, with ids of streams that differ from tenant to tenant.

    A stream `id` of the tenant at `place` of n is `id * n + place` here.
    """

    def __init__(self, tenant: str, snapshots: Sequence[Snapshot]) -> None:
        self.tenant = tenant
        self.start = min(snapshot.start for snapshot in snapshots)
        self.end = max(snapshot.end for snapshot in snapshots)
        self.lost: set[str] = set()
        self.archived: dict[str, SegmentInfo] = {}
        self._snapshots = snapshots
        self._of: dict[int, tuple[Snapshot, SegmentInfo]] = {}
        found, quarantined = [], []
        for place, snapshot in enumerate(snapshots):
            snapshot.lost, snapshot.archived = self.lost, self.archived
            for segment in snapshot.segments:
                self._of[segment.id] = snapshot, segment
                found.append(_of_several(segment, place, len(snapshots)))
            quarantined += [_of_several(segment, place, len(snapshots)) for segment in snapshot.quarantined]
        self.quarantined = tuple(quarantined)
        self.segments = tuple(sorted(found, key=lambda segment: (segment.last, segment.id), reverse=True))

    def is_near(self, segment: SegmentInfo) -> bool:
        snapshot, own = self._of[segment.id]
        return snapshot.is_near(own)

    def prepare(self, segments: Sequence[SegmentInfo], *, with_indexes: bool) -> None:
        for each in self._snapshots:
            own = (self._of[segment.id] for segment in segments)
            each.prepare([segment for snapshot, segment in own if snapshot is each], with_indexes=with_indexes)

    def row_groups(self, segment: SegmentInfo) -> tuple[RowGroup, ...]:
        snapshot, own = self._of[segment.id]
        return snapshot.row_groups(own)

    def read(self, segment: SegmentInfo, columns: Sequence[str], row_groups: Sequence[int] | None = None) -> pa.Table:
        snapshot, own = self._of[segment.id]
        return snapshot.read(own, columns, row_groups)

    def together(self) -> FarPortions:
        return self._snapshots[0].together()

    def portion(self, segment: SegmentInfo, row_groups: Sequence[int], together: FarPortions | None = None) -> Portion:
        snapshot, own = self._of[segment.id]
        return snapshot.portion(own, row_groups, together)

    def possible(self, segment: SegmentInfo, sought: Sequence[Sought], row_groups: Sequence[int]) -> Sequence[int]:
        snapshot, own = self._of[segment.id]
        return snapshot.possible(own, sought, row_groups)

    def kinds_of_streams(self, segment: SegmentInfo) -> Kinds | None:
        snapshot, own = self._of[segment.id]
        return snapshot.kinds_of_streams(own)

    def tallies(self, segment: SegmentInfo, names: frozenset[str] | None) -> pa.Table | None:
        snapshot, own = self._of[segment.id]
        return snapshot.tallies(own, names)

    def has_columns(self, segment: SegmentInfo) -> bool:
        snapshot, own = self._of[segment.id]
        return snapshot.has_columns(own)

    def find_deleted(self, segments: Sequence[SegmentInfo]) -> None:
        for each in self._snapshots:
            own = (self._of[segment.id] for segment in segments)
            each.find_deleted([segment for snapshot, segment in own if snapshot is each])

    def hidden_rows(self, segment: SegmentInfo) -> Int64s:
        snapshot, own = self._of[segment.id]
        return snapshot.hidden_rows(own)

    def has_hidden_rows(self, segment: SegmentInfo) -> bool:
        snapshot, own = self._of[segment.id]
        return snapshot.has_hidden_rows(own)

    def streams_left(self, segment: SegmentInfo) -> StreamTable:
        snapshot, own = self._of[segment.id]
        left = snapshot.streams_left(own)
        return left.with_ids(left.ids * len(self._snapshots) + self._snapshots.index(snapshot))

    def close(self) -> None:
        for snapshot in self._snapshots:
            snapshot.close()


def _of_several(segment: SegmentInfo, place: int, tenants: int) -> SegmentInfo:
    return replace(segment, streams=segment.streams.with_ids(segment.streams.ids * tenants + place))
