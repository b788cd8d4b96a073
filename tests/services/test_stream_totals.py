"""Entries and bytes of streams by time, as `index/stats` and `index/volume` tell them: compaction changes nothing."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sigyn.engine.duck import Duck
from sigyn.model.time import DAY, HOUR, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings
from tests.store.entries import batch, row

MIDNIGHT = 20_000 * DAY
BURST = 2_000
"""Entries of the half hour from one o'clock on, in ten pushes; ten more come in the minutes from twelve on."""


@dataclass(frozen=True)
class Volumes:
    """A store with three streams: one of bursts, one that is even, one of a single entry."""

    loop: asyncio.AbstractEventLoop
    queries: QueryService

    def entries(self, app: str, start: int, end: int, step: int | None = None, tenant: str = "fake") -> dict[int, int]:
        """Entries of the buckets that have any, by where they begin, in ns since midnight."""
        asked = self.queries.stream_totals(tenant, MIDNIGHT + start, MIDNIGHT + end, f'{{app="{app}"}}', step)
        totals = self.loop.run_until_complete(asked)
        begins = (totals.buckets - MIDNIGHT).tolist()
        return dict(zip(begins, totals.entries.tolist(), strict=True))


async def fill(store: Store, *, compacted: bool) -> None:
    """All of it; the pushes bring entries of two streams, out of order over the streams."""
    bursts = [row("burst", MIDNIGHT + HOUR + number * SECOND, f"{number:08d}" * 8) for number in range(BURST)]
    late = [row("burst", MIDNIGHT + 12 * HOUR + (number + 1) * SECOND, "late") for number in range(10)]
    even = [row("even", MIDNIGHT + minute * MINUTE // 4, f"{minute}" * 20) for minute in range(24 * 60 * 4)]
    for part in range(10):
        await store.append(batch([*bursts[part * 200 : part * 200 + 200], *even[part * 576 : part * 576 + 576]]))
    await store.append(batch([*late, row("moment", MIDNIGHT + HOUR, "alone")]))
    if compacted:
        store.compact_now()


@pytest.fixture(scope="module", params=[False, True], ids=["as it arrived", "compacted"])
def volumes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volumes]:
    """The same entries, as they arrived and compacted."""
    loop = asyncio.new_event_loop()

    async def made() -> Store:
        data: Path = tmp_path_factory.mktemp("volumes")
        store = Store.open(StoreSettings(data=data, compaction=False))
        await fill(store, compacted=request.param)
        return store

    store = loop.run_until_complete(made())
    duck = Duck(1 << 30, 2, str(tmp_path_factory.mktemp("spill")))
    queries = QueryService(store, duck, QueryLimits(), threads=2, queue=QueueLimits(2))
    yield Volumes(loop, queries)
    queries.close()
    duck.close()
    loop.run_until_complete(store.close())
    loop.close()


def test_a_burst_stays_where_it_was(volumes: Volumes) -> None:
    assert volumes.entries("burst", HOUR, 2 * HOUR) == {HOUR: BURST}
    assert volumes.entries("burst", 6 * HOUR, 7 * HOUR) == {}
    assert volumes.entries("burst", 0, DAY) == {0: BURST + 10}
    assert volumes.entries("burst", HOUR, 2 * HOUR, tenant="fake|other") == {HOUR: BURST}
    assert volumes.entries("burst", 6 * HOUR, 7 * HOUR, tenant="fake|other") == {}


def test_hours_in_which_nothing_was_have_none(volumes: Volumes) -> None:
    assert volumes.entries("burst", 0, DAY, HOUR) == {HOUR: BURST, 12 * HOUR: 10}


def test_what_is_even_stays_so(volumes: Volumes) -> None:
    by_hour = volumes.entries("even", 0, DAY, HOUR)
    assert list(by_hour) == [hour * HOUR for hour in range(24)]
    assert sum(by_hour.values()) == 24 * 60 * 4
    assert all(abs(count - 240) <= 2 for count in by_hour.values())


@pytest.mark.parametrize("step", [None, HOUR])
def test_a_range_of_no_length_is_that_instant(volumes: Volumes, step: int | None) -> None:
    assert volumes.entries("burst", HOUR + 5, HOUR + 5, step) == {}
    assert volumes.entries("moment", HOUR, HOUR, step) == {HOUR: 1}
    assert volumes.entries("moment", HOUR, HOUR, step, tenant="fake|other") == {HOUR: 1}
