"""Extensions mean the same whether SQL and kernels run them or the interpreter: random queries, random entries."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.engine.interpreter.entry import ERROR, Processed
from sigyn.engine.interpreter.errors import predicate_labels
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.engine.pipes.stats import StatsGroups
from sigyn.engine.subqueries import has_subqueries
from sigyn.languages.logql import ast, parse, pipes, print_query
from sigyn.languages.logql.pipes.stats import Key
from sigyn.model.errors import ParseError
from sigyn.model.labels import Labels
from sigyn.model.results import LogResult, TableResult
from sigyn.model.time import MINUTE
from sigyn.services.query import QueryRequest
from tests.engine.agreement_words import WORDS, streams
from tests.engine.test_agreement import END, START, Row, World, reference_entries, rows, widened
from tests.languages import strategies

EXAMPLES = 3000 if os.environ.get("SIGYN_LONG") else 45


def processed_entries(query: ast.LogQuery, labels: list[Labels], entries: list[Row]) -> Iterator[Processed]:
    pipeline = Pipeline(query.stages)
    for stream, timestamp, line, own in reference_entries(labels, entries):
        if selector_matches(query.selector, stream):
            processed = pipeline.process(stream, timestamp, line, own)
            if processed is not None:
                yield processed


def without_subqueries(query: ast.LogQuery) -> bool:
    return not has_subqueries(query)


def is_taken(query: ast.LogQuery) -> bool:
    """Whether the checks of stages let it pass: a label that is formatted can't be `__error__`."""
    try:
        parse(print_query(query))
    except ParseError:
        return False
    return True


log_queries = strategies.extended_log_queries(WORDS).filter(without_subqueries).map(widened).filter(is_taken)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=streams, entries=rows, query=log_queries)
def test_extended_stages_agree(world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery) -> None:
    tenant = world.fill(labels, entries)
    request = QueryRequest(tenant, print_query(query), START, END + 1, limit=100, direction="forward")
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, LogResult)
    assert result.entries == [one.as_log_entry() for one in processed_entries(query, labels, entries)]


def expected_table(stats: pipes.Stats, query: ast.LogQuery, labels: list[Labels], entries: list[Row]) -> pa.Table:
    """The rows as they come from looking at each entry."""
    filters = [stage for stage in query.stages if isinstance(stage, ast.LabelFilter)]
    read = {*(key.name for key in stats.by), *(measure.field for measure in stats.measures)}
    keeps = any(ERROR in predicate_labels(one.predicate) for one in filters) or ERROR in read
    groups = StatsGroups(stats)
    for entry in processed_entries(query, labels, entries):
        if keeps or ERROR not in entry.parsed:
            groups.add(getter(entry), entry.timestamp)
    return groups.table()


def getter(entry: Processed) -> Callable[[str], str | None]:
    return lambda name: entry.line if name == "line" else entry.get(name)


def by_line(stats: pipes.Stats) -> pipes.Stats:
    return replace(stats, by=(*stats.by, Key("line")))


def keyed(table: pa.Table, keys: int) -> dict[tuple[object, ...], dict[str, object]]:
    names = table.column_names
    return {tuple(row[name] for name in names[:keys]): row for row in table.to_pylist()}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=strategies.log_queries(WORDS).map(widened).filter(is_taken),
    stats=strategies.stats(WORDS) | strategies.stats(WORDS).map(by_line),
    start=st.sampled_from((START, START + 7 * MINUTE + 13)),
)
def test_stats_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery, stats: pipes.Stats, start: int
) -> None:
    tenant = world.fill(labels, entries)
    request = QueryRequest(tenant, print_query(ast.PipedQuery(query, (stats,))), start, END + 1)
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, TableResult)
    inside = [entry for entry in entries if entry.timestamp >= start]
    wanted = keyed(expected_table(stats, query, labels, inside), len(stats.by))
    found = keyed(result.table, len(stats.by))
    assert len(found) == result.table.num_rows
    assert list(found) == list(wanted)
    for key, row in wanted.items():
        for name, value in row.items():
            if isinstance(value, float):
                assert found[key][name] == pytest.approx(value, rel=1e-9, abs=1e-6, nan_ok=True)
            else:
                assert found[key][name] == value
