"""A full disk refuses pushes and loses nothing. A limit on the size of files stands for it: writes fail half-way."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from store.entries import batch, row, stored

from sigyn.model.errors import Unavailable
from sigyn.store import ObjectStoreSettings, Store, StoreSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Tests run on asyncio."""
    return "asyncio"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_data_folder_on_a_full_disk_is_refused_in_words(tmp_path: Path) -> None:
    for _ in range(2):
        with files_of_at_most(0), pytest.raises(Unavailable, match=r"data folder `.*` can't be used: File too large"):
            Store.open(StoreSettings(data=tmp_path))
    await Store.open(StoreSettings(data=tmp_path)).close()


async def test_an_object_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    await store.append(batch([row("a", 1, "before")]))
    with files_of_at_most(100), pytest.raises(Unavailable, match="can't write"):
        await store.append(batch([row("a", 2, "during")]))
    assert stored(store) == [row("a", 1, "before")]
    assert list((tmp_path / "objects" / ".partial").iterdir()) == []
    await store.append(batch([row("a", 3, "after")]))
    await store.close()
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    assert stored(store) == [row("a", 1, "before"), row("a", 3, "after")]
    await store.close()


async def test_a_catalog_that_can_not_grow_refuses_and_goes_on_afterwards(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False, objects=ObjectStoreSettings(url="memory://"))
    store = Store.open(settings)
    await store.append(batch([row("a", 1, "before")]))
    log = tmp_path / "catalog.sqlite-wal"
    with files_of_at_most(log.stat().st_size), pytest.raises(Unavailable, match="catalog"):
        await store.append(batch([row("b", 2, "during")]))
    assert stored(store) == [row("a", 1, "before")]
    await store.append(batch([row("b", 3, "after")]))
    assert stored(store) == [row("a", 1, "before"), row("b", 3, "after")]
    await store.close()


async def test_a_compaction_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    rows = [row("a", time, "x") for time in range(4)]
    for one in rows:
        await store.append(batch([one]))
    with files_of_at_most(100), pytest.raises(Unavailable, match="can't write"):
        store.compact_now()
    assert stored(store) == rows
    store.compact_now()
    assert stored(store) == rows
    await store.close()
