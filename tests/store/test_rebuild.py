"""A store that lost its catalog gets it back from its objects."""

from pathlib import Path

import pytest

from sigyn.model.errors import BadRequest
from sigyn.store import FolderInUse, Store, rebuild_catalog
from sigyn.store.places import objects_of

from .conftest import MakeSettings
from .entries import batch, row, stored

pytestmark = pytest.mark.anyio


def lose_catalog(data: Path | None) -> None:
    assert data is not None
    for path in data.glob("catalog.sqlite*"):
        path.unlink()


@pytest.mark.parametrize("settings", ["local", "s3"], indirect=True)
async def test_a_rebuilt_catalog_shows_the_same_entries(settings: MakeSettings) -> None:
    configured = settings(compaction=False)
    store = Store.open(configured)
    rows = [row(app, time, f"{app}{time}", "info") for time in range(5) for app in "ab"]
    for start in (0, 3, 6):
        await store.append(batch(rows[start : start + 4]))
    with store.snapshot("fake", 0, 9):
        store.compact_now()  # the replaced objects stay: a snapshot held them when the store closed
    await store.append(batch(rows[8:]))
    await store.append(batch(rows, tenant="another"))
    await store.close()
    objects_of(configured).put("fake/2026-01-01/0-torn.parquet", b"PAR1 but not much more")

    lose_catalog(configured.data)
    rebuilt = rebuild_catalog(configured)
    assert rebuilt.unreadable == ("fake/2026-01-01/0-torn.parquet",)
    store = Store.open(configured)
    assert stored(store) == stored(store, tenant="another") == sorted(rows, key=repr)
    store.compact_now()
    assert stored(store) == sorted(rows, key=repr)
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_a_catalog_is_never_overwritten(settings: MakeSettings) -> None:
    configured = settings()
    store = Store.open(configured)
    with pytest.raises(FolderInUse):
        rebuild_catalog(configured)
    await store.close()
    with pytest.raises(BadRequest, match="there is a catalog"):
        rebuild_catalog(configured)
