"""A catalog that is older than the objects, or lost what was committed last: nothing of it is lost for good."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sigyn.model.errors import Unavailable
from sigyn.model.time import HOUR, system_clock
from sigyn.store import Store, StoreSettings
from sigyn.store.check import Problem, check_store
from sigyn.store.objects import LocalObjects, StoredObject
from sigyn.store.rebuild import rebuild_catalog

from .entries import batch, row, stored
from .faulty import Faults, FaultyObjects

pytestmark = pytest.mark.anyio

BEFORE, ALL = 3, 9


def in_hours(hours: int) -> Callable[[], int]:
    """A clock that is ahead."""
    return lambda: system_clock() + hours * HOUR


async def push(store: Store, *times: int) -> None:
    for time in times:
        await store.append(batch([row("a", time, f"line {time}")]))


def lose_the_log(data: Path) -> None:
    """The file is as it was when the server started; all that came then was in its log."""
    (data / "catalog.sqlite-wal").unlink()
    (data / "catalog.sqlite-shm").unlink()


def tear_the_log(data: Path) -> None:
    log = data / "catalog.sqlite-wal"
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size // 2)


def settings_of(data: Path) -> StoreSettings:
    return StoreSettings(data=data, compaction=False)


async def killed(folder: Path, damage: Callable[[Path], None]) -> StoreSettings:
    """A store with a damage, whose server was killed after ALL pushes, BEFORE of which an earlier one had taken."""
    store = Store.open(settings_of(folder / "living"))
    await push(store, *range(BEFORE))
    await store.close()
    store = Store.open(settings_of(folder / "living"))
    await push(store, *range(BEFORE, ALL))
    shutil.copytree(folder / "living", folder / "killed")
    await store.close()
    damage(folder / "killed")
    return settings_of(folder / "killed")


@pytest.mark.parametrize("damage", [lose_the_log, tear_the_log])
async def test_what_the_catalog_lost_stays_and_comes_back(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    settings = await killed(tmp_path, damage)
    checked = check_store(settings)
    assert not checked.is_sound
    assert {finding.problem for finding in checked.findings} >= {Problem.UNKNOWN}

    for hours in (2, 4):  # the second server has committed more than the first one had lost
        store = Store.open(settings, clock=in_hours(hours))
        store.sweep_now()
        assert store.metrics.orphans_deleted == 0
        assert store.gauges().objects_unknown >= ALL - BEFORE - 3
        await push(store, *range(100 * hours, 100 * hours + ALL))
        await store.close()
    assert not check_store(settings).is_sound

    for file in (tmp_path / "killed").glob("catalog.sqlite*"):
        file.unlink()
    rebuild_catalog(settings)
    store = Store.open(settings)
    assert {found.line for found in stored(store)} >= {f"line {time}" for time in range(ALL)}
    await store.close()


async def test_a_restored_catalog_takes_nothing_newer_for_an_orphan(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = Store.open(settings)
    await push(store, *range(BEFORE))
    await store.close()
    shutil.copy(tmp_path / "catalog.sqlite", tmp_path / "of-yesterday")
    store = Store.open(settings)
    await push(store, *range(BEFORE, ALL))
    await store.close()
    (tmp_path / "of-yesterday").rename(tmp_path / "catalog.sqlite")

    store = Store.open(settings, clock=in_hours(2))
    store.sweep_now()
    assert store.metrics.orphans_deleted == 0
    assert store.gauges().objects_unknown == ALL - BEFORE
    await store.close()


async def test_nothing_of_it_is_swept_while_a_tier_is_away(tmp_path: Path) -> None:
    settings = await killed(tmp_path, lose_the_log)

    class LosesItsConnection(FaultyObjects):
        def list(self, folder: str = "") -> Iterator[StoredObject]:
            yield from super().list(folder)
            raise Unavailable("the last tier is away")

    objects = LosesItsConnection(LocalObjects(tmp_path / "killed" / "objects"), Faults(), seed=1)
    store = Store.open(settings, objects=objects, clock=in_hours(2))
    with pytest.raises(Unavailable, match="is away"):
        store.sweep_now()
    assert store.metrics.orphans_deleted == 0
    await store.close()


@pytest.mark.parametrize("content", [b"", None])
async def test_a_catalog_without_tables_is_none(tmp_path: Path, content: bytes | None) -> None:
    store = Store.open(settings_of(tmp_path / "living"))
    await push(store, 1)
    shutil.copytree(tmp_path / "living", tmp_path / "data")  # its tables are in its log
    await store.close()
    for log in (tmp_path / "data").glob("catalog.sqlite-*"):
        log.unlink()
    if content is not None:
        (tmp_path / "data" / "catalog.sqlite").write_bytes(content)
    settings = settings_of(tmp_path / "data")
    with pytest.raises(Unavailable, match=r"no catalog at .*rebuild-catalog"):
        Store.open(settings)
    (tmp_path / "data" / "catalog.sqlite").unlink()
    assert rebuild_catalog(settings).entries == 1


async def test_a_damaged_catalog_is_refused_with_what_to_do(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = Store.open(settings)
    await push(store, *range(ALL))
    await store.close()
    file = tmp_path / "catalog.sqlite"
    whole = file.read_bytes()
    for damaged in (whole[:8192] + bytes(8192) + whole[16384:], b"x" * len(whole)):
        file.write_bytes(damaged)
        with pytest.raises(Unavailable, match=r"catalog\.sqlite.*rebuild-catalog"):
            Store.open(settings)
        with pytest.raises(Unavailable, match=r"catalog\.sqlite.*rebuild-catalog"):
            check_store(settings)
    for left in tmp_path.glob("catalog.sqlite*"):
        left.unlink()
    assert rebuild_catalog(settings).entries == ALL
