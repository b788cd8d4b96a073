"""Segments move to colder places as they age, and every reader finds them there."""

import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Snapshot, Store, StoreSettings, TierSettings, rebuild_catalog
from sigyn.store.places import objects_of

from .entries import EARLIEST, LATEST, Row, batch, row, stored
from .faulty import Faults, FaultyObjects
from .lost_catalog import lose_catalog

pytestmark = pytest.mark.anyio

TODAY = 20_000
MORNING = TODAY * DAY + 6 * HOUR


class Clock:
    """A clock that tests set."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def tiered(tmp_path: Path) -> StoreSettings:
    """A hot folder, a warm one and a cold one."""
    tiers = [
        TierSettings(name=name, after=days * DAY, objects=ObjectStoreSettings(url=f"file://{tmp_path / name}"))
        for name, days in (("warm", 7), ("cold", 30))
    ]
    return StoreSettings(data=tmp_path / "data", tiers=tuple(tiers), compaction=False, recent_bytes=0)


def days_ago(*ages: int) -> list[Row]:
    """Two entries for each age in days."""
    return [row("a", (TODAY - age) * DAY + hour * HOUR, f"{age} days, {hour} h") for age in ages for hour in (1, 2)]


async def store_of(settings: StoreSettings, rows: list[Row], clock: Clock) -> Store:
    """A store with these rows, each of its days a merged segment two hours old."""
    store = Store.open(settings, clock=clock)
    for each in rows:
        await store.append(batch([each]))
    store.compact_now()
    clock.now += 2 * HOUR
    return store


def tiers_of(store: Store) -> dict[str, int]:
    """How many segments are in each tier."""
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        tiers = [segment.tier for segment in snapshot.segments]
    return {tier: tiers.count(tier) for tier in sorted(set(tiers))}


def objects_in(folder: Path) -> int:
    """How many objects a folder has."""
    return len(list(folder.rglob("*.parquet")))


async def test_each_day_moves_when_it_is_old_enough(tiered: StoreSettings, tmp_path: Path) -> None:
    clock = Clock(MORNING)
    rows = days_ago(0, 6, 9, 45)
    store = await store_of(tiered, rows, clock)
    store.move_now()
    assert tiers_of(store) == {"cold": 1, "hot": 2, "warm": 1}
    assert [objects_in(tmp_path / name) for name in ("data/objects", "warm", "cold")] == [2, 1, 1]
    assert stored(store) == sorted(rows, key=repr)
    assert store.metrics.segments_moved == 2
    clock.now += 24 * DAY
    store.move_now()
    assert tiers_of(store) == {"cold": 2, "warm": 2}
    assert stored(store) == sorted(rows, key=repr)
    await store.close()
    store = Store.open(tiered, clock=clock)
    assert tiers_of(store) == {"cold": 2, "warm": 2}
    assert stored(store) == sorted(rows, key=repr)
    await store.close()


async def test_what_was_just_merged_and_what_waits_to_be_stays(tiered: StoreSettings) -> None:
    clock = Clock(MORNING)
    store = Store.open(tiered, clock=clock)
    for each in days_ago(9):
        await store.append(batch([each]))
    clock.now += 2 * HOUR
    store.move_now()
    assert tiers_of(store) == {"hot": 2}
    store.compact_now()
    store.move_now()
    assert tiers_of(store) == {"hot": 1}
    await store.close()


async def test_a_snapshot_reads_where_a_segment_was(tiered: StoreSettings, tmp_path: Path) -> None:
    rows = days_ago(9)
    clock = Clock(MORNING)
    store = await store_of(tiered, rows, clock)
    with store.snapshot("fake", EARLIEST, LATEST) as before:
        store.move_now()
        with store.snapshot("fake", EARLIEST, LATEST) as after:
            assert [segment.tier for segment in (*before.segments, *after.segments)] == ["hot", "warm"]
            assert before.segments[0].id == after.segments[0].id
            assert [lines(each) for each in (before, after)] == [[each.line for each in rows]] * 2
            assert objects_in(tmp_path / "data" / "objects") == 1
    store.move_now()
    assert objects_in(tmp_path / "data" / "objects") == 0
    await store.close()


def lines(snapshot: Snapshot) -> list[str]:
    """The lines of a snapshot with one segment."""
    found: list[str] = snapshot.read(snapshot.segments[0], ["line"])["line"].to_pylist()
    return found


async def test_a_sweep_spares_what_a_snapshot_reads_of_a_segment_that_moved(tiered: StoreSettings) -> None:
    rows = days_ago(9)
    clock = Clock(MORNING)
    store = await store_of(replace(tiered, orphan_grace_seconds=-60), rows, clock)
    clock.now = system_clock()  # by which the age of objects is told
    with store.snapshot("fake", EARLIEST, LATEST) as before:
        store.move_now()
        store.sweep_now()
        assert lines(before) == [each.line for each in rows]
        assert not before.lost
    await store.close()


async def test_small_segments_are_merged_in_the_tier_where_they_are(tiered: StoreSettings) -> None:
    clock = Clock(MORNING)
    store = await store_of(tiered, days_ago(9), clock)
    store.move_now()
    late = row("b", (TODAY - 9) * DAY, "late")
    await store.append(batch([late]))
    store.compact_now()
    clock.now += 2 * HOUR
    store.move_now()
    assert tiers_of(store) == {"warm": 2}
    store.compact_now()
    assert tiers_of(store) == {"warm": 1}
    assert stored(store) == sorted([*days_ago(9), late], key=repr)
    await store.close()


async def test_a_corrupt_object_does_not_move_and_is_named(tiered: StoreSettings, tmp_path: Path) -> None:
    store = await store_of(tiered, days_ago(9, 10), Clock(MORNING))
    broken = min((tmp_path / "data" / "objects").rglob("*.parquet"))
    body = bytearray(broken.read_bytes())
    body[len(body) // 2] ^= 1
    broken.write_bytes(body)
    store.move_now()
    assert tiers_of(store) == {"warm": 1}
    assert [str(tmp_path / "data" / "objects" / lost.key) for lost in store.quarantined()] == [str(broken)]
    await store.close()


@pytest.mark.parametrize("fault", ["refuse", "tear", "lose_answer"])
async def test_moves_survive_an_object_store_that_fails(tiered: StoreSettings, fault: str) -> None:
    rows = days_ago(0, 8, 9, 10, 31, 32, 33)
    clock = Clock(MORNING)
    await (await store_of(tiered, rows, clock)).close()
    objects = FaultyObjects(objects_of(tiered), Faults(), seed=5)
    store = Store.open(tiered, objects=objects, clock=clock)
    objects.faults = Faults(**{fault: 1.0})
    with pytest.raises(Unavailable, match="fault"):
        store.move_now()
    objects.faults = Faults(**{fault: 0.4})
    for _ in range(200):
        with suppress(Unavailable):
            store.move_now()
    objects.faults = Faults()
    store.move_now()
    assert tiers_of(store) == {"cold": 3, "hot": 1, "warm": 3}
    assert stored(store) == sorted(rows, key=repr)
    assert not store.quarantined()
    await store.close()


async def test_a_tier_that_is_not_named_any_more_is_told_at_start(tiered: StoreSettings, tmp_path: Path) -> None:
    clock = Clock(MORNING)
    store = await store_of(tiered, days_ago(9), clock)
    store.move_now()
    await store.close()
    with pytest.raises(Unavailable, match="1 segments are in tier `warm`"):
        Store.open(StoreSettings(data=tmp_path / "data"))


async def test_a_store_does_not_open_where_a_tier_has_none_of_its_objects(
    tiered: StoreSettings, tmp_path: Path
) -> None:
    rows = days_ago(1, 9, 40)
    store = await store_of(tiered, rows, Clock(MORNING))
    store.move_now()
    await store.close()
    warm, cold = tiered.tiers
    renamed = replace(tiered, tiers=(warm, replace(cold, objects=ObjectStoreSettings(url=f"file://{tmp_path}/new"))))
    with pytest.raises(Unavailable, match=r"in tier `cold`, and `file://.*/new` has none: is storage.tiers as it was"):
        Store.open(renamed)
    assert [file for file in (tmp_path / "new").rglob("*") if file.is_file()] == [], "it was marked as this store's"
    shutil.copytree(tmp_path / "cold", tmp_path / "new", dirs_exist_ok=True)
    store = Store.open(renamed)
    assert stored(store) == sorted(rows, key=repr)
    assert not store.quarantined()
    await store.close()


async def test_a_store_opens_without_a_tier_that_is_lost_when_its_catalog_is_made_anew(
    tiered: StoreSettings, tmp_path: Path
) -> None:
    store = await store_of(tiered, days_ago(1, 40), Clock(MORNING))
    store.move_now()
    await store.close()
    shutil.rmtree(tmp_path / "cold")
    with pytest.raises(Unavailable, match="if they are lost, move the catalog away"):
        Store.open(tiered)
    lose_catalog(tiered)
    rebuild_catalog(tiered)
    store = Store.open(tiered)
    assert stored(store) == sorted(days_ago(1), key=repr)
    await store.close()


@pytest.mark.parametrize(
    ("hot", "cold"),
    [
        ("s3://logs", "s3://logs/cold"),
        ("s3://logs/a/", "s3://logs/a"),
        ("s3://logs/hot/a", "s3://logs/hot"),
        ("s3://logs", "s3a://logs/cold"),
        ("az://logs/a", "azure://logs/a"),
        ("abfs://logs/a", "az://logs"),
    ],
)
def test_a_tier_inside_of_another_is_refused(tmp_path: Path, hot: str, cold: str) -> None:
    tier = TierSettings(name="cold", after=DAY, objects=ObjectStoreSettings(url=cold))
    settings = StoreSettings(data=tmp_path, objects=ObjectStoreSettings(url=hot), tiers=(tier,))
    with pytest.raises(BadRequest, match="give each a bucket or a prefix of its own"):
        Store.open(settings)


def test_a_tier_inside_of_the_data_folder_is_refused_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "other").symlink_to(tmp_path / "data")
    for name in ("data/cold", "other/cold", "x/../data/objects", "other"):
        tier = TierSettings(name="cold", after=DAY, objects=ObjectStoreSettings(url=f"file://{tmp_path}/{name}"))
        with pytest.raises(BadRequest, match="give each a bucket or a prefix of its own"):
            Store.open(StoreSettings(data=tmp_path / "data", tiers=(tier,)))


async def test_a_catalog_is_rebuilt_from_all_tiers(tiered: StoreSettings, tmp_path: Path) -> None:
    clock = Clock(MORNING)
    rows = days_ago(0, 9, 45)
    store = await store_of(tiered, rows, clock)
    before = {path: path.read_bytes() for path in (tmp_path / "data" / "objects").rglob("*.parquet")}
    store.move_now()
    await store.close()
    for path, body in before.items():  # as if killed before the old objects were deleted
        path.write_bytes(body)
    lose_catalog(tiered)
    rebuilt = rebuild_catalog(tiered)
    assert (rebuilt.segments, rebuilt.copies) == (3, 2)
    store = Store.open(tiered, clock=clock)
    assert stored(store) == sorted(rows, key=repr)
    assert tiers_of(store) == {"hot": 3}
    await store.close()


async def test_a_whole_object_in_a_colder_tier_counts_where_the_warmer_one_is_damaged(
    tiered: StoreSettings, tmp_path: Path
) -> None:
    clock = Clock(MORNING)
    rows = days_ago(9)
    store = await store_of(tiered, rows, clock)
    (path,) = (tmp_path / "data" / "objects").rglob("*.parquet")
    body = bytearray(path.read_bytes())
    store.move_now()
    await store.close()
    column = pq.ParquetFile(pa.BufferReader(bytes(body))).metadata.row_group(0).column(1)
    body[column.data_page_offset + column.total_compressed_size - 1] ^= 0x40
    path.write_bytes(body)
    lose_catalog(tiered)
    rebuilt = rebuild_catalog(tiered)
    assert (rebuilt.segments, rebuilt.damaged) == (1, ())
    store = Store.open(tiered, clock=clock)
    assert (stored(store), tiers_of(store)) == (sorted(rows, key=repr), {"warm": 1})
    await store.close()


MakeGlacier = Callable[..., StoreSettings]


@pytest.fixture
def glacier(s3_endpoint: str, tmp_path: Path) -> StoreSettings:
    """A hot folder and an archive."""
    archive = ObjectStoreSettings(
        url=f"s3://logs/{uuid.uuid4().hex}", endpoint=s3_endpoint, region="us-east-1",
        access_key_id="key", secret_access_key="secret", storage_class="GLACIER",
    )  # fmt: skip
    tier = TierSettings(name="cold", after=30 * DAY, objects=archive)
    return StoreSettings(data=tmp_path / "data", tiers=(tier,), compaction=False, recent_bytes=0)


async def test_what_is_archived_reads_as_empty_and_is_not_quarantined(glacier: StoreSettings) -> None:
    clock = Clock(MORNING)
    store = await store_of(glacier, days_ago(1, 45), clock)
    store.move_now()
    await store.close()
    store = Store.open(glacier, clock=clock)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        found: list[Any] = []
        for segment in snapshot.segments:
            if snapshot.row_groups(segment):
                found += snapshot.read(segment, ["line"])["line"].to_pylist()
        assert found == ["1 days, 1 h", "1 days, 2 h"]
        assert [segment.tier for segment in snapshot.archived.values()] == ["cold"]
        assert not snapshot.lost
    # Late entries for that day stay beside it: merging would need what is archived.
    await store.append(batch(days_ago(45)))
    store.compact_now()
    clock.now += 2 * HOUR
    store.move_now()
    store.compact_now()
    assert tiers_of(store) == {"cold": 2, "hot": 1}
    assert not store.quarantined()
    await store.close()


async def test_a_lost_catalog_of_an_archive_waits_for_its_objects(glacier: StoreSettings) -> None:
    store = await store_of(glacier, days_ago(1, 45), Clock(MORNING))
    store.move_now()
    await store.close()
    lose_catalog(glacier)
    with pytest.raises(Unavailable, match="1 object has to be restored first: `cold:"):
        rebuild_catalog(glacier)
    assert glacier.data is not None
    assert not list(glacier.data.glob("catalog*"))
    shutil.rmtree(glacier.data)
