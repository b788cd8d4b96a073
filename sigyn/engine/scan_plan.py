"""Which parts of which segments a query has to read.

The ladder: segments by time (the catalog), streams by selector and time (the stream table), row groups by
stream and time (the segment's metadata), then by what the stages look for (the needle filter). No
entry is looked at here.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sigyn.engine.matches import SelectorMatches
from sigyn.engine.numbers_by_id import NumbersById
from sigyn.engine.scan import UNIT_ROWS, USUAL_LINE, Part, Scan
from sigyn.engine.sought import are_all_sought, sought_by
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels
from sigyn.store.catalog import SegmentInfo
from sigyn.store.needles.search import FieldIs, Sought
from sigyn.store.recent import RowGroup
from sigyn.store.snapshot import Snapshot
from sigyn.store.streams import StreamTable


def plan_scan(
    snapshot: Snapshot,
    matches: SelectorMatches,
    start: int,
    end: int,
    stages: Sequence[ast.Stage] = (),
    unit_rows: int = UNIT_ROWS,
) -> Scan:
    """What has to be read for the entries of start <= t < end (ns) whose streams match and that pass the stages.

    Of the stages only what they look for counts: an entry of what is read need not pass them. A
    task reads `unit_rows` rows at once.
    """
    wanted = _Wanted(matches)
    matching_segments: list[tuple[SegmentInfo, npt.NDArray[np.int32], int]] = []
    for segment in sorted(snapshot.segments, key=lambda segment: segment.arrival_order):
        if segment.last < start or segment.first >= end:
            continue
        inside = segment.first >= start and segment.last < end
        ordinals = wanted.ordinals(segment.streams, start, end, inside=inside)
        matching = int(segment.streams.rows[ordinals >= 0].sum())
        if matching:
            matching_segments.append((segment, ordinals, matching))
    streams = QueryStreams(wanted.labels)
    sought = sought_by(stages, streams.names)
    snapshot.prepare([segment for segment, _, _ in matching_segments], with_indexes=bool(sought))
    parts: list[Part] = []
    row_groups_total = 0
    for segment, ordinals, matching in matching_segments:
        inside = segment.first >= start and segment.last < end
        groups = snapshot.row_groups(segment)
        row_groups_total += len(groups)
        read = _row_groups(segment, groups, ordinals, start, end, inside=inside)
        if read:
            every = tuple(range(len(groups)))
            weight = 1 + int(segment.streams.text_bytes[ordinals >= 0].sum()) // (USUAL_LINE * matching)
            whole = Part(segment, ordinals, every, segment.rows, matching, segment.first, segment.last, inside, weight)
            parts.append(whole if len(read) == len(groups) else whole.narrowed(groups, read))
    fields = tuple(each for each in sought if isinstance(each, FieldIs))
    parts = _possible(parts, snapshot, sought)
    return Scan(
        snapshot, start, end, streams, parts, row_groups_total, unit_rows, fields, are_all_sought(stages, sought)
    )


def _possible(parts: list[Part], snapshot: Snapshot, sought: Sequence[Sought]) -> list[Part]:
    """The parts without row groups in which nothing can be found of what is sought."""
    if not sought:
        return parts
    left = []
    for part in parts:
        possible = snapshot.possible(part.segment, sought, part.groups)
        if len(possible) == len(part.groups):
            left.append(part)
        elif possible:
            left.append(part.narrowed(snapshot.row_groups(part.segment), possible))
    return left


class _Wanted:
    """Numbers the streams that match, as segments bring them up."""

    def __init__(self, matches: SelectorMatches) -> None:
        self._matches = matches
        self._ordinal_of = NumbersById()
        self.labels: list[Labels] = []

    def ordinals(self, table: StreamTable, start: int, end: int, *, inside: bool) -> npt.NDArray[np.int32]:
        """For each stream of a segment its number, -1 when it does not match or has no entry in the range.

        `inside` says that the whole segment lies in the range.
        """
        chosen = self._matches.of(table.ids)
        if not inside:
            chosen &= (table.last >= start) & (table.first < end)
        numbers = np.where(chosen, self._ordinal_of.get(table.ids), -1)
        for place in np.flatnonzero(chosen & (numbers < 0)).tolist():
            id = int(table.ids[place])
            numbers[place] = len(self.labels)
            self._ordinal_of.set(id, len(self.labels))
            self.labels.append(self._matches.labels_of(id))
        return numbers


def _row_groups(
    segment: SegmentInfo,
    groups: Sequence[RowGroup],
    ordinals: npt.NDArray[np.int32],
    start: int,
    end: int,
    *,
    inside: bool,
) -> Sequence[int]:
    """Row groups that may hold entries of wanted streams in the time range, rising."""
    if inside and segment.streams.first_row[0] < 0:
        return range(len(groups))
    read = np.array([group.last >= start and group.first < end for group in groups], np.bool_)
    table = segment.streams
    if len(groups) > 1 and table.first_row[0] >= 0:
        begins = np.array([group.first_row for group in groups], np.int64)
        wanted = ordinals >= 0
        first = np.searchsorted(begins, table.first_row[wanted], side="right") - 1
        last = np.searchsorted(begins, table.first_row[wanted] + table.rows[wanted] - 1, side="right") - 1
        touched = np.zeros(len(groups) + 1, np.int64)
        np.add.at(touched, first, 1)
        np.add.at(touched, last + 1, -1)
        read &= np.cumsum(touched)[:-1] > 0
    return [int(index) for index in np.flatnonzero(read)]
