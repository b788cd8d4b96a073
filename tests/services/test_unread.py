"""What a query says of what it could not read, and when it has that restored."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sigyn.engine.duck import Duck
from sigyn.model.results import LogResult, QueryAnswer
from sigyn.model.time import DAY, HOUR
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.archives.ledger import RestoreBounds
from sigyn.store.store import Store
from tests.store.conftest import s3_endpoint
from tests.store.glacier import TODAY, Archived
from tests.store.proxy import FaultyProxy

__all__ = ["s3_endpoint"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def archived(s3_endpoint: str, tmp_path: Path) -> Iterator[Archived]:
    with FaultyProxy(s3_endpoint).running() as proxy:
        yield Archived(proxy, tmp_path)


@pytest.fixture
async def store(archived: Archived) -> AsyncIterator[Store]:
    """With two days in the archive, and one that is not."""
    store = await archived.filled(1, 40, 41)
    yield store
    await store.close()


async def ask(
    archived: Archived, store: Store, text: str, *, days: int = 100, by_rule: bool = False, tenant: str = "fake"
) -> QueryAnswer:
    """The answer to a query over so many days; a tenant may have one object a day restored."""
    limits = QueryLimits(max_query_length=0, restores=RestoreBounds(1, 0))
    duck = Duck(1 << 28, 1, str(archived.settings.data))
    queries = QueryService(store, duck, limits, threads=1, queue=QueueLimits(1), clock=archived.clock)
    try:
        return await queries.query_range(
            QueryRequest(tenant, text, (TODAY - days) * DAY, archived.clock.now, step=DAY, by_rule=by_rule)
        )
    finally:
        queries.close()


def lines(answer: QueryAnswer) -> list[str]:
    assert isinstance(answer.result, LogResult)
    return [entry.line for entry in answer.result.entries]


async def test_the_rest_is_answered_and_what_is_missing_named(archived: Archived, store: Store) -> None:
    answer = await ask(archived, store, '{app="a"}')
    assert lines(answer) == ["1 days", "1 days"]
    asked, refused = answer.warnings
    assert re.fullmatch(
        r"entries between 2024-08-25T00:00:00Z and 2024-08-25T01:00:00Z are missing here: 1 object \(\S+\) of tier "
        r"`cold` is archived, and was asked to be restored at 2024-10-04T08:00:00Z \(bulk\), which takes 5 to 12 hours "
        "as a rule; ask again then",
        asked,
    )
    assert re.fullmatch(
        r"entries between 2024-08-24T00:00:00Z and 2024-08-24T01:00:00Z are missing here: 1 object \(\S+\) of tier "
        r"`cold` is archived, and more than queries of tenant `fake` may have restored in 24 hours "
        r"\(query.max_restored_objects: 1, query.max_restored_bytes: any\); ask again later, or use "
        "`sigyn store restore`",
        refused,
    )
    assert archived.requests("POST", "?restore") == 1


@pytest.mark.parametrize(
    ("text", "days"), [('{app="a"}', 10), ('{app="b"}', 100), ('sum(count_over_time({app="a"}[1d]))', 10)]
)
async def test_a_query_that_needs_none_of_it_has_nothing_restored(
    archived: Archived, store: Store, text: str, days: int
) -> None:
    answer = await ask(archived, store, text, days=days)
    assert answer.warnings == ()
    assert archived.requests("POST", "?restore") == 0


async def test_metric_queries_and_pipes_have_restored_what_they_need(archived: Archived, store: Store) -> None:
    answer = await ask(archived, store, 'sum(count_over_time({app="a"} |= "days" [1d]))')
    assert "asked to be restored" in answer.warnings[0]
    answer = await ask(archived, store, '{app="a"} | stats count() as n')
    assert any("may have restored in 24 hours" in warning for warning in answer.warnings)
    assert archived.requests("POST", "?restore") == 1


async def test_a_rule_has_nothing_restored(archived: Archived, store: Store) -> None:
    answer = await ask(archived, store, '{app="a"}', by_rule=True)
    assert "2 objects have to be restored from tier `cold` first" in answer.warnings[0]
    assert archived.requests("POST", "?restore") == 0


async def test_each_of_several_tenants_has_its_own_restored(archived: Archived) -> None:
    await (await archived.filled(40)).close()
    archived.clock.now -= 2 * HOUR
    store = await archived.filled(40, tenant="other")
    answer = await ask(archived, store, '{app="a"}', tenant="fake|other")
    assert archived.requests("POST", "?restore") == 2
    asked = [warning.partition(" between")[0] for warning in answer.warnings if "asked to be restored" in warning]
    assert asked == ["entries of tenant `fake`", "entries of tenant `other`"]
    await store.close()
