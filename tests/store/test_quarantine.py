"""A lost object costs its own entries and one notice, nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sigyn.store import Store, StoreSettings

from .entries import EARLIEST, LATEST, batch, row, rows_of, stored

pytestmark = pytest.mark.anyio


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[40] ^= 0x55  # in the first page
    path.write_bytes(body)


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    path.write_bytes(b"x" * len(path.read_bytes()))


DAMAGES = [torn, emptied, flipped, removed, replaced]


async def damaged_store(folder: Path, damage: Callable[[Path], object]) -> None:
    """A data folder with two segments of two entries, one of them damaged."""
    store = Store.open(StoreSettings(data=folder, compaction=False))
    for app in "ab":
        await store.append(batch([row(app, 1, "line one"), row(app, 2, "line two")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        first = min(snapshot.segments, key=lambda segment: segment.id)
    await store.close()
    damage(folder / "objects" / first.key)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_reading_goes_on_without_a_lost_object(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    await damaged_store(tmp_path, damage)
    rest = [row("b", 1, "line one"), row("b", 2, "line two")]
    with capture_logs() as logs:
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            assert sorted(rows_of(store, snapshot)) == rest
            assert len(snapshot.lost) == 1
            assert sorted(rows_of(store, snapshot)) == rest
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            assert len(snapshot.segments) == 1
        assert store.metrics.segments_quarantined == 1
        await store.append(batch([row("a", 3, "more")]))
        await store.close()
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        assert len(stored(store)) == 3
        await store.close()
    assert [entry["event"] for entry in logs] == ["segment quarantined"]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_compaction_goes_on_without_a_lost_object(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    await damaged_store(tmp_path, damage)
    with capture_logs() as logs:
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        store.compact_now()
        assert stored(store) == [row("b", 1, "line one"), row("b", 2, "line two")]
        assert store.metrics.segments_quarantined == 1
        await store.close()
    assert [entry["event"] for entry in logs] == ["segment quarantined"]


async def test_an_object_that_comes_back_is_live_again(tmp_path: Path) -> None:
    await damaged_store(tmp_path, lambda path: path.rename(tmp_path / "aside"))
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    assert len(stored(store)) == 2
    store.sweep_now()
    (lost,) = store.quarantined()
    await store.close()

    (tmp_path / "aside").rename(tmp_path / "objects" / lost.key)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    store.sweep_now()
    assert store.quarantined() == []
    assert len(stored(store)) == 4
    await store.close()


@pytest.mark.parametrize("damage", [removed, flipped])
async def test_copies_in_an_object_that_comes_back_are_seen_once(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    rows = [row("a", 1, "line one"), row("a", 2, "line two")]
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0))
    await store.append(batch(rows))
    (first,) = (tmp_path / "objects").rglob("*.parquet")
    await store.append(batch(rows))  # a client that got no answer sends again
    body = first.read_bytes()
    damage(first)
    for _ in range(2):
        assert stored(store) in ([], rows)
    assert stored(store) == rows
    assert store.metrics.segments_quarantined == 1
    first.write_bytes(body)
    store.sweep_now()
    assert store.quarantined() == []
    assert stored(store) == rows
    await store.close()
