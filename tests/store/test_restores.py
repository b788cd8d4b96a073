"""Archived objects that a query needs are restored: asked for once, within bounds, and known to whoever asks later."""

import asyncio
import importlib.util
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sigyn.model.errors import BadRequest
from sigyn.model.time import DAY, HOUR
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from sigyn.store.archives.archive import Kind
from sigyn.store.archives.ledger import KIND as RESTORES
from sigyn.store.archives.ledger import RestoreBounds, RestoreLedger
from sigyn.store.archives.restores import Fate, UnreadSegments
from sigyn.store.ownership import OWNER_KEY
from sigyn.store.places import objects_of
from sigyn.store.retention import RetentionRules
from sigyn.store.settings import RestoreRule
from sigyn.store.streams import Int64s

from .azure import ACCOUNT, KEY
from .entries import EARLIEST, LATEST, batch, row, stored
from .glacier import TODAY, Archived, Clock, SlowRestores, slow_restores
from .proxy import FaultyProxy
from .waiting import until

pytestmark = pytest.mark.anyio

ANY = RestoreBounds(0, 0)


@pytest.fixture
def proxy(s3_endpoint: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3_endpoint).running() as running:
        yield running


@pytest.fixture
def archived(proxy: FaultyProxy, tmp_path: Path) -> Archived:
    return Archived(proxy, tmp_path)


@pytest.fixture
def slow(s3_endpoint: str) -> Iterator[SlowRestores]:
    with slow_restores(s3_endpoint) as running:
        yield running


def needed(
    store: Store, bounds: RestoreBounds = ANY, *, may_ask: bool = True, tenant: str = "fake"
) -> list[UnreadSegments]:
    """What becomes of what a query over everything can't read."""
    with store.snapshot(tenant, EARLIEST, LATEST) as snapshot:
        for segment in snapshot.segments:
            snapshot.row_groups(segment)
        assert not snapshot.lost
        found = list(snapshot.archived.values())
    return store.restores.of(found, lambda _tenant: bounds, may_ask=may_ask)


def fates(found: list[UnreadSegments]) -> dict[Fate, int]:
    """How many segments have which fate."""
    return {each.verdict.fate: len(each.segments) for each in found}


async def test_it_is_asked_for_once_and_works_when_it_is_done(archived: Archived, slow: SlowRestores) -> None:
    store = await archived.filled(1, 40, 41)
    began = archived.clock.now
    (asked,) = needed(store)
    assert (asked.tier, asked.tenant, len(asked.segments)) == ("cold", "fake", 2)
    assert asked.verdict.fate is Fate.ASKED
    assert (asked.verdict.since, asked.verdict.speed, asked.verdict.takes) == (began, "bulk", "5 to 12 hours")
    assert (store.metrics.restores_asked, store.metrics.restore_bytes_asked) == (
        2, sum(segment.object_bytes for segment in asked.segments),
    )  # fmt: skip
    slow.hold(archived.urls(asked.segments))
    archived.clock.now += HOUR
    heads = archived.requests("HEAD")
    (running,) = needed(store)
    assert (running.verdict.fate, running.verdict.since, running.verdict.speed) == (Fate.RESTORING, began, "bulk")
    await store.close()
    store = archived.open()
    (running,) = needed(store)
    assert (running.verdict.fate, running.verdict.since) == (Fate.RESTORING, began)
    archived.clock.now += DAY  # it takes longer than it should: the service is asked, and says so
    (running,) = needed(store)
    assert (running.verdict.fate, running.verdict.since) == (Fate.RESTORING, began)
    assert archived.requests("HEAD") > heads
    assert archived.requests("POST", "?restore") == 2
    slow.finish()
    assert needed(store) == []
    assert len(stored(store)) == 6
    assert (archived.requests("POST", "?restore"), store.metrics.restores_asked) == (2, 0)
    await store.close()


async def test_a_query_that_needs_none_of_it_is_left_alone(archived: Archived) -> None:
    store = await archived.filled(1, 40)
    before = archived.requests()
    with store.snapshot("fake", (TODAY - 2) * DAY, LATEST) as snapshot:
        assert [len(snapshot.read(segment, ["line"])) for segment in snapshot.segments] == [2]
        assert store.restores.of(list(snapshot.archived.values()), lambda _tenant: ANY, may_ask=True) == []
    assert archived.requests() == before
    await store.close()


async def test_nothing_is_asked_for_when_nobody_waits(archived: Archived) -> None:
    store = await archived.filled(40)
    assert fates(needed(store, may_ask=False)) == {Fate.ARCHIVED: 1}
    assert archived.requests("POST", "?restore") == 0
    await store.close()


