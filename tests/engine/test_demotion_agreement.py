"""Queries find the same whether a label is one of streams, one of entries, or one of both by turns."""

import os
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sigyn.languages.logql import ast, print_query
from sigyn.languages.logql.checks import log_queries as log_queries_of
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import LogResult, MatrixResult
from sigyn.model.time import SECOND
from sigyn.services.demotion import demoted
from sigyn.services.query import QueryRequest
from sigyn.store.demoted import DemotedLabel
from sigyn.wire.metadata import metadata_text
from tests.engine.agreement_words import WORDS as ANY_WORDS
from tests.engine.agreement_words import lines
from tests.engine.test_agreement import END, START, Row, World
from tests.languages import strategies

EXAMPLES = 3000 if os.environ.get("SIGYN_LONG") else 45

DEMOTED = frozenset({"user_id", "app"})
NAMES = ("app", "level", "env", "user_id")
TEXTS = ("shop", "error", "u-1", "500")

WORDS = replace(
    ANY_WORDS,
    names=st.sampled_from((*NAMES, "trace_id", "status", "detected_level", "app_extracted")),
    values=st.sampled_from((*TEXTS, "", "x")),
)
log_queries = strategies.log_queries(WORDS)
metric_queries = strategies.metric_queries(WORDS)

streams = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), min_size=1).map(labels_of),
    min_size=1,
    max_size=3,
    unique=True,
)
metadata = st.none() | st.dictionaries(
    st.sampled_from(("trace_id", "size", "app", "app_extracted", "user_id", "zone")), st.sampled_from(TEXTS)
)
rows = st.lists(
    st.builds(
        Row,
        st.integers(0, 2),
        st.integers(0, 1199).map(lambda second: START + second * SECOND + second % 7),
        lines,
        st.sampled_from((None, "error")),
        metadata,
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row.timestamp,
)
matchers = st.builds(
    ast.Matcher,
    st.sampled_from(NAMES),
    st.sampled_from(("=", "!=")),
    st.sampled_from((*TEXTS, "", "nosuch")),
) | st.builds(
    ast.Matcher,
    st.sampled_from(NAMES),
    st.sampled_from(("=~", "!~")),
    st.sampled_from((".*", ".+", "u.*|shop", "shop|", "(?i)SHOP", "5..", "")),
)
selectors = st.lists(matchers, max_size=3).map(lambda found: ast.Selector(tuple(found)))


_REMOVING = (ast.Drop, ast.Keep, ast.LabelFormat)
_PARSERS = (ast.JsonParser, ast.LogfmtParser, ast.RegexpParser, ast.PatternParser, ast.Unpack)


def selecting(query: ast.Query, selector: ast.Selector) -> ast.Query:
    """The query with this selector everywhere."""
    match query:
        case ast.LogQuery():
            return replace(query, selector=selector)
        case ast.RangeAggregation(log_range=log_range):
            return replace(query, log_range=replace(log_range, query=replace(log_range.query, selector=selector)))
        case ast.VectorAggregation(expression=inner) | ast.LabelReplace(expression=inner):
            return replace(query, expression=selecting(inner, selector))
        case ast.BinaryOperation(left=left, right=right):
            return replace(query, left=selecting(left, selector), right=selecting(right, selector))
        case _:
            return query


def parses_after_removing(query: ast.Query) -> bool:
    """Whether a parser comes behind a stage that may remove a label.

    There alone it shows where a label is from: a parser never takes the name of a stream's label, not
    even of one that was dropped, and that of structured metadata only while they are there.
    """
    for log_query, _ in log_queries_of(query):
        removed = False
        for stage in log_query.stages:
            removed |= isinstance(stage, _REMOVING)
            if removed and isinstance(stage, _PARSERS):
                return True
    return False


def without_strangers(labels: list[Labels], entries: list[Row]) -> list[Row]:
    """The entries without metadata that bear a demoted name though their stream has no such label.

    Those are what a selector finds once the name is demoted, and not before.
    """
    cleaned = []
    for entry in entries:
        foreign = DEMOTED - {name for name, _ in labels[entry.stream % len(labels)]}
        kept = {name: value for name, value in (entry.metadata or {}).items() if name not in foreign}
        cleaned.append(replace(entry, metadata=kept or None))
    return cleaned


def fill_demoted(world: World, labels: list[Labels], entries: list[Row], since: int) -> str:
    """Store the entries under a new tenant whose labels are demoted from the push `since` on."""
    world.examples += 1
    tenant = f"demoted-{world.examples}"
    world.store.demoted.put(tenant, [DemotedLabel(name, "for the test", 0, "", 0) for name in sorted(DEMOTED)])
    for push in sorted({entry.push for entry in entries}):
        chosen = [entry for entry in entries if entry.push == push]
        columns = {
            "stream": [entry.stream % len(labels) for entry in chosen],
            "timestamp": [entry.timestamp for entry in chosen],
            "line": [entry.line for entry in chosen],
            "detected_level": [entry.level for entry in chosen],
            "metadata": [metadata_text((entry.metadata or {}).items()) for entry in chosen],
        }
        streams, table = tuple(labels), pa.table(columns, ENTRY_SCHEMA)
        if push >= since:
            streams, table = demoted(streams, table, DEMOTED)
        world.loop.run_until_complete(world.store.append(Batch(tenant, streams, table)))
    return tenant


def shown(result: LogResult) -> list[tuple[int, str, Labels]]:
    """Entries with their labels, wherever these are shown."""
    return [
        (entry.timestamp, entry.line, tuple(sorted(entry.stream + entry.metadata + entry.parsed)))
        for entry in result.entries
    ]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=log_queries,
    selector=selectors,
    since=st.integers(0, 2),
    limit=st.sampled_from((1, 3, 100)),
)
def test_log_queries_find_demoted_labels(
    world: World,
    labels: list[Labels],
    entries: list[Row],
    query: ast.LogQuery,
    selector: ast.Selector,
    since: int,
    limit: int,
) -> None:
    assume(not parses_after_removing(query))
    entries = without_strangers(labels, entries)
    text = print_query(selecting(query, selector))
    results = []
    for tenant in (world.fill(labels, entries), fill_demoted(world, labels, entries, since)):
        request = QueryRequest(tenant, text, START, END + 1, limit=limit)
        result = world.loop.run_until_complete(world.lenient.query_range(request)).result
        assert isinstance(result, LogResult)
        results.append(shown(result))
    assert results[0] == results[1]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=metric_queries,
    selector=selectors,
    since=st.integers(0, 2),
    strict=st.booleans(),
)
def test_metric_queries_count_demoted_labels(
    world: World,
    labels: list[Labels],
    entries: list[Row],
    query: ast.MetricQuery,
    selector: ast.Selector,
    since: int,
    strict: bool,
) -> None:
    assume(not parses_after_removing(query))
    entries = without_strangers(labels, entries)
    text = print_query(selecting(query, selector))
    plain, moved = (
        answer(world, text, tenant, strict=strict)
        for tenant in (world.fill(labels, entries), fill_demoted(world, labels, entries, since))
    )
    assert (plain is None) == (moved is None)
    if plain is not None and moved is not None:
        assert plain.keys() == moved.keys()
        for series, points in plain.items():
            assert points == pytest.approx(moved[series], rel=1e-9, abs=1e-9, nan_ok=True), series


def answer(world: World, text: str, tenant: str, *, strict: bool) -> dict[Labels, dict[int, float]] | None:
    """Values by series and time; None for a query that fails."""
    service = world.strict if strict else world.lenient
    request = QueryRequest(tenant, text, START, END, step=90 * SECOND)
    try:
        result = world.loop.run_until_complete(service.query_range(request)).result
    except QueryError:
        return None
    assert isinstance(result, MatrixResult)
    return {
        series.labels: dict(zip(series.timestamps.tolist(), series.values.tolist(), strict=True))
        for series in result.series
    }
