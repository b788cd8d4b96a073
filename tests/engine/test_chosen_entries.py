"""Log queries that choose entries by places first find the same as those that interpret whatever may pass."""

import random
from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat
from math import inf
from types import SimpleNamespace

import pytest

from sigyn.engine import log_query
from sigyn.model.errors import QueryError, QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.results import Direction, LogEntry, LogResult
from sigyn.model.time import DAY, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from tests.engine.test_agreement import END, START, Row, World

LABELS: list[Labels] = [
    (("app", "shop"), ("host", "a")),
    (("app", "shop"), ("trace", "of the stream")),
    (("app", "shop"), ("host", "b")),
    (("app", "other"),),
]
ROWS = 20_000  # of several row groups

QUERIES = (
    '{app="shop"}',
    '{app="none"}',
    '{app="shop"} | json',
    '{app="shop"} | json | line_format `{{.user}} of {{.n}}` | drop user',
    '{app="shop"} |= "u3" != "9"',
    '{app="shop"} | json | user="u3"',
    '{app="shop"} | json | user="u3" or n > 100 | n < 19000',
    '{app="shop"} | json | __error__!=""',
    '{app="shop"} | logfmt | user="u4"',
    '{app="shop"} | trace=~"44.*"',
    '{app="shop"} | trace!="" | json | user!="u1"',
    '{app="shop"} | json | line_format `{{ if eq .user "u5" }}{{ now | date "2006" }}{{ end }}` |~ "^2"',
)


