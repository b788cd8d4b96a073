"""Entries of equal times come in the order in which they arrived, or backward in the exact reverse."""

from collections.abc import Iterator

import pytest

from sigyn.engine import log_query
from sigyn.model.results import Direction, LogResult, VectorResult
from sigyn.services.query import QueryRequest
from tests.engine.test_agreement import END, START, Row, World

LABELS = [(("app", "shop"),)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(compacted=False, data=tmp_path_factory.mktemp("world"))
    yield made
    made.close()


def pushed(world: World, *pushes: str, compacted: int = 0) -> str:
    """A tenant with an entry for each letter, all of one time; the first `compacted` pushes were compacted."""
    tenant = world.fill(LABELS, [])
    for number, letters in enumerate(pushes):
        if number and number == compacted:
            world.store.compact_now()
        world.fill(LABELS, [Row(0, START, f"line={letter} n=1", None, None, number) for letter in letters], tenant)
    return tenant


def letters(world: World, tenant: str, direction: Direction, query: str = "{} | logfmt", limit: int = 100) -> str:
    request = QueryRequest(tenant, query, START, END, limit=limit, direction=direction)
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, LogResult)
    return "".join(entry.line[5] for entry in result.entries)


@pytest.mark.parametrize("compacted", [0, 2, 3])
@pytest.mark.parametrize("query", ["{}", '{} |= "line"', "{} | logfmt | n=1"])
def test_they_come_as_they_arrived(world: World, compacted: int, query: str) -> None:
    tenant = pushed(world, "d", "ca", "be", "f", compacted=compacted)
    assert letters(world, tenant, "forward", query) == "dcabef"
    assert letters(world, tenant, "backward", query) == "febacd"
    assert letters(world, tenant, "forward", query, limit=2) == "dc"
    assert letters(world, tenant, "backward", query, limit=4) == "feba"


def test_they_do_where_they_are_read_bit_by_bit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_query, "FIRST_UNIT_ROWS", 1)
    tenant = pushed(world, "d", "ca", "be", "f", compacted=2)
    assert letters(world, tenant, "forward", limit=3) == "dca"
    assert letters(world, tenant, "backward", limit=3) == "feb"


def test_a_compaction_keeps_their_order(world: World) -> None:
    tenant = pushed(world, "d", "ca", "be", "f", compacted=2)
    world.store.compact_now()
    assert letters(world, tenant, "forward") == "dcabef"


@pytest.mark.parametrize("compacted", [0, 1])
def test_the_last_to_arrive_is_the_last_over_time(world: World, compacted: int) -> None:
    tenant = world.fill(LABELS, [])
    for number in range(3):
        if compacted and number == 2:
            world.store.compact_now()
        world.fill(LABELS, [Row(0, START, f"n={number}", None, None, 0)], tenant)
    for operator, value in (("first", 0), ("last", 2)):
        query = f"{operator}_over_time({{}} | logfmt | unwrap n [1h]) by (app)"
        answer = world.loop.run_until_complete(world.lenient.query_instant(QueryRequest(tenant, query, END, END)))
        assert isinstance(answer.result, VectorResult)
        assert [sample.value for sample in answer.result.samples] == [value]
