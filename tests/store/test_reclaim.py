"""Objects that nobody needs go away; those that somebody needs stay."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sigyn.model.time import DAY, SECOND, system_clock
from sigyn.store import Store, StoreSettings
from sigyn.store.keys import segment_key
from sigyn.store.objects import LocalObjects, open_objects
from sigyn.store.ownership import OWNER_KEY

from .conftest import MakeSettings
from .entries import batch, row, stored
from .faulty import Faults, FaultyObjects

pytestmark = pytest.mark.anyio


def later(seconds: int) -> Callable[[], int]:
    """A clock that is ahead."""
    return lambda: system_clock() + seconds * SECOND


async def test_old_orphans_are_swept_and_young_ones_stay(settings: MakeSettings) -> None:
    configured = settings(compaction=False, orphan_grace_seconds=600)
    objects = (
        open_objects(configured.objects)
        if configured.objects is not None
        else LocalObjects(Path(str(configured.data)) / "objects")
    )
    store = Store.open(configured, objects=objects)
    objects.put(segment_key("fake", 0, DAY), b"left by a process that was killed")
    for strange in ("notes.txt", "trips/2026-01-01/part-0.parquet", "2026-01-01/0-0123456789abcdef.parquet"):
        objects.put(strange, b"not ours")
    await store.append(batch([row("a", 1, "x")]))
    store.sweep_now()
    assert store.metrics.orphans_deleted == 0
    await store.close()

    store = Store.open(configured, objects=objects, clock=later(700))
    store.sweep_now()
    assert store.metrics.orphans_deleted == 1
    assert len([found for found in objects.list() if found.key != OWNER_KEY]) == 4
    assert len(stored(store)) == 1
    await store.close()


async def test_an_object_that_waits_for_its_commit_is_no_orphan(tmp_path: Path) -> None:
    class SweepsBeforeTheCommit(FaultyObjects):
        def put(self, key: str, body: bytes | memoryview) -> None:
            super().put(key, body)
            store.sweep_now()

    objects = SweepsBeforeTheCommit(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, orphan_grace_seconds=-60), objects=objects)
    await store.append(batch([row("a", 1, "x")]))
    assert len(stored(store)) == 1
    await store.close()


async def test_deletions_that_a_stop_interrupted_are_taken_up_again(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed=1)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    for time in range(4):
        await store.append(batch([row("a", time, "x")]))
    with store.snapshot("fake", 0, 9):
        store.compact_now()
    await store.close()
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    store.compact_now()
    assert len(list((tmp_path / "objects").rglob("*.parquet"))) == 1
    assert len(stored(store)) == 4
    await store.close()


async def test_objects_are_deleted_when_the_last_snapshot_ends(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    for time in range(2):
        await store.append(batch([row("a", time, "x")]))
    with store.snapshot("fake", 0, 9), store.snapshot("fake", 0, 9):
        store.compact_now()
        assert len(list((tmp_path / "objects").rglob("*.parquet"))) == 3
    deadline = asyncio.get_running_loop().time() + 30
    while len(list((tmp_path / "objects").rglob("*.parquet"))) > 1:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)
    await store.close()