async def test_a_tenant_has_so_many_objects_a_day_restored_the_newest_first(
    archived: Archived, slow: SlowRestores
) -> None:
    store = await archived.filled(40, 41, 42, 43, 44)
    bounds = RestoreBounds(2, 0)
    found = needed(store, bounds)
    assert fates(found) == {Fate.ASKED: 2, Fate.REFUSED: 3}
    asked = next(each for each in found if each.verdict.fate is Fate.ASKED)
    assert min(each.first for each in asked.segments) == (TODAY - 41) * DAY
    assert store.metrics.restores_refused == 3
    slow.hold(archived.urls(asked.segments))
    await store.close()
    store = archived.open()  # does not begin anew
    assert fates(needed(store, bounds)) == {Fate.RESTORING: 2, Fate.REFUSED: 3}
    slow.finish()
    assert fates(needed(store, bounds)) == {Fate.REFUSED: 3}
    archived.clock.now += DAY + 1
    assert fates(needed(store, bounds)) == {Fate.ASKED: 2, Fate.REFUSED: 1}
    assert archived.requests("POST", "?restore") == 4
    await store.close()


async def test_a_tenant_has_so_many_bytes_a_day_restored(archived: Archived) -> None:
    store = await archived.filled(40, 41, 42)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        size = max(segment.object_bytes for segment in snapshot.segments)
    assert fates(needed(store, RestoreBounds(0, 2 * size))) == {Fate.ASKED: 2, Fate.REFUSED: 1}
    await store.close()


async def test_each_tenant_has_its_own_bounds(archived: Archived) -> None:
    await (await archived.filled(40, 41, tenant="one")).close()
    archived.clock.now -= 2 * HOUR
    store = await archived.filled(40, 41, tenant="two")
    bounds = RestoreBounds(1, 0)
    assert fates(needed(store, bounds, tenant="one")) == {Fate.ASKED: 1, Fate.REFUSED: 1}
    assert fates(needed(store, bounds, tenant="two")) == {Fate.ASKED: 1, Fate.REFUSED: 1}
    await store.close()


async def test_queries_at_the_same_time_ask_once(archived: Archived, slow: SlowRestores) -> None:
    store = await archived.filled(*range(40, 48))
    at_once = await asyncio.gather(*(asyncio.to_thread(needed, store, RestoreBounds(6, 0)) for _ in range(6)))
    assert sum(fates(found).get(Fate.ASKED, 0) for found in at_once) == 6
    assert {fates(found).get(Fate.REFUSED) for found in at_once} == {2}
    assert archived.requests("POST", "?restore") == 6
    assert store.metrics.restores_asked == 6
    slow.finish()
    await store.close()


async def test_what_the_service_refuses_is_told_and_not_counted(archived: Archived) -> None:
    store = await archived.filled(40, 41)
    archived.proxy.faults.extend([("POST", "500")] * 6)  # three attempts for each
    with capture_logs() as logs:
        (failed,) = needed(store, RestoreBounds(2, 0))
    assert (failed.verdict.fate, len(failed.segments)) == (Fate.FAILED, 2)
    assert "RestoreObject" in failed.verdict.reason
    assert [each["event"] for each in logs] == ["an object can't be restored"]
    assert (store.metrics.restores_failed, store.metrics.restores_asked) == (2, 0)
    asked = archived.requests("POST", "?restore")
    assert fates(needed(store, RestoreBounds(2, 0))) == {Fate.FAILED: 2}
    assert archived.requests("POST", "?restore") == asked  # not at once again
    await store.close()
    store = archived.open()
    assert fates(needed(store, RestoreBounds(2, 0))) == {Fate.ASKED: 2}
    await store.close()


async def test_what_a_process_noted_that_died_is_asked_for_after_all(archived: Archived) -> None:
    store = await archived.filled(40)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        segments = snapshot.segments
    ledger = RestoreLedger(store.documents(RESTORES), archived.clock)
    ledger.asked("fake")
    assert ledger.reserve("fake", segments, Kind.GLACIER, RestoreRule("bulk"), ANY)[1] == [*segments]
    assert fates(needed(store)) == {Fate.RESTORING: 1}  # another may be about to ask
    archived.clock.now += HOUR
    assert fates(needed(store)) == {Fate.ASKED: 1}
    assert archived.requests("POST", "?restore") == 1
    await store.close()


async def test_what_somebody_else_had_restored_is_not_asked_for(archived: Archived, slow: SlowRestores) -> None:
    store = await archived.filled(40)
    (asked,) = needed(store)
    slow.hold(archived.urls(asked.segments))
    await store.close()
    for document in (archived.settings.data or Path()).rglob(".documents/restores/*/*/*.json"):
        document.unlink()
    store = archived.open()
    (running,) = needed(store)
    assert (running.verdict.fate, running.verdict.since) == (Fate.RESTORING, None)
    assert archived.requests("POST", "?restore") == 1
    await store.close()


