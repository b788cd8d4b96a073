"""Queries over few entries, each of which takes long: they end when their time is over."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sigyn.engine.duck import Duck
from sigyn.model.errors import QueryTimeout
from sigyn.model.time import DAY, MILLISECOND, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings
from tests.store.entries import batch, row

START = 20_000 * DAY
ENTRIES = 200
TIMEOUT = 20 * MILLISECOND  # a small part of what any of these queries takes, on any machine

REPLACE = r"""line_format "{{ regexReplaceAll `[0-9]+` __line__ `N` }}" """


@pytest.mark.parametrize(
    "query",
    [
        '{app="a"} | logfmt',
        'count_over_time({app="a"} | logfmt [1m])',
        f'{{app="a"}} | {REPLACE} | logfmt | stats count() by k1',
        f'{{app="a"}} | {REPLACE} |= "none"',
        f'sum(count_over_time({{app="a"}} | {REPLACE} |= "none" [1m]))',
    ],
)
def test_a_query_ends_when_its_time_is_over(tmp_path: Path, query: str) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    duck = Duck(1 << 28, 1, str(tmp_path))
    queries = QueryService(store, duck, QueryLimits(max_answer_bytes=0), threads=1, queue=QueueLimits(1))
    pairs = " ".join(f"k{i}={i}" for i in range(5000))

    async def ask() -> None:
        try:
            await store.append(batch([row("a", START + i * SECOND, f"n={i} {pairs}") for i in range(ENTRIES)]))
            asked = QueryRequest("fake", query, START, START + DAY, MINUTE, ENTRIES, timeout=TIMEOUT)
            await queries.query_range(replace(asked, complete=True))
        finally:
            await store.close()

    with pytest.raises(QueryTimeout):
        asyncio.run(ask())
    queries.close()
    duck.close()
