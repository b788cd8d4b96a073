"""What merging segments gives, without doing it: sizes add up, days are kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sigyn.model.time import DAY
from sigyn.store.catalog import SegmentInfo
from sigyn.store.compaction import joins_days
from sigyn.store.keys import day_of

_SPREAD = 16  # days


def merged(segments: Sequence[SegmentInfo], first_id: int, now: int) -> list[SegmentInfo]:
    """The segments that a compaction of these would make at `now`: one, or one for each UTC day that they touch.

    What a segment has is taken to be spread evenly over the days that it spans, or over the first and the last of
    them when they are many. Ids rise from `first_id`.
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
    days: dict[int, list[_Part]] = {}
    for segment in segments:
        for part in _parts(segment):
            days.setdefault(part.day, []).append(part)
    outputs = []
    for id, (day, parts) in enumerate(sorted(days.items()), first_id):
        example = parts[0].segment
        outputs.append(
            replace(
                example,
                id=id,
                key=f"{example.key}+{id}",
                level=1,
                first=max(day * DAY, min(part.segment.first for part in parts)),
                last=min((day + 1) * DAY - 1, max(part.segment.last for part in parts)),
                rows=sum(part.of(part.segment.rows) for part in parts),
                text_bytes=sum(part.of(part.segment.text_bytes) for part in parts),
                object_bytes=sum(part.of(part.segment.object_bytes) for part in parts),
                created=now,
            )
        )
    return outputs


@dataclass(frozen=True, slots=True)
class _Part:
    """What a segment has on a day: the part `number` of `parts` that are as good as equal."""

    segment: SegmentInfo
    day: int
    number: int
    parts: int

    def of(self, total: int) -> int:
        """Its share; those of all parts add up to the total."""
        return total * (self.number + 1) // self.parts - total * self.number // self.parts


def _parts(segment: SegmentInfo) -> list[_Part]:
    first, last = day_of(segment.first), day_of(segment.last)
    # One entry that is years old makes no segment of years.
    days = range(first, last + 1) if last - first < min(_SPREAD, segment.rows) else (first, last)
    return [_Part(segment, day, number, len(days)) for number, day in enumerate(days)]
