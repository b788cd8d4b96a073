"""Extended queries through the query service: limits, remarks, subqueries, plans."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sigyn.engine.duck import Duck
from sigyn.engine.explain import Explanation
from sigyn.engine.piped_query import MAX_ENTRIES
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import ParseError, QueryError
from sigyn.model.results import LogResult, QueryAnswer, TableResult, VectorResult
from sigyn.model.time import DAY, HOUR
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store
from tests.seeds.dataset import END, START, TENANT, load


class World:
    def __init__(self, folder: Path) -> None:
        self.store = Store.open(StoreSettings(data=folder / "data", compaction=False))
        load(self.store)
        self.duck = Duck(256 << 20, 1, str(folder))
        self.services: list[QueryService] = []

    def service(self, limits: QueryLimits) -> QueryService:
        self.services.append(QueryService(self.store, self.duck, limits, threads=1, queue=QueueLimits(1)))
        return self.services[-1]

    def ask(
        self, query: str, limits: QueryLimits | None = None, limit: int = 1000, tenant: str = TENANT
    ) -> QueryAnswer:
        request = QueryRequest(tenant, query, START, END, limit=limit)
        return asyncio.run(self.service(limits or QueryLimits()).query_range(request))

    def table(self, query: str) -> list[dict[str, object]]:
        result = self.ask(query).result
        assert isinstance(result, TableResult)
        rows: list[dict[str, object]] = result.table.to_pylist()
        return rows

    def lines(self, query: str, limit: int = 1000, tenant: str = TENANT) -> list[str]:
        result = self.ask(query, limit=limit, tenant=tenant).result
        assert isinstance(result, LogResult)
        return [entry.line for entry in result.entries]

    def plan(self, query: str, *, instant: bool = False) -> Explanation:
        request = QueryRequest(TENANT, query, START, END)
        return asyncio.run(self.service(QueryLimits()).explain(request, instant=instant))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("extended"))
    yield made
    for service in made.services:
        service.close()
    made.duck.close()
    asyncio.run(made.store.close())


def test_lokis_language_alone(world: World) -> None:
    strict = QueryLimits(extensions=False)
    with pytest.raises(ParseError, match="unexpected COUNT"):
        world.ask('{job="test"} | stats count()', strict)
    assert isinstance(world.ask('{job="test"}', strict).result, LogResult)


def test_selectors_that_match_everything_can_be_refused(world: World) -> None:
    refusing = QueryLimits(require_non_empty_matcher=True)
    for query in ("{}", '{service!="ryot"}', '{a=~".*"} | stats count()', "let x = rate({}[5m]); x"):
        world.ask(query)
        with pytest.raises(ParseError, match="queries require at least one regexp or equality matcher"):
            world.ask(query, refusing)


def test_a_range_of_its_own_is_bounded_too(world: World) -> None:
    with pytest.raises(QueryError, match="set by max_query_length"):
        world.ask('{job="test"} [30d] | stats count()', QueryLimits(max_query_length=DAY))


def test_remarks_are_infos(world: World) -> None:
    answer = world.ask('rate(count_over_time({job="test"}[5m]))')
    assert answer.infos == (
        "rate(count_over_time(...)) was read as count_over_time(...) per second: rate(...) alone does",
    )


def test_unreadable_values_are_counted(world: World) -> None:
    answer = world.ask('{component="caller"} | json | stats sum(called_service)')
    assert "3 entries that a stage could not read were left out" in answer.warnings[0]
    answer = world.ask('{component="caller"} | json | stats sum(called_service), values(called_service) as names')
    assert "3 entries that a stage could not read were left out" in answer.warnings[0]
    with pytest.raises(QueryError):
        world.ask('{component="caller"} | json | stats sum(called_service)', QueryLimits(strict_errors=True))


def test_values_of_another_query(world: World) -> None:
    errors = '{job="fraiseql-app"} | json | level="error" | fields exception_type'
    assert world.table(f'{{job="fraiseql-app"}} | json | exception_type in ({errors}) | stats count() as n') == [
        {"n": 1}
    ]
    traces = '{job="ybuilt-api"} | json | stats count() by (trace_id) | where trace_id != "other"'
    assert len(world.lines(f'{{job="ybuilt-api"}} | json | trace_id in ({traces})')) == 1
    assert len(world.lines(f'{{job="ybuilt-api"}} | json | trace_id not in ({traces})')) == 1
    assert world.lines('{job="ybuilt-api"} | json | trace_id in ({job="nosuch"} | fields trace_id)') == []
    nested = f'{{job="ybuilt-api"}} | json | trace_id in ({traces}) | fields trace_id'
    assert len(world.lines(f'{{job="ybuilt-api"}} | json | trace_id in ({nested})')) == 1


@pytest.mark.parametrize(
    ("subquery", "message"),
    [
        ('{job="test"}', "end it with a pipe: | fields trace_id"),
        ('{job="test"} | limit 5', "end it with a pipe: | fields trace_id"),
        ('{job="test"} | fields a, b', "choose one at its end: | fields a"),
    ],
)
def test_subqueries_that_give_no_values(world: World, subquery: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        world.ask(f'{{job="ybuilt-api"}} | trace_id in ({subquery})')
    assert str(caught.value).endswith(message)


def test_a_limit_of_the_request_bounds_entries_and_their_fields_but_not_groups(world: World) -> None:
    assert len(world.lines('{service="ryot"} | sort by line', limit=3)) == 3
    assert len(world.lines('{service="ryot"} | limit 7', limit=3)) == 7
    result = world.ask('{service="ryot"} | fields line', limit=3).result
    assert isinstance(result, TableResult)
    assert result.table.num_rows == 3
    groups = world.ask('{level="error"} | json | stats count() by (message)', limit=3).result
    assert isinstance(groups, TableResult)
    assert groups.table.num_rows == 6


def test_rows_beyond_what_pipes_hold_are_an_error_and_not_left_out(world: World) -> None:
    count = MAX_ENTRIES + 1
    entries = pa.table(
        {
            "stream": pa.array(np.zeros(count, np.int32)),
            "timestamp": pa.array(np.full(count, START)),
            "line": pa.array(np.arange(count)).cast(pa.string()),
            "detected_level": pa.nulls(count, pa.string()),
            "metadata": pa.nulls(count, pa.string()),
        },
        schema=ENTRY_SCHEMA,
    )
    asyncio.run(world.store.append(Batch("many", ((("job", "many"),),), entries)))
    for pipes in (f"offset {count - 1} | limit 10", "sort by line"):
        with pytest.raises(QueryError, match=f"the pipes need more than {MAX_ENTRIES} entries at once"):
            world.ask(f"{{}} | {pipes}", tenant="many")
    assert len(world.lines(f"{{}} | offset {MAX_ENTRIES - 5} | limit 5", tenant="many")) == 5
    assert len(world.lines(f'{{}} |= "77777" | limit {count}', tenant="many")) == 2


def test_newest_first_unless_sorted(world: World) -> None:
    newest = world.lines('{service="ryot", version="v1"}')
    assert world.lines('{service="ryot", version="v1"} | sort by _time') == newest[::-1]
    assert (
        world.lines('{service="ryot", version="v1"} | json | sort by request_id desc | offset 1 | limit 2')
        == newest[1:3]
    )


def test_buckets_begin_at_multiples_of_their_length(world: World) -> None:
    rows = world.table('{service="ryot", version="v2"} | stats count() as n by (_time:1m)')
    assert [(str(row["_time"]), row["n"]) for row in rows] == [
        ("2026-01-15 10:00:00+00:00", 2),
        ("2026-01-15 10:01:00+00:00", 2),
        ("2026-01-15 10:02:00+00:00", 1),
    ]


def test_plans(world: World) -> None:
    plan = world.plan('{service="ryot"} | json | stats count() as n, uniq_values(message) by (level)')
    assert plan.kind == "log query with pipes"
    assert [read.purpose for read in plan.reads] == ["count_over_time", "count_over_time"]
    read = plan.reads[0]
    assert (read.streams, read.segments_total, read.segments_read, read.rows) == (4, 23, 4, 13)
    assert {stage.runs_in for stage in read.stages} == {"sql"}
    assert (read.start, read.end) == (START, END)

    plan = world.plan('{service="ryot"} | json | stats values(message)')
    assert plan.reads[0].stages[-1].reason == "values() keeps what it has seen"

    plan = world.plan(
        'sum by (level) (rate({service="ryot"} | logfmt --strict [5m])) / count({service="ryot"})', instant=True
    )
    assert plan.kind == "instant metric query"
    assert [read.purpose for read in plan.reads] == ["rate by (level)", "count_over_time by ()"]
    first = plan.reads[0].stages[0]
    assert first.runs_in == "interpreter"
    assert first.reason.startswith("logfmt --strict")
    assert plan.reads[0].end - plan.reads[0].start == HOUR // 12

    for parser in ("unpack", 'json path="request.path"', 'json path="items[0].path"', 'logfmt path="path"'):
        plan = world.plan(f'sum by (path) (rate({{service="ryot"}} | {parser} [5m]))')
        assert {stage.runs_in for stage in plan.reads[0].stages} == {"sql"}

    plan = world.plan('{job="test"} | a in ({job="test"} | fields a)')
    assert [read.purpose.partition(",")[0] for read in plan.reads] == [
        "count_over_time",
        "the interpreter makes the answer's entries",
    ]
    assert world.plan("1 + vector(2)").reads == ()


def test_quantiles_of_buckets_in_lines(world: World) -> None:
    entries = [f"le={bound} n={count}" for bound, count in (("0.1", 5), ("0.5", 15), ("+Inf", 20))]
    table = pa.table(
        {
            "stream": [0] * 3,
            "timestamp": [START + 1] * 3,
            "line": entries,
            "detected_level": pa.nulls(3, pa.string()),
            "metadata": pa.nulls(3, pa.string()),
        },
        ENTRY_SCHEMA,
    )
    asyncio.run(world.store.append(Batch("histograms", ((("job", "proxy"),),), table)))
    query = 'histogram_quantile(0.5, sum by (le) (sum_over_time({job="proxy"} | logfmt | unwrap n [1h])))'
    request = QueryRequest("histograms", query, START + HOUR, START + HOUR)
    result = asyncio.run(world.service(QueryLimits()).query_instant(request)).result
    assert isinstance(result, VectorResult)
    assert [(sample.labels, sample.value) for sample in result.samples] == [((), pytest.approx(0.3))]
