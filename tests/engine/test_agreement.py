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
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import LogEntry, LogResult, MatrixResult
from sigyn.model.time import MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store
from tests.languages import strategies
from tests.languages.strategies import Vocabulary

EXAMPLES = 4000 if os.environ.get("SIGYN_LONG") else 150

START = 1_768_471_200 * SECOND
END = START + 20 * MINUTE


NAMES = (
    "app",
    "level",
    "status",
    "took",
    "size",
    "ip",
    "user_id",
    "a_b",
    "msg",
    "trace_id",
    "detected_level",
    "nosuch",
    "__error__",
    "level_extracted",
    "user_id_extracted",
)
VALUES = (
    "",
    "shop",
    "error",
    "500",
    "200",
    "1.5s",
    "20ms",
    "3KB",
    "10.0.0.7",
    "u-1",
    "x",
    "1.10",
    "7",
    "-3",
    "1e3",
    "NaN",
    "-Inf",
    "1e400",
    "007",
    "9007199254740993",
    "a\r\nb",
    "\0",
    "ſK",
    "x\ufffdy",
    "\x1b[31mred\x1b[0m",
    "1.2.3.4.5 10.0.0.300",
    "::1 at 06:26:10.250",
    "10.0.0.8:80",
    "t1",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b700f067aa0ba902b7",
    "2026-01-15T10:00:00.123Z",
    "2026-01-15T10:19:59.000Z",
    "to u-1 level=error user_id=u-1 status=500",  # a parser looks into lines of another syntax, too
    '{"level":"error","user_id":"u-1","status":"500"}',
)
KEYS = (
    "level",
    "status",
    "took",
    "size",
    "ip",
    "user_id",
    "user-id",
    "a",
    "a_b",
    "b",
    "msg",
    "app",
    "x.y",
    "9lives",
    "level_extracted",
    "ключ",
    "__error__",
)

values = st.sampled_from(VALUES) | st.text(max_size=6)
json_scalars = st.one_of(
    values,
    st.integers(-1000, 1000),
    st.sampled_from((1.5, 0.1, 250.0, 1e3)),
    st.booleans(),
    st.none(),
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=4,
)
json_lines = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6).map(
    lambda document: msgspec.json.encode(document).decode()
)


def _logfmt(pairs: list[tuple[str, str, bool]]) -> str:
    return " ".join(
        f'{key}="{value}"' if quoted else (f"{key}={value}" if value else key) for key, value, quoted in pairs
    )


logfmt_lines = st.lists(st.tuples(st.sampled_from(KEYS), values, st.booleans()), max_size=5).map(_logfmt)
access_lines = st.builds(
    lambda ip, path, status, took: f'{ip} - "GET {path} HTTP/1.1" {status} {took}',
    st.sampled_from(("10.0.0.7", "2001:db8::1", "-")),
    st.sampled_from(("/", "/a/b", "/q?x=1")),
    st.sampled_from(("200", "500", "-")),
    st.sampled_from(("1.5s", "20ms", "7")),
)
odd_logfmt_lines = st.lists(
    st.sampled_from(
        (
            "level=error",
            'level="a b',
            'level="x"status=500',
            "=x",
            "5xx=3",
            "5xx=",
            "9",
            "ключ=1",
            "ключ",
            "le\ufffdvel=1",
            'le"vel=x',
            "status=a=b",
            'status=a"b',
            'took="a\\"b"',
            "user-id=u-1",
            '"status=500"',
            "status=",
            'status=""',
            "\t",
        )
    ),
    max_size=4,
).map(" ".join)
broken_lines = st.one_of(
    odd_logfmt_lines,
    json_lines.map(lambda line: line[:-1]),
    json_lines.map(lambda line: f"{line} tail"),
    json_lines.map(lambda line: line.replace('":"', '" : "').replace(",", ",,")),
    st.sampled_from(
        ('{"a":1,"a":2}', '{"a":{"b":1},"a_b":2}', '{"status":1.10}', '{"msg":"q\\"uote"}', "[1]", "", "{}")
    ),
    st.text(max_size=12),
)
lines = st.one_of(json_lines, logfmt_lines, access_lines, broken_lines)
# Texts that differ by their numbers, which are held as templates where there are some of them.
numbered_lines = st.builds(
    lambda layout, number, fraction, status: layout.format(number=number, fraction=fraction, status=status),
    st.sampled_from(
        (
            '{{"msg":"took {number} ms","took":"{number}.{fraction}s","status":"{status}"}}',
            '{{"msg":"a \\"{number}\\" of {fraction}","took":"{number}KB","level":"error"}}',
            'level=error msg="took {number} ms" took={number}.{fraction}s',
        )
    ),
    st.integers(0, 600),
    st.integers(0, 9),
    st.sampled_from((200, 500)),
)

