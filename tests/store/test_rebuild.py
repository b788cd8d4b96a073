"""A store that lost its catalog gets it back from its objects."""

import os
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.time import DAY, SECOND
from sigyn.store import FolderInUse, Store, StoreSettings, check_store, rebuild_catalog
from sigyn.store.keys import segment_key
from sigyn.store.objects import LocalObjects
from sigyn.store.places import objects_of

from .conftest import MakeSettings
from .entries import EARLIEST, LATEST, batch, row, stored
from .faulty import Faults, FaultyObjects
from .lost_catalog import lose_catalog
from .matching import TextMatcher

pytestmark = pytest.mark.anyio


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

    lose_catalog(configured)
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


def reopened(settings: StoreSettings) -> Store:
    """The store with a catalog that was made anew from its objects."""
    lose_catalog(settings)
    rebuild_catalog(settings)
    return opened(settings)


def opened(settings: StoreSettings) -> Store:
    store = Store.open(settings)
    store.match_deletes(TextMatcher(store.streams))
    return store


@pytest.mark.parametrize("settings", ["local", "s3"], indirect=True)
@pytest.mark.parametrize("compacted", ["never", "before", "after", "both"])
async def test_delete_requests_are_in_force_again_for_what_had_arrived(settings: MakeSettings, compacted: str) -> None:
    configured = settings(compaction=False)
    store = opened(configured)
    for text in ("secret 1", "plain 2"):
        await store.append(batch([row("a", 1, text)]))
    if compacted in ("before", "both"):
        store.compact_now()
    request = store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    await store.append(batch([row("a", 1, "secret 1"), row("a", 1, "secret 3")]))
    later = store.deletions.add("fake", "a:3", EARLIEST, LATEST)
    cancelled = store.deletions.add("fake", "a:plain", EARLIEST, LATEST)
    store.deletions.cancel("fake", cancelled.id)
    await store.append(batch([row("a", 1, "secret 4")]))
    if compacted in ("after", "both"):
        store.compact_now()
    expected = [row("a", 1, "plain 2"), row("a", 1, "secret 1"), row("a", 1, "secret 4")]
    assert stored(store) == expected
    await store.close()
    assert check_store(configured).findings == ()

    for _ in range(2):  # a catalog may be lost again
        store = reopened(configured)
        assert stored(store) == expected
        assert [each.request.id for each in store.delete_requests("fake")] == [request.id, later.id]
        store.compact_now()
        assert stored(store) == expected
        await store.close()

    store = reopened(configured)
    store.deletions.add("fake", "a:4", EARLIEST, LATEST)
    assert stored(store) == expected[:2]
    store.forget_now()
    assert (stored(store), len(store.delete_requests("fake"))) == (expected[:2], 3)
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_an_object_that_comes_back_shows_nothing_of_what_was_deleted(settings: MakeSettings) -> None:
    configured = settings(compaction=False, delete_cancel_period=0)
    store = opened(configured)
    await store.append(batch([row("a", 1, "secret"), row("a", 2, "plain")]))
    store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    with store.snapshot("fake", EARLIEST, LATEST):
        store.forget_now()  # the old object stays: a snapshot held it when the store closed
        assert [progress.done for progress in store.delete_requests("fake")] == [1]
        await store.append(batch([row("a", 1, "secret")]))
        await store.close()
    store = reopened(configured)
    assert store.gauges().segments == 3
    for work in (lambda: None, store.forget_now, store.compact_now):
        work()
        assert stored(store) == [row("a", 1, "secret"), row("a", 2, "plain")]
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_an_object_replaced_before_a_request_shows_nothing_of_it_when_it_comes_back(
    settings: MakeSettings,
) -> None:
    configured = settings(compaction=False, delete_cancel_period=0)
    store = opened(configured)
    for text in ("secret", "plain"):
        await store.append(batch([row("a", 1, text)]))
        await store.append(batch([row("a", 1, text)], tenant="other"))
    with store.snapshot("fake", EARLIEST, LATEST), store.snapshot("other", EARLIEST, LATEST):
        store.compact_now()  # the old objects stay: a snapshot held them when the store closed
        store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
        store.forget_now()
        await store.close()
    store = reopened(configured)
    assert store.gauges().segments == 6
    for work in (lambda: None, store.forget_now, store.compact_now):
        work()
        assert stored(store) == [row("a", 1, "plain")]
        assert len(stored(store, "other")) == 2
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_an_object_that_was_lost_when_a_request_was_made_shows_nothing_of_it_when_it_comes_back(
    settings: MakeSettings,
) -> None:
    configured = settings(compaction=False, delete_cancel_period=0)
    store = opened(configured)
    await store.append(batch([row("a", 1, "secret"), row("a", 1, "plain")]))
    (path,) = (Path(str(configured.data)) / "objects").rglob("*.parquet")
    body = path.read_bytes()
    path.unlink()
    assert stored(store) == stored(store) == []
    assert len(store.quarantined()) == 1
    store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    store.forget_now()
    await store.close()
    path.write_bytes(body)
    store = reopened(configured)
    assert stored(store) == [row("a", 1, "plain")]
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
@pytest.mark.parametrize("compacted", [False, True])
async def test_an_object_that_is_damaged_comes_back_in_quarantine(settings: MakeSettings, compacted: bool) -> None:
    configured = settings(compaction=False, orphan_grace_seconds=-60)
    store = opened(configured)
    await store.append(batch([row("a", 1, "x" * 100)]))
    if compacted:
        store.compact_now()
    (path,) = (Path(str(configured.data)) / "objects").rglob("*.parquet")
    await store.append(batch([row("b", 1, "y")]))
    await store.close()
    body = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    body[column.data_page_offset + column.total_compressed_size - 1] ^= 0x40
    path.write_bytes(body)
    lose_catalog(configured)
    rebuilt = rebuild_catalog(configured)
    assert (rebuilt.segments, rebuilt.unreadable, len(rebuilt.damaged)) == (1, (), 1)
    assert path.match(rebuilt.damaged[0])
    store = opened(configured)
    for work in (lambda: None, store.sweep_now, store.compact_now):
        work()
        assert stored(store) == [row("b", 1, "y")]
        assert [each.key for each in store.quarantined()] == [*rebuilt.damaged]
    assert path.exists()
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_a_log_of_the_catalog_that_was_lost_does_not_reach_the_new_one(
    settings: MakeSettings, catalog: str
) -> None:
    if catalog != "sqlite":
        pytest.skip("only SQLite has one")
    configured = settings(compaction=False)
    store = Store.open(configured)
    assert configured.data is not None
    log = configured.data / "catalog.sqlite-wal"
    body = b""
    for number in range(20):
        await store.append(batch([row("a", number, f"{number}"), row(f"{number}", number, "x")]))
        body = body if number > 9 else log.read_bytes()
    expected = stored(store)
    await store.close()
    lose_catalog(configured)
    log.write_bytes(body)  # the process was killed, and a person deleted only the first file
    with pytest.raises(BadRequest, match=r"a log of another catalog at `.*/catalog\.sqlite-wal`; move it away"):
        rebuild_catalog(configured)
    log.unlink()
    rebuild_catalog(configured)
    store = Store.open(configured)
    assert (stored(store), store.gauges().segments) == (expected, 20)
    await store.close()


