"""What queries say of segments in quarantine: over several tenants, of very many, and of streams without labels."""

from pathlib import Path

import pytest

from sigyn.engine.duck import Duck
from sigyn.model.time import SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings
from sigyn.store.open_catalog import open_catalog
from tests.store.entries import batch, row, stored

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    return StoreSettings(data=tmp_path, compaction=False, recent_bytes=0)


async def lose(settings: StoreSettings, tenants: tuple[str, ...]) -> list[str]:
    """Stores an entry for each of these tenants, whose objects are lost and found so; their addresses."""
    store = Store.open(settings)
    for number, tenant in enumerate(tenants):
        await store.append(batch([row(tenant, number * SECOND, "x")], tenant))
    for path in Path(str(settings.data)).joinpath("objects").rglob("*.parquet"):
        path.unlink()
    for tenant in dict.fromkeys(tenants):
        assert stored(store, tenant) == []
    keys = [each.key for each in store.quarantined()]
    await store.close()
    return keys


async def warnings(settings: StoreSettings, tenant: str, query: str) -> tuple[str, ...]:
    """What a server that starts now says beside an answer."""
    store = Store.open(settings)
    queries = QueryService(
        store, Duck(1 << 28, 1, str(settings.data)), QueryLimits(max_query_length=0), threads=1, queue=QueueLimits(1)
    )
    try:
        return (await queries.query_range(QueryRequest(tenant, query, 0, 100 * SECOND))).warnings
    finally:
        queries.close()
        await store.close()


async def test_of_several_tenants_those_are_named_that_the_selector_matches(settings: StoreSettings) -> None:
    one, two = await lose(settings, ("one", "two"))
    said = f"object `{two}` can't be read; its entries are missing here"
    assert await warnings(settings, "one|two", '{__tenant_id__="two"}') == (said,)
    assert await warnings(settings, "one|two", '{app="two"}') == (said,)
    assert len(await warnings(settings, "one|two", '{app=~".+"}')) == 2
    assert await warnings(settings, "one", '{app=~".+"}') == (
        f"object `{one}` can't be read; its entries are missing here",
    )


async def test_of_very_many_some_are_named(settings: StoreSettings) -> None:
    keys = await lose(settings, ("fake",) * 8)
    *named, others = await warnings(settings, "fake", '{app="fake"}')
    assert named == [f"object `{key}` can't be read; its entries are missing here" for key in sorted(keys)[:5]]
    assert others == "nor can 3 others; `sigyn store check` lists all that are in quarantine"


async def test_a_stream_without_labels_may_be_one_that_matches(settings: StoreSettings) -> None:
    (key,) = await lose(settings, ("fake",))
    catalog = open_catalog(settings)
    with catalog.database.transaction() as run:
        run("DELETE FROM stream WHERE id = 1")
    catalog.close()
    assert await warnings(settings, "fake", '{app="other"}') == (
        f"object `{key}` can't be read; its entries are missing here",
    )