async def test_a_delete_request_says_that_it_waits_for_a_restore(archived: Archived) -> None:
    store = await archived.filled(1, 40)
    store.deletions.add("fake", "a:days", EARLIEST, LATEST)
    with capture_logs() as logs:
        store.forget_now()
        store.forget_now()
    assert [each["event"] for each in logs] == ["delete request waits for objects to be restored"]
    (progress,) = store.delete_requests("fake")
    assert (progress.archived, progress.request.is_processed) == (1, False)
    assert progress.done < 1
    assert fates(needed(store)) == {Fate.ASKED: 1}
    store.forget_now()
    (progress,) = store.delete_requests("fake")
    assert (progress.archived, progress.request.is_processed) == (0, True)
    assert (stored(store), store.gauges().entries) == ([], 0)
    await store.close()


async def test_the_background_does_not_look_at_an_archive_again_and_again(archived: Archived) -> None:
    store = await archived.filled(40, 41)
    store.deletions.add("fake", "a:days", EARLIEST, LATEST)
    await store.close()
    archived.settings = replace(archived.settings, compaction=True)
    store = archived.open()
    await until(lambda: any(each.archived == 2 for each in store.delete_requests("fake")))
    looked = archived.requests()
    for app in ("b", "c"):  # each a pass of the background later
        await store.append(batch([row(app, TODAY * DAY, "days")]))
        request = store.deletions.add("fake", f"{app}:days", EARLIEST, LATEST)
        archived.clock.now += 1
        await until(
            lambda id=request.id: any(  # type: ignore[misc]
                each.request.id == id and each.request.is_processed for each in store.delete_requests("fake")
            )
        )
    assert archived.requests() == looked
    assert store.metrics.maintenance_failures == 0
    assert fates(needed(store, may_ask=False)) == {Fate.ARCHIVED: 2}
    await store.close()


def days_30(_tenant: str, ids: Int64s, _labels_of: object, _demoted: object) -> Int64s:
    return ids * 0 + 30 * DAY


async def test_retention_drops_what_is_archived_without_reading_it(proxy: FaultyProxy, tmp_path: Path) -> None:
    archived = Archived(proxy, tmp_path, RetentionRules(periods=days_30))
    store = await archived.filled(1, 40, 41)
    before = archived.requests()
    store.forget_now()
    assert archived.requests() == before
    assert [found.key for found in objects_of(archived.settings).list("cold:")] == [f"cold:{OWNER_KEY}"]
    assert {each.line for each in stored(store)} == {"1 days"}
    await store.close()


async def test_azure_puts_blobs_into_a_tier_that_can_be_read(azure_endpoint: str, tmp_path: Path) -> None:
    archive = ObjectStoreSettings(
        url=f"az://logs/{uuid.uuid4().hex}", endpoint=azure_endpoint, storage_class="Archive", retries=1,
        options={"account_name": ACCOUNT, "account_key": KEY},
    )  # fmt: skip
    tier = TierSettings(name="cold", after=30 * DAY, objects=archive, restore=RestoreRule("standard"))
    clock = Clock()
    settings = StoreSettings(data=tmp_path / "data", tiers=(tier,), compaction=False, recent_bytes=0)
    store = Store.open(settings, clock=clock)
    rows = [row("a", (TODAY - 40) * DAY + hour * HOUR, "old") for hour in range(2)]
    for each in rows:
        await store.append(batch([each]))
    store.compact_now()
    clock.now += 2 * HOUR
    store.move_now()
    await store.close()
    store = Store.open(settings, clock=clock)
    (asked,) = needed(store)
    assert (asked.verdict.fate, asked.verdict.takes) == (Fate.ASKED, "up to 15 hours")
    assert needed(store) == []
    assert stored(store) == rows
    await store.close()


def test_a_tier_that_restores_needs_what_asks(archived: Archived, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "botocore" else found(name))
    with pytest.raises(BadRequest, match="needs botocore: pip install botocore"):
        archived.open()


_OPENS = """
import sys
from pathlib import Path
from sigyn.model.time import DAY
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from sigyn.store.settings import RestoreRule
tier = TierSettings(
    name="cold", after=DAY, restore=RestoreRule(),
    objects=ObjectStoreSettings(url="s3://logs", region="x", access_key_id="key", secret_access_key="secret"),
)
Store.open(StoreSettings(data=Path(sys.argv[1]), tiers=(tier,), compaction=False))
assert "botocore" not in sys.modules
"""


def test_what_asks_is_not_loaded_before_there_is_something_to_restore(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _OPENS, str(tmp_path)], check=True, timeout=120)
