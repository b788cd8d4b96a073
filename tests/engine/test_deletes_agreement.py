"""What a delete request takes is what its query finds, and it takes nothing else."""

from collections.abc import Iterator
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import ast, parse, print_query
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import LogResult
from sigyn.model.time import MILLISECOND, MINUTE, SECOND
from sigyn.services.query import QueryRequest

from .test_agreement import END, EXAMPLES, START, Row, World, log_queries, reference_entries, rows, streams, widened


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(compacted=False)
    yield made
    made.close()


Request: TypeAlias = tuple[ast.LogQuery, int, int]
"""The query of a delete request, and its time."""


def goes(requests: list[Request], stream: Labels, timestamp: int, line: str, own: Labels) -> bool:
    """Whether a request takes an entry, by the interpreter."""
    return any(
        first <= timestamp <= last
        and selector_matches(query.selector, stream)
        and Pipeline(query.stages).process(stream, timestamp, line, own) is not None
        for query, first, last in requests
    )


def parse_log_query(text: str) -> ast.LogQuery:
    query = parse(text)
    assert isinstance(query, ast.LogQuery)
    return query


def left(world: World, tenant: str) -> list[tuple[Labels, int, str, Labels]]:
    """All entries that a query finds, oldest first."""
    request = QueryRequest(tenant, "{}", START, END + 1, limit=100_000, direction="forward")
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, LogResult)
    return [(entry.stream, entry.timestamp, entry.line, entry.metadata) for entry in result.entries]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    requests=st.lists(
        st.tuples(
            log_queries | log_queries.map(widened),
            st.sampled_from((START, START + 7 * MINUTE)),
            st.sampled_from((END, END - 5 * MINUTE)),
        ),
        min_size=1,
        max_size=3,
    ),
    compacted=st.booleans(),
)
def test_deletes_and_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], requests: list[Request], compacted: bool
) -> None:
    tenant = world.fill(labels, entries)
    if compacted:
        world.store.compact_now()
    everything = reference_entries(labels, entries)
    expected = [as_answered(entry) for entry in everything if not goes(requests, *entry)]
    before = left(world, tenant)
    assert len(before) == len(everything)
    for query, first, last in requests:
        world.store.deletions.add(tenant, print_query(query), first, last)
    assert left(world, tenant) == expected
    world.store.forget_now()
    assert left(world, tenant) == expected
    with world.store.snapshot(tenant, START, END) as snapshot:
        assert sum(segment.rows for segment in snapshot.segments) == len(expected)


def test_segments_of_any_size_are_looked_through_together(world: World) -> None:
    """Entries in columns and in lines, few and many, in one question for all segments."""
    labels: list[Labels] = [(("app", "shop"),), (("app", "till"),), (("app", "shop"), ("level", "error"))]

    def row(number: int, push: int) -> Row:
        line = f'{{"user_id":"u-{number % 97}","status":"{200 + number % 7}","msg":"it took {number}ms"}}'
        return Row(number, START + number * MILLISECOND, line, "error" if number % 5 else None, None, push)

    requests = [
        (parse_log_query(text), START + since * SECOND, START + until * SECOND)
        for text, since, until in [
            ('{app="shop"} |= "u-12"', 0, 900),
            ('{app=~"shop|till"} |~ "took 1?7.*ms"', 2, 14),
            ('{level="error"}', 8, 9),
            ('{app="till"} | json | user_id="u-90" or status="203"', 0, 900),
            ('{app="shop"} |= "u-70"', 0, 900),
        ]
    ]
    tenant = "of-any-size"
    entries: list[Row] = []
    for push, (count, request) in enumerate(zip([9000, 20, 6000, 300, 40], requests, strict=True)):
        own = [row(len(entries) + number, push) for number in range(count)]
        world.fill(labels, own, tenant)
        entries += own
        if push < 2:
            world.store.compact_now()
        query, first, last = request
        world.store.deletions.add(tenant, print_query(query), first, last)
    expected = []
    for entry in entries:
        (stored,) = reference_entries(labels, [entry])
        if not goes(requests[entry.push :], *stored):
            expected.append(as_answered(stored))
    assert left(world, tenant) == expected
    with world.store.snapshot(tenant, START, END) as snapshot:
        assert sorted((segment.rows, segment.level) for segment in snapshot.segments) == [
            (20, 1), (40, 0), (300, 0), (6000, 0), (9000, 1)
        ]  # fmt: skip
        snapshot.find_deleted(snapshot.segments)
        hidden = sum(len(snapshot.hidden_rows(segment)) for segment in snapshot.segments)
    assert hidden == len(entries) - len(expected) > 0


def as_answered(entry: tuple[Labels, int, str, Labels]) -> tuple[Labels, int, str, Labels]:
    """The entry as an answer has it: metadata of the name of a stream label or an error have another name there."""
    stream, timestamp, line, own = entry
    names = {name for name, _ in stream} | {"__error__"}
    renamed = {f"{name}_extracted" if name in names else name: value for name, value in own}
    return stream, timestamp, line, labels_of(renamed)
