"""The fast engine and the reference interpreter give the same answers to the same questions."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.engine.duck import Duck
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.reference import evaluate
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.warm import warm_kernels
from sigyn.languages.logql import ast, print_query
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry, LogResult, MatrixResult
from sigyn.model.time import MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store
from tests.engine.agreement_words import WORDS, lines, metadata, numbered_lines, streams
from tests.languages import strategies

EXAMPLES = 4000 if os.environ.get("SIGYN_LONG") else 45

START = 1_768_471_200 * SECOND
END = START + 20 * MINUTE

WIDE = ast.Selector((ast.Matcher("nosuch", "=", ""),))


def widened(query: ast.Query) -> ast.Query:
    """The query with selectors that match every stream: random matchers rarely leave anything."""
    match query:
        case ast.LogQuery():
            return replace(query, selector=WIDE)
        case ast.RangeAggregation(log_range=log_range):
            log_query = replace(log_range.query, selector=WIDE)
            return replace(query, log_range=replace(log_range, query=log_query))
        case ast.VectorAggregation(expression=inner) | ast.LabelReplace(expression=inner):
            return replace(query, expression=widened(inner))
        case ast.BinaryOperation(left=left, right=right):
            return replace(query, left=widened(left), right=widened(right))
        case _:
            return query


log_queries = strategies.log_queries(WORDS)

# Few names and values, so that fields are found; in texts too, where the parser of another syntax finds them.
FIELDS = {"status": "500", "took": "1.5s"}
fields = st.dictionaries(
    st.sampled_from((*FIELDS, "msg")),
    st.sampled_from((*FIELDS.values(), "x status=500 took=1.5s y", '{"status":"500","took":"1.5s"}')),
    min_size=1,
)
lines_with_fields = st.one_of(
    fields.map(lambda pairs: msgspec.json.encode(pairs).decode()),
    fields.map(
        lambda pairs: " ".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in pairs.items())
    ),
    st.sampled_from(("", "status=500 {", '{"status":"500"')),
)
field_filters = st.sampled_from(
    [ast.LabelFilter(ast.StringPredicate(name, "=", value)) for name, value in FIELDS.items()]
)
field_queries = st.builds(
    lambda parsers, filters: ast.LogQuery(WIDE, (*parsers, *filters)),
    st.lists(st.sampled_from((ast.JsonParser(), ast.LogfmtParser())), min_size=1, max_size=2),
    st.lists(field_filters, min_size=1, max_size=2, unique=True),
)
metric_queries = strategies.metric_queries(WORDS)


SearchRows: TypeAlias = "st.SearchStrategy[list[Row]]"


@dataclass(frozen=True)
class Row:
    """An entry, and in which push it comes."""

    stream: int
    timestamp: int
    line: str
    level: str | None
    metadata: dict[str, str] | None
    push: int


def rows_of(
    lines: st.SearchStrategy[str], metadata: st.SearchStrategy[dict[str, str] | None], least: int = 1
) -> SearchRows:
    """Up to 25 entries with such lines, and `least` at least."""
    row = st.builds(
        Row,
        st.integers(0, 2),
        st.integers(0, 1199).map(lambda second: START + second * SECOND + second % 7),
        lines,
        st.sampled_from((None, "error", "unknown")),
        metadata,
        st.integers(0, 2),
    )
    return st.lists(row, min_size=least, max_size=25, unique_by=lambda row: row.timestamp)


rows = st.one_of(
    rows_of(lines, metadata), rows_of(lines, metadata), rows_of(numbered_lines, st.none() | metadata, least=16)
)


class World:
    """A store with a query service over it; each example has a tenant of its own."""

    def __init__(self, *, compacted: bool, data: Path | None = None) -> None:
        """`data` is the store's folder, and entries are read from its files; None: all is in memory."""
        warm_kernels()  # else so few entries would all go to the interpreter
        self.loop = asyncio.new_event_loop()
        self.compacted = compacted
        # Nothing compacts by itself here, and an example makes up to three segments.
        settings = StoreSettings(
            data=data,
            max_uncompacted_segments=1 << 20,
            compaction=False,
            shape_lines=1,
            delete_cancel_period=0,
            recent_bytes=0 if data is not None else 1 << 28,
        )
        self.store = Store.open(settings)
        self.duck = Duck(1 << 28, 1, "/nonexistent")
        self.lenient = self._service(strict=False)
        self.strict = self._service(strict=True)
        self.examples = 0

    def _service(self, *, strict: bool) -> QueryService:
        limits = QueryLimits(max_query_series=0, strict_errors=strict)
        return QueryService(self.store, self.duck, limits, threads=1, queue=QueueLimits(1))

    def fill(self, labels: list[Labels], entries: list[Row], tenant: str | None = None) -> str:
        """Store the entries under this tenant, or a new one."""
        if tenant is None:
            self.examples += 1
            tenant = f"example-{self.examples}"
        for push in sorted({entry.push for entry in entries}):
            chosen = [entry for entry in entries if entry.push == push]
            table = pa.table(
                {
                    "stream": [entry.stream % len(labels) for entry in chosen],
                    "timestamp": [entry.timestamp for entry in chosen],
                    "line": [entry.line for entry in chosen],
                    "detected_level": [entry.level for entry in chosen],
                    "metadata": [_metadata_text(entry) for entry in chosen],
                },
                ENTRY_SCHEMA,
            )
            self.loop.run_until_complete(self.store.append(Batch(tenant, tuple(labels), table)))
        if self.compacted:
            self.store.compact_now()
        return tenant

    def close(self) -> None:
        self.lenient.close()
        self.strict.close()
        self.loop.run_until_complete(self.store.close())
        self.duck.close()
        self.loop.close()


