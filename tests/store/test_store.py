"""What is acknowledged is seen at once, and after opening again; a snapshot never changes."""

import asyncio
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import numpy as np
import pytest

from sigyn.model.errors import NotFound, Unavailable
from sigyn.store import FolderInUse, ObjectStoreSettings, Store, StoreSettings
from sigyn.store.catalog import Catalog
from sigyn.store.errors import PlaceInUse
from sigyn.store.keys import segment_key
from sigyn.store.objects import open_objects
from sigyn.store.open_catalog import open_catalog
from sigyn.store.ownership import OWNER_KEY, Ownership
from sigyn.store.places import objects_of
from sigyn.store.tiers import HOT

from .conftest import MakeSettings
from .entries import EARLIEST, LATEST, batch, row, rows_of, stored
from .faulty import Faults, FaultyObjects

pytestmark = pytest.mark.anyio


async def test_an_acknowledged_batch_is_seen_by_the_next_snapshot(settings: MakeSettings) -> None:
    store = Store.open(settings())
    rows = [row("b", 20, "two"), row("a", 10, "one", "info", '{"k":"v"}')]
    await store.append(batch(rows))
    assert stored(store) == sorted(rows, key=repr)
    assert stored(store, tenant="other") == []
    await store.close()


async def test_a_snapshot_has_the_segments_of_its_time_newest_first(settings: MakeSettings) -> None:
    store = Store.open(settings())
    for time in (10, 30, 20):
        await store.append(batch([row("a", time, str(time)), row("b", time + 5, "x")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert [(segment.first, segment.last) for segment in snapshot.segments] == [(30, 35), (20, 25), (10, 15)]
    with store.snapshot("fake", 15, 20) as snapshot:
        assert [segment.first for segment in snapshot.segments] == [20, 10]
    with store.snapshot("fake", 16, 19) as snapshot:
        assert snapshot.segments == ()
    await store.close()


async def test_a_snapshot_does_not_see_what_comes_later(settings: MakeSettings) -> None:
    store = Store.open(settings())
    await store.append(batch([row("a", 1, "before")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        await store.append(batch([row("a", 2, "after")]))
        assert rows_of(store, snapshot) == [row("a", 1, "before")]
    await store.close()


async def test_the_stream_table_tells_each_stream(settings: MakeSettings) -> None:
    store = Store.open(settings())
    await store.append(batch([row("a", 5, "é"), row("b", 7, "four"), row("a", 3, "")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        streams = segment.streams
        assert [store.streams.labels("fake", int(id)) for id in streams.ids] == [(("app", "a"),), (("app", "b"),)]
        assert (segment.level, segment.rows, segment.text_bytes) == (0, 3, 6)
        for column, values in {
            "rows": [2, 1], "text_bytes": [2, 4], "first": [3, 7], "last": [5, 7], "first_row": [-1, -1]
        }.items():  # fmt: skip
            array = getattr(streams, column)
            assert array.dtype == np.int64
            assert array.tolist() == values
        (group,) = snapshot.row_groups(segment)
        assert (group.first_row, group.rows, group.first, group.last) == (0, 3, 3, 7)
        assert snapshot.read(segment, ["line", "timestamp"], [0]).to_pydict() == {
            "line": ["é", "four", ""],
            "timestamp": [5, 7, 3],
        }
    await store.close()


async def test_streams_keep_their_ids(settings: MakeSettings) -> None:
    store = Store.open(settings())
    await store.append(batch([row("a", 1, "x")]))
    await store.append(batch([row("b", 2, "x"), row("a", 3, "x")]))
    await store.append(batch([row("a", 4, "x")], tenant="other"))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        newest, oldest = snapshot.segments
        assert newest.streams.ids[1] == oldest.streams.ids[0]
    with pytest.raises(NotFound, match="no stream 99"):
        store.streams.labels("fake", 99)
    await store.close()


async def test_concurrent_pushes_share_writes(settings: MakeSettings) -> None:
    store = Store.open(settings())
    await asyncio.gather(*(store.append(batch([row("a", i, str(i))])) for i in range(50)))
    assert len(stored(store)) == 50
    assert store.metrics.pushes == 50
    assert store.metrics.commits < 10
    await store.close()


async def test_exact_duplicates_in_one_group_are_stored_once(settings: MakeSettings) -> None:
    store = Store.open(settings())
    kinds = [
        row("a", 1, "x"),
        row("a", 1, "y"),
        row("b", 1, "x"),
        row("a", 1, "x", "info"),
        row("a", 1, "x", None, "{}"),
    ]
    await store.append(batch([*kinds, *kinds, kinds[0]]))
    assert stored(store) == sorted(kinds, key=repr)
    assert store.metrics.duplicates_dropped == 6
    await store.close()


async def test_an_empty_batch_is_acknowledged(settings: MakeSettings) -> None:
    store = Store.open(settings())
    await store.append(batch([]))
    assert stored(store) == []
    await store.close()


async def test_what_was_acknowledged_is_there_after_opening_again(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path))
    rows = [row("a", 1, "x", "info"), row("b", 2, "y", None, '{"k":"v"}')]
    await store.append(batch(rows))
    await store.close()
    store = Store.open(StoreSettings(data=tmp_path))
    assert stored(store) == sorted(rows, key=repr)
    await store.append(batch([row("a", 3, "z")]))
    assert len(stored(store)) == 3
    await store.close()


async def test_a_closed_store_takes_nothing(settings: MakeSettings) -> None:
    store = Store.open(settings())
    await store.close()
    with pytest.raises(Unavailable, match="closed"):
        await store.append(batch([row("a", 1, "x")]))


@pytest.mark.parametrize("tenant", ["../../etc", "a/b", "..", ".", "", "ünï", "a\\b", "C:", "x" * 400, "a%2Fb"])
async def test_a_hostile_tenant_stays_in_its_folder(tmp_path: Path, tenant: str) -> None:
    data = tmp_path / "deep" / "data"
    store = Store.open(StoreSettings(data=data))
    await store.append(batch([row("a", 1, "x")], tenant=tenant))
    assert stored(store, tenant=tenant) == [row("a", 1, "x")]
    await store.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "deep"]
    assert list((tmp_path / "deep").iterdir()) == [data]
    assert len(list((data / "objects").glob("*/1970-01-01/0-*.parquet"))) == 1


async def test_a_second_process_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:

    store = Store.open(StoreSettings(data=tmp_path))
    with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        Store.open(StoreSettings(data=tmp_path))
    await store.close()
    store = Store.open(StoreSettings(data=tmp_path))
    await store.close()


async def test_a_data_folder_that_can_not_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"data folder `.*/file/data` can't be used"):
        Store.open(StoreSettings(data=tmp_path / "file" / "data"))


async def test_gauges_count_what_is_live(settings: MakeSettings) -> None:
    store = Store.open(settings(compaction=False))
    await store.append(batch([row("a", 1, "one"), row("a", 2, "three")]))
    await store.append(batch([row("a", 1, "x")], tenant="other"))
    gauges = store.gauges()
    assert (gauges.segments, gauges.entries, gauges.text_bytes, gauges.waiting_bytes) == (2, 3, 9, 0)
    assert gauges.object_bytes > 0
    assert sorted(store.tenants()) == ["fake", "other"]
    await store.close()


async def test_a_store_does_not_open_where_none_of_its_objects_are(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "bucket"
    here = StoreSettings(data=data)
    there = StoreSettings(data=data, objects=ObjectStoreSettings(url=f"file://{place}"))
    store = Store.open(here)
    await store.append(batch([row("a", 1, "x")]))
    await store.close()
    with pytest.raises(Unavailable, match=r"`file://.*bucket` has none: is storage.objects as it was\?"):
        Store.open(there)
    shutil.rmtree(place)
    (data / "objects").rename(place)
    with pytest.raises(Unavailable, match="data/objects` has none"):
        Store.open(here)
    store = Store.open(there)
    assert stored(store) == [row("a", 1, "x")]
    await store.close()


async def test_two_stores_do_not_share_a_place(tmp_path: Path) -> None:
    place = ObjectStoreSettings(url=f"file://{tmp_path}/bucket")
    one, other = (StoreSettings(data=tmp_path / name, objects=place, compaction=False) for name in ("one", "other"))
    store = Store.open(one)
    with pytest.raises(PlaceInUse, match=r"the objects in `file://.*/bucket` are those of another store"):
        Store.open(other)
    await store.append(batch([row("a", 1, "x")]))
    await store.close()
    store = Store.open(one)
    assert stored(store) == [row("a", 1, "x")]
    await store.close()


@pytest.mark.parametrize("settings", ["local", "s3"], indirect=True)
async def test_of_two_stores_that_are_started_together_one_opens(settings: MakeSettings) -> None:
    objects = objects_of(settings())
    seen = Barrier(2)

    class Together(FaultyObjects):
        """Both find no mark before one of them leaves its own."""

        def get(self, key: str) -> bytes | memoryview:
            try:
                return super().get(key)
            finally:
                with suppress(BrokenBarrierError):
                    seen.wait(timeout=2)

    def claimed(catalog: Catalog) -> bool:
        try:
            Ownership(Together(objects, Faults(), seed=1), catalog, "its catalog", {HOT: "here"}).claim(HOT)
        except PlaceInUse:
            return False
        finally:
            catalog.close()
        return True

    with ThreadPoolExecutor(2) as threads:
        catalogs = [open_catalog(StoreSettings(data=None)) for _ in range(2)]
        assert sorted(threads.map(claimed, catalogs)) == [False, True]


async def test_a_store_whose_place_was_taken_deletes_nothing_there(tmp_path: Path) -> None:
    place = ObjectStoreSettings(url=f"file://{tmp_path}/bucket")
    store = Store.open(StoreSettings(data=tmp_path / "one", objects=place, orphan_grace_seconds=-60))
    elsewhere = open_objects(ObjectStoreSettings(url=f"file://{tmp_path}/elsewhere"))
    with closing(open_catalog(StoreSettings(data=None))) as catalog:
        Ownership(elsewhere, catalog, "its catalog", {HOT: "here"}).claim(HOT)
    (tmp_path / "elsewhere" / OWNER_KEY).replace(tmp_path / "bucket" / OWNER_KEY)
    with pytest.raises(PlaceInUse):
        store.sweep_now()  # waits for the one of the start, which may have looked at the mark before
    other = tmp_path / "bucket" / segment_key("fake", 0, 1)
    other.parent.mkdir(parents=True)
    other.write_bytes(b"of another store")
    with pytest.raises(PlaceInUse):
        store.sweep_now()
    assert other.exists()
    await store.close()
