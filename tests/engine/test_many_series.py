"""Metric queries with more series than memory has room for."""

import asyncio
import re
from pathlib import Path

import pytest

from sigyn.engine.duck import Duck
from sigyn.model.errors import QueryError
from sigyn.model.time import DAY, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings
from tests.store.entries import batch, row

START = 20_000 * DAY
PUSHES, ENTRIES = 20, 1000


@pytest.mark.parametrize(
    "query",
    [
        'count_over_time({app="a"} | logfmt [1m])',
        'last_over_time({app="a"} | logfmt | unwrap ms [1m]) by (id)',
        'quantile_over_time(0.5, {app="a"} | logfmt | unwrap ms [1m]) by (id)',
    ],
)
def test_too_many_series_are_refused_before_all_entries_are_read(tmp_path: Path, query: str) -> None:
    assert _counted_when_refused(tmp_path, query, PUSHES, ENTRIES) <= PUSHES * ENTRIES // 2


def test_too_many_series_are_refused_before_all_entries_of_a_segment_are_interpreted(tmp_path: Path) -> None:
    query = 'count_over_time({app="a"} | logfmt [1m])'
    assert _counted_when_refused(tmp_path, query, 1, PUSHES * ENTRIES) <= PUSHES * ENTRIES // 2


def _counted_when_refused(tmp_path: Path, query: str, pushes: int, entries: int) -> int:
    """How many series the refusal names, of pushes of so many entries, each of a series of its own."""
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    duck = Duck(1 << 28, 1, str(tmp_path))
    queries = QueryService(store, duck, QueryLimits(), threads=1, queue=QueueLimits(1), unit_rows=entries)

    async def ask() -> None:
        try:
            for push in range(pushes):
                ids = range(push * entries, (push + 1) * entries)
                await store.append(batch([row("a", START + id * SECOND // 2, f"id={id} ms=1") for id in ids]))
            request = QueryRequest("fake", query, START, START + 10_000 * SECOND, step=SECOND)
            await queries.query_range(request)
        finally:
            await store.close()

    with pytest.raises(QueryError, match="series or more over 10001 steps") as refused:
        asyncio.run(ask())
    queries.close()
    duck.close()
    counted = int(re.split(r"\D", str(refused.value))[0])
    assert counted * 10_001 > 50_000_000
    return counted