streams = st.lists(
    st.dictionaries(
        st.sampled_from(("app", "level", "env", "user_id")), st.sampled_from(("shop", "error", "u-1")), min_size=1
    ).map(labels_of),
    min_size=1,
    max_size=3,
    unique=True,
)
metadata = st.none() | st.dictionaries(
    st.sampled_from(("trace_id", "level", "size", "app", "__error__")), st.sampled_from(("t1", "error", "3KB"))
)

WORDS = Vocabulary(
    names=st.sampled_from(NAMES),
    values=st.sampled_from(VALUES),
    regexes=st.sampled_from((".*", ".+", "error|shop", r"\d+", "(?i)ERR", "", "[^a]+", "5..", "(?i)K", "(?i:LEVEL)=E")),
    line_texts=st.sampled_from(
        ("", "error", "500", "took ", " ms", "1", ".5s", '"level"', "level=", "GET", "a", "\\", "é")
    ),
    line_patterns=st.sampled_from(
        (
            "<_>error<_>",
            '<_> - "<_>" <_>',
            "{}",
            "<_>",
            '{"<_>":"<_>"}',
            "level=<_>",
            "<_>ms",
            '{<_>"<_>"<_>}',
            "<_>\\<_>",
        )
    ),
    capture_regexes=st.sampled_from(
        (
            r"status=(?P<status>\d+)",
            r'"(?P<verb>[A-Z]+) (?P<path>\S+)',
            "(?P<level>err)",
            r"(?P<user_id>u-\d)?(?P<msg>x*)",
            r"(took|size)=(?P<took>(\d+)(\.\d)?)(?P<size>KB|ms)?$",
            r"(?i)^(?P<a_b>.)(?s:.*)(?P<status>\d)",
        )
    ),
    capture_patterns=st.sampled_from(
        ('<ip> - "<verb> <path> <_>" <status> <took>', "level=<level> <_>", "<msg>:<_>", "x<status>")
    ),
    json_paths=st.sampled_from(
        (
            "a",
            "a.b",
            "a_b",
            "b.a",
            "status",
            "user_id",
            '["user-id"]',
            '["x.y"]',
            "msg",
            '["9lives"].b',
            '["ключ"]',
            "a[0]",
        )
    ),
    logfmt_keys=st.sampled_from(("level", "status", "took", "user-id", "user_id", "msg")),
    templates=st.sampled_from(
        (
            "{{.app}}",
            "{{.level}}-{{.status}}",
            "plain",
            '{"level":"{{.status}}"}',
            "{{ .level | ToUpper }}",
            '{"level":"{{ .status | trunc 1 }}","app":"{{ upper .app }}"}',
            '{{ if eq .level "error" }}level={{ .user_id }}{{ else }}{{ __line__ }}{{ end }}',
            "{{ __line__ | lower }}",
            "{{ .took | duration_seconds }}",
            "{{ div 7 .status }}",
            "{{ __timestamp__ | unixEpoch }} {{ $.level }}",
            "{{ .nosuch | default .__error__ }}",
            '{{ 1 | printf "%d" }}',
        )
    ),
    numbers=st.sampled_from((0.0, 1.0, 7.0, 200.0, 499.5, -3.0)),
    durations=st.sampled_from((SECOND, 20_000_000, 1)),
    byte_sizes=st.sampled_from((0, 3000, 3072, 1)),
    intervals=st.sampled_from((MINUTE, 90 * SECOND, 5 * MINUTE, 7 * SECOND)),
    offsets=st.sampled_from((0, 0, MINUTE, -MINUTE)),
)

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
