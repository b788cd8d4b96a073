"""Which segments to merge next.

L0 segments become L1 soon, because L1 is what queries are fast on. L1 segments belong to one UTC day
and are merged by size: those of about one size together, so that an entry is rewritten once for
each factor of `FAN` in size and not with every merge. When a day is over, two of a size are enough, those that are
neighbours in time, and segments may become larger, so that it ends with few: 3 GB of text a day make 12 to 16 objects
a day, and an entry is written four times (tests/store/test_object_counts.py).

A tenant that sends little would make an object a day all the same. Days that are over and have less than 1 MiB
of text are therefore merged with each other, within windows of `WINDOW` days, up to 1 MiB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from sigyn.model.time import DAY, HOUR, SECOND, has_passed
from sigyn.store.catalog import SegmentInfo
from sigyn.store.keys import day_of
from sigyn.store.settings import StoreSettings

FAN = 8
_PATIENCE = 60  # many tenants that send little must not keep the disk busy with small merges
_SMALLEST = 1 << 20
_NEARLY = 7 / 8
_SETTLED = HOUR  # after the end of a day its stragglers have come
_LITTLE = 8 << 20  # bytes of text that are merged then, however far they are from each other
WINDOW = 16  # days, counted from the epoch
_SEVERAL = 4  # small segments of a window that goes on; each merge rewrites what was merged before


@dataclass(frozen=True, slots=True)
class CompactionRules:
    """When L0 is merged: there is text of `job_bytes`, or `segments` of them, or one of `age` (ns).

    A few young ones cost a query little; they wait until there are FAN, or `_PATIENCE` times as long. With `hurry`
    nothing waits: each of many tenants may have too few, and all together more than pushes are taken for.
    A job's inputs have at most `job_bytes` of text, unless it is a single one, and are of one tier. Those
    of a day that is over may have `settled_bytes`, where that is more: they are merged once. Tiers in
    `frozen` can't be read without further ado, and nothing in them is merged.
    """

    job_bytes: int
    segments: int
    age: int
    settled_bytes: int = 0
    frozen: frozenset[str] = frozenset()
    hurry: bool = False


def compaction_rules(settings: StoreSettings) -> CompactionRules:
    """The rules that settings ask for."""
    return CompactionRules(
        job_bytes=settings.compaction_job_bytes,
        segments=settings.compaction_segments,
        age=int(settings.compaction_age_seconds * SECOND),
        settled_bytes=settings.compaction_settled_bytes,
        frozen=frozenset(tier.name for tier in settings.tiers if tier.objects.is_archive),
    )


def plan_compaction(segments: Sequence[SegmentInfo], rules: CompactionRules, now: int) -> tuple[SegmentInfo, ...]:
    """The segments (of one tenant) that one job should merge now, in order of commit; none when all is well."""
    of_level_0 = _plan_level_0(segments, rules, now)
    if of_level_0:
        return of_level_0
    days: dict[tuple[int, str], list[SegmentInfo]] = {}
    joined = []
    for segment in segments:
        tier = segment.tier
        if segment.level == 1 and tier not in rules.frozen:
            day = day_of(segment.first)
            if day == day_of(segment.last):
                days.setdefault((day, tier), []).append(segment)
            else:
                joined.append(segment)
    return _plan_days(days, rules, now) or _plan_windows(joined, days, now)


def joins_days(segments: Sequence[SegmentInfo]) -> bool:
    """Whether a merge of these keeps days together: it is of level 1 alone, and of several days."""
    days = {day for segment in segments for day in (day_of(segment.first), day_of(segment.last))}
    return len(days) > 1 and all(segment.level == 1 for segment in segments)


def _plan_level_0(segments: Sequence[SegmentInfo], rules: CompactionRules, now: int) -> tuple[SegmentInfo, ...]:
    waiting = sorted((segment for segment in segments if segment.level == 0), key=lambda segment: segment.id)
    if not waiting:
        return ()
    created = waiting[0].created
    due = (
        rules.hurry
        or len(waiting) >= rules.segments
        or sum(segment.text_bytes for segment in waiting) >= rules.job_bytes
        or has_passed(created, rules.age if len(waiting) >= FAN else _PATIENCE * rules.age, now)
    )
    return _fitting(waiting, rules.job_bytes) if due else ()


Days = Mapping[tuple[int, str], Sequence[SegmentInfo]]
"""Segments of level 1 by their day and tier."""


def _plan_days(days: Days, rules: CompactionRules, now: int) -> tuple[SegmentInfo, ...]:
    for (day, _), own in sorted(days.items(), key=lambda item: item[0]):
        chosen: tuple[SegmentInfo, ...] = ()
        if (day + 1) * DAY + _SETTLED <= now:
            rested = [segment for segment in own if has_passed(segment.created, _SETTLED, now)]
            chosen = _plan_settled(rested, max(rules.job_bytes, rules.settled_bytes))
        chosen = chosen or _plan_open(own, rules.job_bytes)
        if chosen:
            return chosen
    return ()


def _plan_windows(joined: Sequence[SegmentInfo], days: Days, now: int) -> tuple[SegmentInfo, ...]:
    """Of days on which little came, and of what was made of such days before; the smallest first."""
    little = [own for own in days.values() if sum(segment.text_bytes for segment in own) < _SMALLEST]
    windows: dict[tuple[int, str], list[SegmentInfo]] = {}
    for segment in (*joined, *(segment for own in little for segment in own)):
        over = (day_of(segment.last) + 1) * DAY + _SETTLED <= now
        if over and has_passed(segment.created, _SETTLED, now):
            windows.setdefault((day_of(segment.first) // WINDOW, segment.tier), []).append(segment)
    for (window, _), own in sorted(windows.items(), key=lambda item: item[0]):
        chosen = _fitting(sorted(own, key=lambda segment: (segment.text_bytes, segment.id)), _SMALLEST)
        goes_on = (window + 1) * WINDOW * DAY + _SETTLED > now
        if len(chosen) >= (_SEVERAL if goes_on else 2):
            return tuple(sorted(chosen, key=lambda segment: segment.id))
    return ()


def _plan_open(segments: Sequence[SegmentInfo], bound: int) -> tuple[SegmentInfo, ...]:
    """Of a day that goes on: FAN of about one size, the oldest first, or as many as nearly fill a segment.

    A merge of fewer would make segments that are too large to be merged again, and too small to keep.
    """
    for alike in _by_size(segments, bound // 2):
        chosen = _fitting(alike, bound) if len(alike) >= FAN else ()
        text_bytes = sum(segment.text_bytes for segment in chosen)
        if len(chosen) >= FAN or (len(chosen) > 1 and text_bytes >= _NEARLY * bound):
            return chosen
    return ()


def _plan_settled(segments: Sequence[SegmentInfo], bound: int) -> tuple[SegmentInfo, ...]:
    """Of a day that is over: two of about one size, or a large one and others of half of it together.

    They are near each other in time, and with them go those next to them that fit: a segment of entries from all over a
    day would be read for every question about an hour of it. So those with a long time between them, in which others
    lie as a rule, stay apart, unless they are small.
    """
    for alike in _by_size(segments, bound // 2):
        largest = max(segment.text_bytes for segment in alike)
        chosen = _nearest(alike)
        total = sum(segment.text_bytes for segment in chosen)
        taken = {segment.id for segment in chosen}
        others = [segment for segment in segments if segment.id not in taken]
        if len(alike) == 1 and 2 * sum(each.text_bytes for each in others if each.text_bytes <= largest) < largest:
            continue
        first, last = min(segment.first for segment in chosen), max(segment.last for segment in chosen)
        spans = [max(last, other.last) - min(first, other.first) for other in others]
        for span, _, segment in sorted(zip(spans, (other.id for other in others), others, strict=True)):
            if segment.text_bytes <= largest and total + segment.text_bytes <= bound:
                chosen.append(segment)
                total += segment.text_bytes
            elif span > _span(chosen):
                break  # it lies between these and what is farther away
        is_worth_it = len(chosen) > 1 and (len(alike) > 1 or 3 * largest <= 2 * total)
        if is_worth_it and (total <= _LITTLE or 2 * _longest_gap(chosen) <= _span(chosen)):
            return tuple(sorted(chosen, key=lambda segment: segment.id))
    return ()


def _nearest(segments: Sequence[SegmentInfo]) -> list[SegmentInfo]:
    """The two that cover the shortest time together; the one, when it is alone."""
    ordered = sorted(segments, key=lambda segment: (segment.first, segment.id))
    return min((list(pair) for pair in pairwise(ordered)), key=_span, default=ordered)


def _longest_gap(segments: Sequence[SegmentInfo]) -> int:
    """The longest time (ns) between two of them in which there is none."""
    ordered = sorted(segments, key=lambda segment: segment.first)
    lasts = accumulate((segment.last for segment in ordered), max)
    return max((later.first - last for later, last in zip(ordered[1:], lasts, strict=False)), default=0)


def _span(segments: Sequence[SegmentInfo]) -> int:
    """The time (ns) that they cover."""
    return max(segment.last for segment in segments) - min(segment.first for segment in segments)


def _by_size(segments: Sequence[SegmentInfo], largest: int) -> list[list[SegmentInfo]]:
    """Segments up to `largest`, those of about one size together, the smallest first, each in order of commit."""
    sizes: dict[int, list[SegmentInfo]] = {}
    for segment in sorted(segments, key=lambda segment: segment.id):
        if segment.text_bytes <= largest:
            sizes.setdefault(_size(segment.text_bytes), []).append(segment)
    return [alike for _, alike in sorted(sizes.items())]


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
