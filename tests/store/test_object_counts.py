"""A month of logs makes few objects, whatever its streams are like: the planner, without the data."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import compress, count
from operator import not_

import pytest

from sigyn.model.time import DAY, HOUR, MINUTE, SECOND
from sigyn.store.catalog import SegmentInfo
from sigyn.store.compaction import compaction_rules, plan_compaction
from sigyn.store.keys import day_of
from sigyn.store.settings import StoreSettings
from sigyn.store.simulation import merged
from sigyn.store.streams import StreamTable

DAYS = 30
START = 20_000 * DAY
DAILY_BYTES = 3 << 30
NO_STREAMS = StreamTable.from_bytes(b"")

DEFAULTS = StoreSettings(data=None)
RULES = compaction_rules(DEFAULTS)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A group commit: when it came, what it holds."""

    at: int
    tenant: str
    text_bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Objects at the end and at most, and how often a byte of text was written."""

    objects: int
    most: int
    writes: float


class Simulated:
    """Segments by tenant; whatever is due is merged every minute of the simulation's time.

    What is of level 1 and from before yesterday changes seldom, and is looked at once an hour.
    """

    def __init__(self) -> None:
        self._tenants: dict[str, tuple[SegmentInfo, ...]] = {}
        self._old: dict[str, tuple[SegmentInfo, ...]] = {}
        self._changed: set[str] = set()
        self._ids = count(1)
        self._merged_at = START
        self._taken = self._written = self._objects = self._most = 0

    def take(self, arrival: Arrival) -> None:
        """A group commit; before it, what was due until then."""
        if arrival.at >= self._merged_at + MINUTE:
            if arrival.at // HOUR > self._merged_at // HOUR:  # days end, and little waits for its time
                self.merge_all(arrival.at)
            else:
                self.merge(arrival.at, self._changed)
            self._merged_at = arrival.at
        id = next(self._ids)
        new = SegmentInfo(
            id, arrival.tenant, f"k{id}", 0, arrival.first, arrival.last, 1, arrival.text_bytes,
            arrival.text_bytes // 8, 0, arrival.at, id, NO_STREAMS,
        )  # fmt: skip
        self._tenants[arrival.tenant] = (*self._tenants.get(arrival.tenant, ()), new)
        self._changed.add(arrival.tenant)
        self._taken += arrival.text_bytes
        self._written += arrival.text_bytes
        self._objects += 1
        self._most = max(self._most, self._objects)

    def merge(self, now: int, tenants: Iterable[str]) -> None:
        """Runs the jobs that are due."""
        for tenant in list(tenants):
            own = self._tenants[tenant]
            before = len(own)
            while job := plan_compaction(own, RULES, now):
                outputs = merged(job, next(self._ids), now)
                for _ in outputs:
                    next(self._ids)
                self._written += sum(segment.text_bytes for segment in outputs)
                gone = {segment.id for segment in job}
                own = (*(segment for segment in own if segment.id not in gone), *outputs)
            self._tenants[tenant] = own
            self._objects += len(own) - before
        self._changed.clear()

    def merge_all(self, now: int) -> None:
        """Runs the jobs that are due, old segments included."""
        for tenant, old in self._old.items():
            self._tenants[tenant] += old
        self.merge(now, self._tenants)
        yesterday = day_of(now) - 1
        for tenant, own in self._tenants.items():
            is_old = [segment.level == 1 and day_of(segment.last) < yesterday for segment in own]
            self._old[tenant] = tuple(compress(own, is_old))
            self._tenants[tenant] = tuple(compress(own, map(not_, is_old)))

    def finish(self) -> Outcome:
        """The last day comes to rest."""
        for hour in range(4):
            self.merge_all(START + DAYS * DAY + hour * HOUR)
        return Outcome(self._objects, self._most, self._written / self._taken)

    def of_an_hour(self, tenant: str) -> list[int]:
        """For each hour of all days, in how many segments a question about it has to look."""
        own = self._tenants[tenant] + self._old[tenant]
        return [
            sum(segment.first < begin + HOUR and segment.last >= begin for segment in own)
            for begin in range(START, START + DAYS * DAY, HOUR)
        ]


def steady(every: int, tenants: int = 1) -> Iterator[Arrival]:
    """3 GB a day in equal pushes, one every so many ns, each of the last seconds; tenants take turns."""
    size = DAILY_BYTES * every // DAY
    for number, at in enumerate(range(START, START + DAYS * DAY, every)):
        yield Arrival(at, f"t{number % tenants}", size, max(START, at - every), at)


def late() -> Iterator[Arrival]:
    """One push in twenty holds lines that are up to a week old, and its own."""
    chance = random.Random(1)
    for arrival in steady(MINUTE):
        behind = chance.randrange(7 * DAY) if chance.random() < 0.05 else 0
        yield Arrival(arrival.at, arrival.tenant, arrival.text_bytes, max(START, arrival.first - behind), arrival.last)


def stragglers() -> Iterator[Arrival]:
    """Besides, every hour a few lines come for one of the days before."""
    chance = random.Random(2)
    for number, arrival in enumerate(steady(3 * MINUTE)):
        yield arrival
        if number % 20 == 0:
            at = arrival.at - chance.randrange(1, max(2, arrival.at - START))
            yield Arrival(arrival.at, arrival.tenant, 2000, at, at)


def uneven() -> Iterator[Arrival]:
    """One huge tenant, and ten that push a hundred bytes every ten minutes."""
    for number, arrival in enumerate(steady(2 * MINUTE)):
        yield arrival
        if number % 5 == 0:
            for tenant in range(10):
                yield Arrival(arrival.at, f"small{tenant}", 100, arrival.first, arrival.last)


def bulk() -> Iterator[Arrival]:
    """A day's logs at once, in groups as large as they get."""
    for day in range(DAYS):
        groups = DAILY_BYTES // DEFAULTS.max_group_bytes
        for group in range(groups):
            first = START + day * DAY + group * DAY // groups
            at = START + day * DAY + 23 * HOUR + group * SECOND
            yield Arrival(at, "t", DEFAULTS.max_group_bytes, first, first + DAY // groups - 1)


MONTHS: Mapping[str, Callable[[], Iterator[Arrival]]] = {
    "a push a minute": lambda: steady(MINUTE),
    "a push every 20 seconds": lambda: steady(20 * SECOND),
    "late entries": late,
    "stragglers": stragglers,
    "a day at once": bulk,
    "a huge tenant and ten tiny ones": uneven,
}


@cache
def month(name: str) -> tuple[Simulated, Outcome]:
    store = Simulated()
    for arrival in MONTHS[name]():
        store.take(arrival)
    return store, store.finish()


@pytest.mark.parametrize("name", MONTHS)
def test_a_month_makes_few_objects(name: str) -> None:
    _, outcome = month(name)
    assert outcome.objects < 500
    assert outcome.most < 800
    assert outcome.writes < 6


@pytest.mark.parametrize("name", ["a push a minute", "a day at once"])
def test_a_question_about_an_hour_looks_in_few_of_them(name: str) -> None:
    store, _ = month(name)
    hours = store.of_an_hour(next(MONTHS[name]()).tenant)
    assert max(hours) <= 2
    assert sum(hours) / len(hours) < 1.6
