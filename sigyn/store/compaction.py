"""Which segments to merge next.

L0 segments become L1 soon, because L1 is what queries are fast on. L1 segments belong to one UTC day
and are merged by size: those of about one size together, so that an entry is rewritten once for
each factor of `FAN` in size and not with every merge. When a day is over, two of a size are enough, so that
it ends with few segments: at most one below each size's bound, and full ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sigyn.model.time import DAY, HOUR
from sigyn.store.catalog import SegmentInfo
from sigyn.store.keys import day_of

FAN = 8
_PATIENCE = 60  # many tenants that send little must not keep the disk busy with small merges
_SMALLEST = 1 << 20
_SETTLED = HOUR  # after the end of a day its stragglers have come


@dataclass(frozen=True, slots=True)
class CompactionRules:
    """When L0 is merged: there is text of `job_bytes`, or `segments` of them, or one of `age` (ns).

    A few young ones cost a query little; they wait until there are FAN, or `_PATIENCE` times as long.
    A job's inputs have at most `job_bytes` of text, unless it is a single one, and are of one tier. Tiers in
    `frozen` can't be read without further ado, and nothing in them is merged.
    """

    job_bytes: int
    segments: int
    age: int
    frozen: frozenset[str] = frozenset()


def plan_compaction(segments: Sequence[SegmentInfo], rules: CompactionRules, now: int) -> tuple[SegmentInfo, ...]:
    """The segments (of one tenant) that one job should merge now, in order of commit; none when all is well."""
    return _plan_level_0(segments, rules, now) or _plan_level_1(segments, rules, now)


def _plan_level_0(segments: Sequence[SegmentInfo], rules: CompactionRules, now: int) -> tuple[SegmentInfo, ...]:
    waiting = sorted((segment for segment in segments if segment.level == 0), key=lambda segment: segment.id)
    if not waiting:
        return ()
    age = now - waiting[0].created
    due = (
        len(waiting) >= rules.segments
        or sum(segment.text_bytes for segment in waiting) >= rules.job_bytes
        or age >= (rules.age if len(waiting) >= FAN else _PATIENCE * rules.age)
    )
    return _fitting(waiting, rules.job_bytes) if due else ()


def _plan_level_1(segments: Sequence[SegmentInfo], rules: CompactionRules, now: int) -> tuple[SegmentInfo, ...]:
    alike_in: dict[tuple[int, int, str], list[SegmentInfo]] = {}
    for segment in segments:
        small = segment.text_bytes <= rules.job_bytes // 2
        if segment.level == 1 and small and segment.tier not in rules.frozen:
            alike_in.setdefault((day_of(segment.first), _size(segment.text_bytes), segment.tier), []).append(segment)
    for (day, _, _), alike in sorted(alike_in.items(), key=lambda item: item[0]):
        settled = (day + 1) * DAY + _SETTLED <= now and max(segment.created for segment in alike) + _SETTLED <= now
        if len(alike) >= (2 if settled else FAN):
            chosen = _fitting(sorted(alike, key=lambda segment: segment.id), rules.job_bytes)
            if len(chosen) > 1:
                return chosen
    return ()


def _size(text_bytes: int) -> int:
    size = 0
    while text_bytes >= _SMALLEST * FAN**size:
        size += 1
    return size


def _fitting(segments: Sequence[SegmentInfo], text_bytes: int) -> tuple[SegmentInfo, ...]:
    """As many from the front as have `text_bytes` together, one at least."""
    chosen = list(segments[:1])
    total = chosen[0].text_bytes
    for segment in segments[1:]:
        total += segment.text_bytes
        if total > text_bytes:
            break
        chosen.append(segment)
    return tuple(chosen)
