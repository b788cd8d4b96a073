"""What a delete request takes is what its query finds, and it takes nothing else."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import ast, print_query
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import LogResult
from sigyn.model.time import MINUTE
from sigyn.services.query import QueryRequest

from .test_agreement import END, EXAMPLES, START, Row, World, log_queries, reference_entries, rows, streams, widened


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(compacted=False)
    yield made
    made.close()


def left(world: World, tenant: str) -> list[tuple[Labels, int, str, Labels]]:
    """All entries that a query finds, oldest first."""
    request = QueryRequest(tenant, "{}", START, END + 1, limit=1000, direction="forward")
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, LogResult)
    return [(entry.stream, entry.timestamp, entry.line, entry.metadata) for entry in result.entries]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=log_queries | log_queries.map(widened),
    first=st.sampled_from((START, START + 7 * MINUTE)),
    last=st.sampled_from((END, END - 5 * MINUTE)),
    compacted=st.booleans(),
)
def test_deletes_and_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery, first: int, last: int, compacted: bool
) -> None:
    tenant = world.fill(labels, entries)
    if compacted:
        world.store.compact_now()
    pipeline = Pipeline(query.stages)

    def goes(stream: Labels, timestamp: int, line: str, own: Labels) -> bool:
        inside = first <= timestamp <= last and selector_matches(query.selector, stream)
        return inside and pipeline.process(stream, timestamp, line, own) is not None

    everything = reference_entries(labels, entries)
    expected = [as_answered(entry) for entry in everything if not goes(*entry)]
    before = left(world, tenant)
    assert len(before) == len(everything)
    world.store.deletions.add(tenant, print_query(query), first, last)
    assert left(world, tenant) == expected
    world.store.forget_now()
    assert left(world, tenant) == expected
    with world.store.snapshot(tenant, START, END) as snapshot:
        assert sum(segment.rows for segment in snapshot.segments) == len(expected)


def as_answered(entry: tuple[Labels, int, str, Labels]) -> tuple[Labels, int, str, Labels]:
    """The entry as an answer has it: metadata of the name of a stream label or an error have another name there."""
    stream, timestamp, line, own = entry
    names = {name for name, _ in stream} | {"__error__"}
    renamed = {f"{name}_extracted" if name in names else name: value for name, value in own}
    return stream, timestamp, line, labels_of(renamed)
