"""Back-pressure, failure and order of group commit."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from sigyn.model.errors import TooManyRequests, Unavailable
from sigyn.store import Store, StoreSettings
from sigyn.store.objects import LocalObjects

from .entries import batch, row, stored
from .faulty import Faults, FaultyObjects

pytestmark = pytest.mark.anyio


def faulty(folder: Path, **faults: float) -> FaultyObjects:
    """A folder behind faults."""
    return FaultyObjects(LocalObjects(folder / "objects"), Faults(**faults), seed=1)


async def test_pushes_during_a_write_share_the_next_one(tmp_path: Path) -> None:
    objects = faulty(tmp_path)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    objects.gate.clear()
    first = asyncio.create_task(store.append(batch([row("a", 0, "first")])))
    await asyncio.sleep(0)
    rest = [asyncio.create_task(store.append(batch([row("a", time, "rest")]))) for time in range(1, 30)]
    await asyncio.sleep(0)
    objects.gate.set()
    await asyncio.gather(first, *rest)
    assert objects.puts == 2
    assert len(stored(store)) == 30
    await store.close()


async def test_what_waits_is_bounded(tmp_path: Path) -> None:
    objects = faulty(tmp_path)
    store = Store.open(StoreSettings(data=tmp_path, max_waiting_bytes=1000), objects=objects)
    objects.gate.clear()
    held = asyncio.create_task(store.append(batch([row("a", 1, "x" * 700)])))
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests, match="`max_waiting_bytes`") as refused:
        await store.append(batch([row("a", 2, "y" * 700)]))
    assert refused.value.retry_after > 0
    assert store.metrics.pushes_refused == 1
    objects.gate.set()
    await held
    await store.append(batch([row("a", 3, "z" * 5000)]))  # larger than all that may wait, but alone
    assert [entry.timestamp for entry in stored(store)] == [1, 3]
    await store.close()


@pytest.mark.parametrize("limit", ["max_uncompacted_segments", "max_uncompacted_bytes"])
async def test_pushes_are_refused_until_compaction_has_caught_up(tmp_path: Path, limit: str) -> None:
    limits: dict[str, Any] = {limit: 2}
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, **limits))
    for time in range(3):
        await store.append(batch([row("a", time, "x")]))
    with pytest.raises(TooManyRequests, match=f"`{limit}`"):
        await store.append(batch([row("a", 9, "x")]))
    assert store.gauges().uncompacted_segments == store.gauges().uncompacted_text_bytes == 3
    store.compact_now()
    assert store.gauges().uncompacted_segments == store.gauges().uncompacted_text_bytes == 0
    await store.append(batch([row("a", 9, "x")]))
    await store.close()


async def test_only_the_tenant_whose_object_fails_is_refused(tmp_path: Path) -> None:
    class OneTenantFails(FaultyObjects):
        def put(self, key: str, body: bytes | memoryview) -> None:
            super().put(key, body)
            if key.startswith("unlucky/"):
                raise Unavailable("fault")

    objects = OneTenantFails(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    objects.gate.clear()
    first = asyncio.create_task(store.append(batch([row("a", 0, "x")], tenant="first")))
    await asyncio.sleep(0)
    group = [store.append(batch([row("a", 1, "x")], tenant=tenant)) for tenant in ("lucky", "unlucky", "other")]
    answers = asyncio.gather(*group, return_exceptions=True)
    await asyncio.sleep(0)
    objects.gate.set()
    lucky, unlucky, other = await answers
    await first
    assert (lucky, other) == (None, None)
    assert isinstance(unlucky, Unavailable)
    assert stored(store, tenant="unlucky") == []
    assert len(stored(store, tenant="lucky")) == 1
    await store.close()


async def test_flush_waits_for_what_is_under_way(tmp_path: Path) -> None:
    objects = faulty(tmp_path, delay=1.0, delay_seconds=0.05)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    pushes = [asyncio.create_task(store.append(batch([row("a", time, "x")]))) for time in range(5)]
    await asyncio.sleep(0)
    await store.flush()
    objects.faults = Faults()
    assert len(stored(store)) == 5
    await asyncio.gather(*pushes)
    await store.flush()
    await store.close()


async def test_a_caller_that_goes_away_harms_nobody(tmp_path: Path) -> None:
    objects = faulty(tmp_path)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    objects.gate.clear()
    gone = asyncio.create_task(store.append(batch([row("a", 1, "x")])))
    stays = asyncio.create_task(store.append(batch([row("a", 2, "x")])))
    await asyncio.sleep(0)
    gone.cancel()
    objects.gate.set()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert row("a", 2, "x") in stored(store)
    await store.close()


async def test_acknowledged_means_fsynced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def watched(file: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{file}")))
        fsync(file)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell which file is synced")
    monkeypatch.setattr(os, "fsync", watched)
    data = tmp_path / "new" / "data"
    store = Store.open(StoreSettings(data=data, compaction=False))
    await store.append(batch([row("a", 1, "x")]))
    (found,) = (data / "objects" / "fake").rglob("*.parquet")
    (written,) = (path for path in synced if path.parent.name == ".partial")
    after = synced[synced.index(written) :]
    assert found.parent in after  # the name of the object, after its content
    assert {tmp_path, tmp_path / "new", data, data / "objects", data / "objects" / "fake"} <= set(synced)
    await store.close()
