"""What merging segments gives, without doing it: sizes add up, days are kept apart."""

from collections.abc import Sequence
from dataclasses import replace

from sigyn.model.time import DAY
from sigyn.store.catalog import SegmentInfo
from sigyn.store.compaction import joins_days
from sigyn.store.keys import day_of


def merged(segments: Sequence[SegmentInfo], first_id: int, now: int) -> list[SegmentInfo]:
    """The segments that a compaction of these would make at `now`: one, or one for each UTC day that they touch.

    What a segment has is taken to be spread evenly over the days that it spans. Ids rise from `first_id`.
    """
    if joins_days(segments):
        return [
            replace(
                segments[0],
                id=first_id,
                key=f"{segments[0].key}+{first_id}",
                first=min(segment.first for segment in segments),
                last=max(segment.last for segment in segments),
                rows=sum(segment.rows for segment in segments),
                text_bytes=sum(segment.text_bytes for segment in segments),
                object_bytes=sum(segment.object_bytes for segment in segments),
                created=now,
            )
        ]
    days: dict[int, list[tuple[SegmentInfo, int]]] = {}
    for segment in segments:
        span = range(day_of(segment.first), day_of(segment.last) + 1)
        for day in span:
            days.setdefault(day, []).append((segment, len(span)))
    outputs = []
    for id, (day, parts) in enumerate(sorted(days.items()), first_id):
        example = parts[0][0]
        outputs.append(
            replace(
                example,
                id=id,
                key=f"{example.key}+{id}",
                level=1,
                first=max(day * DAY, min(segment.first for segment, _ in parts)),
                last=min((day + 1) * DAY - 1, max(segment.last for segment, _ in parts)),
                rows=sum(segment.rows // share for segment, share in parts),
                text_bytes=sum(segment.text_bytes // share for segment, share in parts),
                object_bytes=sum(segment.object_bytes // share for segment, share in parts),
                created=now,
            )
        )
    return outputs
