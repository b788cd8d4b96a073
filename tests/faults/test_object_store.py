"""An object store that fails costs an answer, never an entry."""

import asyncio
import socket
from pathlib import Path

import pytest
from store.entries import Row, batch, row, stored
from store.faulty import Faults, FaultyObjects
from structlog.testing import capture_logs

from sigyn.model.errors import TooManyRequests, Unavailable
from sigyn.store import ObjectStoreSettings, Store, StoreSettings
from sigyn.store.check import check_store
from sigyn.store.objects import LocalObjects

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Tests run on asyncio."""
    return "asyncio"


@pytest.mark.parametrize("seed", range(6))
async def test_under_random_faults_exactly_what_was_acknowledged_is_stored(tmp_path: Path, seed: int) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed)
    settings = StoreSettings(data=tmp_path, compaction_age_seconds=0.0, compaction_segments=3, orphan_grace_seconds=-60)
    acknowledged: list[Row] = []
    refused: list[Row] = []

    async def push_on(store: Store, task: int) -> None:
        for number in range(25):
            rows = [row("ab"[number % 2], number * 50 + task, f"{task}/{number}") for _ in range(2)]
            try:
                await store.append(batch(rows))
            except Unavailable:
                refused.append(rows[0])
            else:
                acknowledged.append(rows[0])

    with capture_logs():
        store = Store.open(settings, objects=objects)
        objects.faults = Faults(refuse=0.1, lose_answer=0.1, tear=0.1, delay=0.3)
        await asyncio.gather(*(push_on(store, task) for task in range(5)))
        objects.faults = Faults()
        assert refused
        assert stored(store) == sorted(acknowledged, key=repr)
        store.sweep_now()
        store.compact_now()
        assert stored(store) == sorted(acknowledged, key=repr)
        await store.close()
        store = Store.open(settings, objects=objects)
        assert stored(store) == sorted(acknowledged, key=repr)
        await store.close()


async def test_pushes_that_fail_are_a_fault_of_the_store_where_each_part_answers(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    try:
        assert store.faults() == []
        full = Unavailable("no room for more than a few bytes")
        objects.refusal = lambda action, key: full if action == "put" and key.startswith("fake/") else None
        with pytest.raises(Unavailable), capture_logs():
            await store.append(batch([row("a", 1, "x")]))
        assert store.faults() == ["pushes: no room for more than a few bytes"]
        objects.refusal = lambda _action, _key: None
        with capture_logs():
            await store.append(batch([row("a", 1, "x")]))
        assert store.faults() == []
    finally:
        await store.close()


async def test_a_place_in_which_nothing_may_be_deleted_takes_entries_and_is_ready(tmp_path: Path) -> None:
    """A balancer would take a server away that loses nothing; what waits to be deleted is told by maintenance."""
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings, objects=objects)
    try:
        refused = Unavailable("AccessDenied")
        objects.refusal = lambda action, _key: refused if action == "delete" else None
        assert store.faults() == []
        await store.append(batch([row("a", 1, "x")]))
        assert store.faults() == []
    finally:
        await store.close()
    (left,) = check_store(settings).findings
    assert "of `/ready`" in left.detail


async def test_writes_that_fail_are_in_the_log_and_so_is_the_end_of_it(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    with capture_logs() as told:
        objects.faults = Faults(refuse=1.0)
        for _ in range(3):
            with pytest.raises(Unavailable):
                await store.append(batch([row("a", 1, "x")]))
        objects.faults = Faults()
        for _ in range(2):
            await store.append(batch([row("a", 1, "x")]))
    events = [(line["event"], line["failed"]) for line in told if line["event"].startswith("pushes")]
    assert events == [("pushes can't be stored and get 503", 1), ("pushes are stored again", 3)]
    await store.close()


async def test_a_read_that_fails_is_unavailable_and_loses_nothing(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0), objects=objects)
    await store.append(batch([row("a", 1, "x")]))
    objects.faults = Faults(refuse=1.0)
    with pytest.raises(Unavailable, match="refused"):
        stored(store)
    with pytest.raises(Unavailable, match="refused"):
        store.compact_now()
    objects.faults = Faults()
    assert stored(store) == [row("a", 1, "x")]
    await store.close()


async def test_a_compaction_that_fails_changes_nothing_and_is_done_later(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    rows = [row("a", time, "x") for time in range(4)]
    for one in rows:
        await store.append(batch([one]))
    for faults in (Faults(tear=1.0), Faults(lose_answer=1.0)):
        objects.faults = faults
        with pytest.raises(Unavailable):
            store.compact_now()
        assert stored(store) == rows
    objects.faults = Faults()
    store.compact_now()
    assert stored(store) == rows
    await store.close()


async def test_a_bucket_that_is_out_of_reach_refuses_pushes_with_one_notice(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    unreachable = ObjectStoreSettings(
        url="s3://logs/x", endpoint=f"http://127.0.0.1:{port}", region="r", access_key_id="k", secret_access_key="s",
        retries=0, timeout_seconds=1,
    )  # fmt: skip
    with capture_logs() as logs:
        store = Store.open(StoreSettings(data=tmp_path, objects=unreachable))
        for _ in range(2):
            with pytest.raises(Unavailable, match="can't write"):
                await store.append(batch([row("a", 1, "x")]))
        assert store.metrics.pushes_failed == 2
        await store.close()
    told = [entry["event"] for entry in logs if entry["log_level"] != "info"]
    assert told.count("pushes can't be stored and get 503") == 1
    assert told.count("maintenance failed and is tried again") <= 1
    assert len(told) <= 2


async def test_memory_stays_bounded_while_the_object_store_hangs(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, max_waiting_bytes=100_000), objects=objects)
    objects.gate.clear()
    pushes = [asyncio.create_task(store.append(batch([row("a", time, "x" * 1000)]))) for time in range(500)]
    await asyncio.sleep(0)
    early = [push for push in pushes if push.done()]
    assert len(early) > 350
    assert all(isinstance(push.exception(), TooManyRequests) for push in early)
    objects.gate.set()
    answers = await asyncio.gather(*pushes, return_exceptions=True)
    assert len(stored(store)) == answers.count(None) == 500 - len(early)
    await store.close()