@pytest.fixture(scope="module", params=["in memory", "in files"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(compacted=False, data=tmp_path_factory.mktemp("world") if request.param == "in files" else None)
    yield made
    made.close()


@pytest.fixture(scope="module")
def tenant(world: World) -> str:
    """Entries evenly over time and in bursts, of two pushes that were compacted and one that was not."""
    chance = random.Random(5)
    moments = [chance.randrange(START, END) for _ in range(5)]
    rows = []
    for number in range(ROWS):
        time = chance.randrange(START, END) if number % 3 else chance.choice(moments) + chance.randrange(50)
        line = chance.choice((f'{{"n":{number},"user":"u{number % 7}"}}',) * 8 + (f"user=u{number % 7} é", '{"n":'))
        metadata = {"trace": str(number)} if number % 11 == 0 else None
        level = chance.choice(("info", "warn", None))
        rows.append(Row(chance.choice((0, 0, 0, 1, 2, 3)), time, line, level, metadata, number * 3 // ROWS))
    made = world.fill(LABELS, [row for row in rows if row.push < 2])
    world.store.compact_now()
    return world.fill(LABELS, [row for row in rows if row.push == 2], made)


def found(
    world: World,
    tenant: str,
    query: str,
    limit: int,
    direction: Direction = "backward",
    wide: int = 0,
    interval: int = 0,
) -> list[LogEntry]:
    request = QueryRequest(tenant, query, START - wide, END + wide, limit=limit, direction=direction, interval=interval)
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, LogResult)
    return result.entries


@pytest.mark.parametrize("direction", ["backward", "forward"])
@pytest.mark.parametrize("query", QUERIES)
def test_they_are_the_same(
    world: World, tenant: str, monkeypatch: pytest.MonkeyPatch, query: str, direction: Direction
) -> None:
    for limit, wide in ((1, 0), (20, 10 * DAY), (20, -MINUTE), (3_000, 0)):
        chosen = found(world, tenant, query, limit, direction, wide)
        with monkeypatch.context() as patch:
            patch.setattr(log_query, "MOST_CHOSEN", 0)
            assert found(world, tenant, query, limit, direction, wide) == chosen
        assert bool(chosen) == ("none" not in query)


def test_they_are_the_same_where_little_is_read_at_once(
    world: World, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query in ('{app="shop"} | json', '{app="shop"} | json | user="u3"'):
        expected = found(world, tenant, query, 300)
        with monkeypatch.context() as patch:
            patch.setattr("sigyn.engine.log_answers.CHOSEN_AT_ONCE", 7)
            assert found(world, tenant, query, 300) == expected


@pytest.mark.parametrize("query", ['{app="shop"} | json', '{app="shop"} | json | n > 0 | user="u3"'])
def test_what_is_there_when_time_is_over_is_answered(
    world: World, tenant: str, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    every = found(world, tenant, query, ROWS)
    request = QueryRequest(tenant, query, START, END, limit=300)
    sizes = set()
    for looks in (*range(0, 30, 2), *range(30, 160, 10)):
        times = chain(repeat(0.0, looks), repeat(inf))
        with monkeypatch.context() as patch:
            patch.setattr("sigyn.engine.context.time", SimpleNamespace(monotonic=partial(next, times)))
            try:
                answer = world.loop.run_until_complete(world.lenient.query_range(request))
            except QueryTimeout:
                continue
        assert isinstance(answer.result, LogResult)
        sizes.add(len(answer.result.entries))
        if len(answer.result.entries) < 300:
            assert any("may be missing" in warning for warning in answer.warnings)
        rest = iter(every)
        assert all(entry in rest for entry in answer.result.entries)
    assert len(sizes - {300}) > 3
    assert 300 in sizes


@pytest.mark.parametrize("query", ['{app="shop"}', '{app="shop"} | json | user="u3"'])
def test_too_much_text_is_refused(world: World, tenant: str, query: str) -> None:
    limits = QueryLimits(max_answer_bytes=1_000)
    service = QueryService(world.store, world.duck, limits, threads=1, queue=QueueLimits(1))
    request = QueryRequest(tenant, query, START, END, limit=500)
    with pytest.raises(QueryError, match=r"the first \d+ lines of the answer have 10\d\d bytes of text"):
        world.loop.run_until_complete(service.query_range(request))
    service.close()


@pytest.mark.parametrize("stages", ["", '| json | user="u3"', "| json"])
def test_of_no_lines_none_are_read(world: World, tenant: str, stages: str) -> None:
    assert found(world, tenant, f'{{app="shop"}} {stages} | limit 0', 10) == []


@pytest.mark.parametrize("direction", ["backward", "forward"])
@pytest.mark.parametrize("query", [QUERIES[0], QUERIES[2], QUERIES[5], QUERIES[-1]])
def test_those_with_an_interval_are_of_the_same_lines(
    world: World, tenant: str, monkeypatch: pytest.MonkeyPatch, query: str, direction: Direction
) -> None:
    every = found(world, tenant, query, ROWS, direction)
    for limit, interval in ((5, 2 * MINUTE), (400, SECOND)):
        spaced: list[LogEntry] = []
        for entry in every:
            if not spaced or abs(entry.timestamp - spaced[-1].timestamp) >= interval:
                spaced.append(entry)
        assert found(world, tenant, query, limit, direction, interval=interval) == spaced[:limit]
        with monkeypatch.context() as patch:
            patch.setattr(log_query, "MOST_CHOSEN", 0)
            assert found(world, tenant, query, limit, direction, interval=interval) == spaced[:limit]


@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_lines_without_the_number_that_is_asked_for_take_no_places(
    world: World, tenant: str, direction: Direction
) -> None:
    with_numbers, filtered = (
        [(entry.timestamp, entry.line) for entry in found(world, tenant, f'{{host="a"}} | {stage}', 50, direction)]
        for stage in ("unwrap trace", 'trace!=""')
    )
    assert len(with_numbers) == 50
    assert with_numbers == filtered


@pytest.mark.parametrize("direction", ["backward", "forward"])
@pytest.mark.parametrize("centuries", [2, 3])  # of 2.9 and more numbers of 64 bits don't hold the width
def test_centuries_without_an_entry_are_passed_over(world: World, direction: Direction, centuries: int) -> None:
    before, now = START - centuries * 36_525 * DAY, START
    near, far = (now, before) if direction == "backward" else (before, now)
    times = [*range(near, near + 5), *range(far, far + 1_000)]
    tenant = world.fill(LABELS, [Row(0, time, "x", None, None, 0) for time in times])
    service = QueryService(world.store, world.duck, QueryLimits(max_query_length=0), threads=1, queue=QueueLimits(1))
    request = QueryRequest(tenant, '{app="shop"}', before - DAY, now + DAY, limit=20, direction=direction)
    result = world.loop.run_until_complete(service.query_range(request)).result
    assert isinstance(result, LogResult)
    assert [entry.timestamp for entry in result.entries] == sorted(times, reverse=direction == "backward")[:20]
    service.close()
