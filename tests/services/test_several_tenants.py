"""What is asked of several tenants at once is answered as if all their entries were one's."""

from collections.abc import Iterator

import pytest

from sigyn.model.labels import Labels
from sigyn.model.results import LogResult, MatrixResult, QueryResult
from sigyn.model.time import MINUTE, SECOND
from sigyn.services.query import QueryRequest
from tests.engine.test_agreement import END, START, Row, World

STREAMS: list[Labels] = [(("app", "shop"), ("zone", "z")), (("app", "cart"),)]
ROWS = [
    Row(number % 2, START + number * SECOND, f'{{"n":{number},"id":"{number:020x}"}}', "info", {"user": "u7"}, 0)
    for number in range(240)
]


@pytest.fixture(scope="module", params=["as it arrived", "compacted"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    is_compacted = request.param == "compacted"
    made = World(compacted=is_compacted, data=tmp_path_factory.mktemp("world") if is_compacted else None)
    made.fill(STREAMS, ROWS, "both")
    made.fill(STREAMS, ROWS[::3], "one")
    made.fill(STREAMS, [row for place, row in enumerate(ROWS) if place % 3], "other")
    yield made
    made.close()


def answer(world: World, tenant: str, query: str) -> QueryResult:
    request = QueryRequest(tenant, query, START, END, step=MINUTE, limit=100)
    return world.loop.run_until_complete(world.lenient.query_range(request)).result


@pytest.mark.parametrize(
    "query",
    [
        "sum by (app) (count_over_time({app=~`.+`} [2m]))",
        "sum by (app, detected_level) (count_over_time({app=~`.+`} | json | drop __error__ [2m]))",
        "sum(rate({app=~`.+`} | json | __error__=`` [2m]))",
        "sum by (app) (sum_over_time({app=~`.+`} | json | unwrap n [90s]))",
        "sum by (user) (count_over_time({app=`shop`} |= `00000000000000000010` [2m]))",
        "sum(count_over_time({app=~`.+`, zone=`z`} | json | n > 100 [1m]))",
        "max by (app) (max_over_time({app=~`.+`} | json | unwrap n [5m]))",
    ],
)
def test_counts_are_those_of_all(world: World, query: str) -> None:
    together, expected = answer(world, "one|other", query), answer(world, "both", query)
    assert isinstance(together, MatrixResult)
    assert isinstance(expected, MatrixResult)
    assert expected.series
    assert [series.labels for series in together.series] == [series.labels for series in expected.series]
    for own, wanted in zip(together.series, expected.series, strict=True):
        assert own.timestamps.tolist() == wanted.timestamps.tolist()
        assert own.values.tolist() == wanted.values.tolist()


@pytest.mark.parametrize(
    "query", ["{app=~`.+`}", "{app=`cart`} | json | n > 100", "{app=~`.+`} |= `0000000000000000003`"]
)
def test_lines_are_those_of_all(world: World, query: str) -> None:
    together, expected = answer(world, "one|other", query), answer(world, "both", query)
    assert isinstance(together, LogResult)
    assert isinstance(expected, LogResult)
    assert expected.entries
    assert [entry.line for entry in together.entries] == [entry.line for entry in expected.entries]
    assert {dict(entry.stream)["__tenant_id__"] for entry in together.entries} == {"one", "other"}