def _metadata_text(entry: Row) -> str | None:
    return msgspec.json.encode(dict(sorted(entry.metadata.items()))).decode() if entry.metadata else None


@pytest.fixture(scope="module", params=["as it arrived", "in files", "compacted"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Worlds in which entries are as they arrived, in memory and in files, and sorted, in columns and indexed.

    The last is in files, too, which are read in other ways than what is in memory.
    """
    data = tmp_path_factory.mktemp("world") if request.param != "as it arrived" else None
    made = World(compacted=request.param == "compacted", data=data)
    yield made
    made.close()


def reference_entries(labels: list[Labels], entries: list[Row]) -> list[tuple[Labels, int, str, Labels]]:
    found = []
    for entry in entries:
        pairs = dict(entry.metadata or {})
        if entry.level is not None:
            pairs["detected_level"] = entry.level
        found.append((labels[entry.stream % len(labels)], entry.timestamp, entry.line, tuple(sorted(pairs.items()))))
    return sorted(found, key=lambda entry: entry[1])


def assert_log_query_agrees(
    world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery, limit: int, backward: bool
) -> None:
    tenant = world.fill(labels, entries)
    pipeline = Pipeline(query.stages)
    expected: list[LogEntry] = []
    for stream, timestamp, line, own in reference_entries(labels, entries):
        if selector_matches(query.selector, stream):
            processed = pipeline.process(stream, timestamp, line, own)
            if processed is not None:
                expected.append(processed.as_log_entry())
    if backward:
        expected.reverse()
    request = QueryRequest(
        tenant, print_query(query), START, END + 1, limit=limit, direction="backward" if backward else "forward"
    )
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, LogResult)
    assert result.entries == expected[:limit]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=log_queries | log_queries.map(widened),
    limit=st.sampled_from((1, 3, 100)),
    backward=st.booleans(),
)
def test_log_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery, limit: int, backward: bool
) -> None:
    assert_log_query_agrees(world, labels, entries, query, limit, backward)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows_of(lines_with_fields, st.none()) | rows_of(lines_with_fields, metadata),
    query=field_queries,
    limit=st.sampled_from((1, 100)),
    backward=st.booleans(),
)
def test_queries_for_fields_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery, limit: int, backward: bool
) -> None:
    assert_log_query_agrees(world, labels, entries, query, limit, backward)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=metric_queries.map(widened) | metric_queries,
    strict=st.booleans(),
    step=st.sampled_from((90 * SECOND, 90 * SECOND, 2 * SECOND)),  # windows of a few steps, and of very many
)
def test_metric_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.MetricQuery, strict: bool, step: int
) -> None:
    assert_metric_query_agrees(world, labels, entries, query, strict, step)


def assert_metric_query_agrees(
    world: World, labels: list[Labels], entries: list[Row], query: ast.MetricQuery, strict: bool, step: int
) -> None:
    tenant = world.fill(labels, entries)
    service = world.strict if strict else world.lenient
    request = QueryRequest(tenant, print_query(query), START, END, step=step)
    start, end = START - START % step, END + -END % step
    try:
        expected = evaluate(query, reference_entries(labels, entries), start, end, step, strict=strict).value
    except QueryError:
        with pytest.raises(QueryError):
            world.loop.run_until_complete(service.query_range(request))
        return
    result = world.loop.run_until_complete(service.query_range(request)).result
    assert isinstance(result, MatrixResult)
    found = {
        series.labels: dict(zip(series.timestamps.tolist(), series.values.tolist(), strict=True))
        for series in result.series
    }
    assert len(found) == len(result.series)
    if not isinstance(expected, SeriesBlock):
        expected = SeriesBlock.constant(expected, (end - start) // step + 1)
    wanted = {
        series: {start + place * step: value for place, value in enumerate(row) if here[place]}
        for series, row, here in zip(expected.labels, expected.values.tolist(), expected.present.tolist(), strict=True)
        if any(here)
    }
    assert found.keys() == wanted.keys()
    for series, points in wanted.items():
        assert found[series].keys() == points.keys()
        for time, value in points.items():
            assert found[series][time] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), (series, time)