async def test_a_request_that_can_not_be_documented_is_refused(tmp_path: Path) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), 0)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), objects=objects)
    store.match_deletes(TextMatcher(store.streams))
    await store.append(batch([row("a", 1, "secret")]))
    objects.faults = Faults(refuse=1)
    with pytest.raises(Unavailable, match="refused"):
        store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    objects.faults = Faults()
    assert (stored(store), store.delete_requests("fake")) == ([row("a", 1, "secret")], [])
    request = store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    objects.faults = Faults(refuse=1)
    with pytest.raises(Unavailable, match="refused"):
        store.deletions.cancel("fake", request.id)
    objects.faults = Faults()
    assert stored(store) == []
    await store.close()


async def test_a_request_that_was_refused_does_not_come_back(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False)
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), 0)
    store = Store.open(settings, objects=objects)
    store.match_deletes(TextMatcher(store.streams))
    await store.append(batch([row("a", 1, "kept")]))
    objects.faults = Faults(lose_answer=1)
    objects.refusal = lambda action, _key: Unavailable("fault: away") if action == "delete" else None
    with pytest.raises(Unavailable, match="was lost"):
        store.deletions.add("fake", "a:kept", EARLIEST, LATEST)
    objects.faults, objects.refusal = Faults(), lambda _action, _key: None
    store.sweep_now()
    await store.close()
    store = reopened(settings)
    assert (stored(store), store.delete_requests("fake")) == ([row("a", 1, "kept")], [])
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_requests_without_a_document_get_one(settings: MakeSettings) -> None:
    configured = settings(compaction=False)
    store = opened(configured)
    await store.append(batch([row("a", 1, "secret")]))
    request = store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    store.documents("delete-requests").delete("fake", request.id)
    store.sweep_now()
    await store.append(batch([row("a", 1, "secret")]))
    await store.close()
    store = reopened(configured)
    assert stored(store) == [row("a", 1, "secret")]
    assert [each.request.id for each in store.delete_requests("fake")] == [request.id]
    await store.close()


@pytest.mark.parametrize("settings", ["local", "s3"], indirect=True)
async def test_a_store_that_lost_its_catalog_does_not_begin_anew(settings: MakeSettings) -> None:
    configured = settings(compaction=False, orphan_grace_seconds=-60)
    store = opened(configured)
    await store.append(batch([row("a", 1, "x")]))
    await store.close()
    lose_catalog(configured)
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"there are segments, such as `fake/1970-01-01/0-.*rebuild-catalog"):
            Store.open(configured)
    store = reopened(configured)
    assert stored(store) == [row("a", 1, "x")]
    await store.close()


async def test_a_new_catalog_spares_objects_that_could_not_be_seen_when_it_was_made(tmp_path: Path) -> None:
    configured = StoreSettings(data=tmp_path, compaction=False, orphan_grace_seconds=-60)
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(refuse=1), 0)
    older, newer = (tmp_path / "objects" / segment_key("fake", 0, day * DAY) for day in (1, 2))
    for path in (older, newer):
        path.parent.mkdir(parents=True)
    older.write_bytes(b"of a catalog that was lost")
    store = Store.open(configured, objects=objects)
    objects.faults = Faults()
    await store.append(batch([row("a", 1, "x")]))
    newer.write_bytes(b"left by a process that was killed")
    later = time.time_ns() + SECOND  # a file's time may be some ms behind the clock
    os.utime(newer, ns=(later, later))
    store.sweep_now()
    assert (older.exists(), newer.exists()) == (True, False)
    assert stored(store) == [row("a", 1, "x")]
    await store.close()
