"""Segments behind a network: the same answers, and requests that do not wait for each other."""

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from sigyn.engine.duck import Duck
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.results import MatrixResult, QueryAnswer
from sigyn.model.time import DAY, HOUR, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreMetrics, StoreSettings
from sigyn.store.block_cache import BlockCache
from sigyn.store.cached_objects import CachedObjects
from sigyn.store.objects import LocalObjects

START = 1_768_471_200 * SECOND
DAYS = 3
COUNT = 60_000  # of a day: of several row groups


class FarObjects(LocalObjects):
    """A folder that is read as a bucket is, and notes which threads ask for ranges."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, is_shared=False)
        self.readers: list[str] = []

    def path(self, key: str) -> Path | None:
        del key
        return None

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        self.readers.append(threading.current_thread().name.rpartition("_")[0])
        return super().get_range(key, start, end)


def day(number: int) -> Batch:
    chance = random.Random(number)
    lines = [
        f'{{"id":"{chance.randbytes(16).hex()}","other":"{chance.randbytes(16).hex()}",'
        f'"user":"u{chance.randrange(9**9)}","status":{200 + place % 3}}}'
        for place in range(COUNT)
    ]
    times = [START + number * DAY + place * SECOND for place in range(COUNT)]
    nothing = pa.nulls(COUNT, pa.string())
    columns = {"stream": [0] * COUNT, "timestamp": times, "line": lines, "detected_level": nothing, "metadata": nothing}
    return Batch("t", (labels_of({"app": "shop"}),), pa.table(columns, ENTRY_SCHEMA))


class World:
    """A store whose objects are far, compacted to a segment for each day, of which a cache holds nothing."""

    def __init__(self, data: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.objects = FarObjects(data / "bucket")
        cached = CachedObjects(self.objects, BlockCache(data / "cache", 1 << 30), "far", StoreMetrics())
        self.store = Store.open(StoreSettings(data=data / "store", compaction=False), objects=cached)
        for number in range(DAYS):
            self.loop.run_until_complete(self.store.append(day(number)))
        self.store.compact_now()
        self.duck = Duck(1 << 28, 1, str(data / "spill"))
        self.queries = QueryService(self.store, self.duck, QueryLimits(), threads=1, queue=QueueLimits(1))

    def ask(self, query: str) -> QueryAnswer:
        self.objects.readers.clear()
        request = QueryRequest("t", query, START, START + DAYS * DAY, step=HOUR)
        return self.loop.run_until_complete(self.queries.query_range(request))

    def close(self) -> None:
        self.queries.close()
        self.duck.close()
        self.loop.run_until_complete(self.store.close())
        self.loop.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_columns_of_far_segments_are_fetched_together(world: World) -> None:
    answer = world.ask('sum by (status) (count_over_time({app="shop"} | json | user=~".*[05]" | id=~".*[0-7]" [1h]))')
    assert isinstance(answer.result, MatrixResult)
    found = {dict(series.labels)["status"]: sum(series.values.tolist()) for series in answer.result.series}
    lines = [json.loads(line) for number in range(DAYS) for line in day(number).entries["line"].to_pylist()]
    chosen = [line for line in lines if line["user"][-1] in "05" and line["id"][-1] in "01234567"]
    assert found == {str(status): sum(line["status"] == status for line in chosen) for status in (200, 201, 202)}
    assert {name for name in world.objects.readers if name} == {"sigyn-fetch"}
    assert world.objects.readers.count("") <= 1  # who asks waits for one block, if it is the only one


def test_filters_of_far_segments_are_read_side_by_side(world: World) -> None:
    answer = world.ask('{app="shop"} |= "nothing of the kind"')
    assert answer.statistics.lines_read == 0
    assert set(world.objects.readers) == {"sigyn-prepare"}
