"""The newest lines of several intervals are those that a log query finds in each, one after the other."""

import random
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from sigyn.engine.line_sample import sample_of
from sigyn.model.errors import QueryError, QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.results import LineSample, LogResult
from sigyn.model.time import MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.demoted import DemotedLabel
from tests.engine.test_agreement import END, START, Row, World

LABELS: list[Labels] = [
    (("app", "shop"), ("host", "a")),
    (("app", "shop"), ("detected_level", "of the stream")),
    (("app", "shop"), ("host", "b")),
    (("app", "other"),),
]
ROWS = 30_000  # of several row groups


@pytest.fixture(scope="module", params=["in memory", "in files"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(compacted=False, data=tmp_path_factory.mktemp("world") if request.param == "in files" else None)
    yield made
    made.close()


def random_rows(chance: random.Random, burst: int) -> list[Row]:
    """Entries of which one in `burst` comes evenly, and the others in a few moments."""
    moments = [chance.randrange(START, END) for _ in range(5)]
    rows = []
    for number in range(ROWS):
        time = chance.randrange(START, END) if number % burst == 0 else chance.choice(moments) + chance.randrange(50)
        line = f'{{"n":{number},"user":"u{number % 7}"}}' if chance.random() < 0.9 else f"the text {number}"
        level = chance.choice(("info", "warn", None))
        metadata = {"trace": str(number)} if number % 11 == 0 else None
        rows.append(Row(chance.choice((0, 0, 0, 1, 2, 3)), time, line, level, metadata, number * 4 // ROWS))
    return rows


def one_by_one(world: World, tenant: str, selector: str, edges: list[int], most: int) -> LineSample:
    found = []
    for start, end in pairwise(edges):
        request = QueryRequest(tenant, selector, start, end, limit=most)
        result = world.loop.run_until_complete(world.lenient.query_range(request)).result
        assert isinstance(result, LogResult)
        found.append(result.entries)
    return sample_of(np.array(edges), found)


def newest(world: World, tenant: str, selector: str, edges: list[int], most: int) -> LineSample:
    return world.loop.run_until_complete(world.lenient.newest_lines(tenant, selector, np.array(edges), most))


def assert_same(one: LineSample, other: LineSample) -> None:
    assert one.firsts.tolist() == other.firsts.tolist()
    assert one.timestamps.tolist() == other.timestamps.tolist()
    assert one.lines.to_pylist() == other.lines.to_pylist()
    assert one.levels.to_pylist() == other.levels.to_pylist()


@pytest.mark.parametrize(("burst", "compacted"), [(1, 0), (1, 2), (3, 2), (3, 4), (ROWS, 2)])
def test_they_are_those_of_log_queries(world: World, burst: int, compacted: int) -> None:
    chance = random.Random(burst + compacted)
    rows = random_rows(chance, burst)
    tenant = world.fill(LABELS, [row for row in rows if row.push < compacted])
    if compacted:
        world.store.compact_now()
    world.fill(LABELS, [row for row in rows if row.push >= compacted], tenant)
    minutes = [*range(START, END, 6 * MINUTE), END]
    uneven = sorted({START, END - 7, *(chance.randrange(START, END) for _ in range(4))})
    for edges, most in ((minutes, 20), (uneven, 300), ([START, END], 5_000), ([START - MINUTE, START + 9, END], ROWS)):
        for selector in ('{app="shop"}', '{host="a"}', '{app="none"}'):
            expected = one_by_one(world, tenant, selector, edges, most)
            assert_same(newest(world, tenant, selector, edges, most), expected)
            assert len(expected.lines) > 0 or selector == '{app="none"}'


def test_what_is_deleted_is_not_among_them(world: World) -> None:
    tenant = world.fill(LABELS, random_rows(random.Random(1), 1))
    world.store.compact_now()
    world.store.deletions.add(tenant, '{app="shop"} |= "u3"', START, END)
    edges = [*range(START, END, MINUTE), END]
    found = newest(world, tenant, '{app="shop"}', edges, 50)
    assert_same(found, one_by_one(world, tenant, '{app="shop"}', edges, 50))
    assert not any('"u3"' in line for line in found.lines.to_pylist())


def test_those_with_a_demoted_label_are_found(world: World) -> None:
    rows = [Row(0, START + number, f"n={number}", "info", {"pod": str(number % 2)}, 0) for number in range(100)]
    tenant = world.fill(LABELS, rows)
    world.store.demoted.put(tenant, [DemotedLabel("pod", "for the test", 0, "", 0)])
    found = newest(world, tenant, '{app="shop", pod="1"}', [START, START + 50, END], 3)
    assert found.lines.to_pylist() == ["n=49", "n=47", "n=45", "n=99", "n=97", "n=95"]


def test_they_keep_to_limits(world: World) -> None:
    tenant = world.fill(LABELS, random_rows(random.Random(1), 1)[:100])

    def refused(limits: QueryLimits) -> None:
        service = QueryService(world.store, world.duck, limits, threads=1, queue=QueueLimits(1))
        try:
            world.loop.run_until_complete(service.newest_lines(tenant, "{}", np.array([START, END]), 1_000))
        finally:
            service.close()

    with pytest.raises(QueryError, match="max_answer_bytes"):
        refused(QueryLimits(max_answer_bytes=100))
    with pytest.raises(QueryTimeout, match="query_timeout"):
        refused(QueryLimits(query_timeout=0))
    with pytest.raises(QueryError, match="length"):
        refused(QueryLimits(max_query_length=SECOND))
