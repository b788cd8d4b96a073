"""Each place of a tier belongs to one store, as a bucket does."""

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import msgspec
import pytest

from sigyn.model.errors import Unavailable
from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings, rebuild_catalog
from sigyn.store.check import Problem, check_store
from sigyn.store.errors import PlaceInUse, SegmentArchived, TakenOver
from sigyn.store.keys import is_segment_key, segment_key
from sigyn.store.objects import ObjectStore, open_objects
from sigyn.store.open_catalog import open_catalog
from sigyn.store.ownership import OWNER_KEY, Ownership
from sigyn.store.places import objects_of
from sigyn.store.plan import plan_store
from sigyn.store.tiers import HOT

from .entries import Row, batch, row, stored
from .faulty import Faults, FaultyObjects
from .glacier import SIGNED
from .lost_catalog import lose_catalog
from .waiting import until

pytestmark = pytest.mark.anyio

OLD = system_clock() - 45 * DAY


@pytest.fixture
def one(tmp_path: Path) -> StoreSettings:
    """A store with a warm and a cold folder."""
    tiers = [
        TierSettings(name=name, after=days * DAY, objects=ObjectStoreSettings(url=f"file://{tmp_path / name}"))
        for name, days in (("warm", 7), ("cold", 30))
    ]
    return StoreSettings(
        data=tmp_path / "one", tiers=tuple(tiers), compaction=False, recent_bytes=0, orphan_grace_seconds=-60
    )


async def another(settings: StoreSettings, *tiers: str) -> StoreSettings:
    """One that had no tiers up to now, and has some in the same places from now on."""
    assert settings.data is not None
    other = StoreSettings(data=settings.data.with_name("other"), compaction=False)
    await Store.open(other).close()
    return replace(other, tiers=tuple(tier for tier in settings.tiers if not tiers or tier.name in tiers))


def marks(settings: StoreSettings) -> dict[str, int]:
    """The identity in the mark of each place."""
    objects = objects_of(settings)
    found = [found.key for found in objects.list() if found.key.endswith(OWNER_KEY)]
    return {key: json.loads(bytes(objects.get(key)))["identity"] for key in found}


def unmark(settings: StoreSettings, *tiers: str) -> None:
    objects_of(settings).delete([f"{tier}:{OWNER_KEY}" for tier in tiers])


def take(settings: StoreSettings, other: StoreSettings) -> None:
    """Puts the mark of another store into the cold tier."""
    with closing(open_catalog(other)) as catalog:
        objects_of(settings).put(f"cold:{OWNER_KEY}", msgspec.json.encode({"identity": catalog.identity}))


def segments(settings: StoreSettings, tier: str) -> list[str]:
    return [found.key for found in objects_of(settings).list(f"{tier}:") if is_segment_key(found.key)]


async def moved(settings: StoreSettings, *rows: Row) -> Store:
    """A store whose entries were merged two hours ago and have moved to where they belong."""
    store = Store.open(settings, clock=lambda: system_clock() - 2 * HOUR)
    for each in rows:
        await store.append(batch([each]))
    store.compact_now()
    await store.close()
    store = Store.open(settings)
    store.move_now()
    return store


async def test_a_second_store_in_the_place_of_a_tier_is_refused_and_told_whose_it_is(one: StoreSettings) -> None:
    store = await moved(one, row("a", OLD, "x"), row("a", OLD + 1, "y"))
    other = await another(one)
    with pytest.raises(PlaceInUse) as refused:
        Store.open(other)
    told = str(refused.value)
    assert "the objects in tier `warm`, `file://" in told
    assert "are those of another store (catalog `" in told
    assert "of host `" in told
    assert "give each server a bucket or a prefix of its own" in told
    with pytest.raises(PlaceInUse, match="the objects in tier `cold`"):
        Store.open(await another(one, "cold"))
    assert len(segments(one, "cold")) == 1
    store.sweep_now()
    await store.close()
    assert check_store(one).findings == ()


async def test_a_server_without_a_catalog_is_told_whose_the_segments_are_that_it_finds(one: StoreSettings) -> None:
    await (await moved(one, row("a", OLD, "x"), row("a", OLD + 1, "y"))).close()
    assert one.data is not None
    new = StoreSettings(data=one.data.with_name("new"), tiers=one.tiers)
    with pytest.raises(Unavailable, match=r"such as `cold:.*parquet` \(catalog `.*` of host `.*`\), but no catalog"):
        Store.open(new)


async def test_places_without_marks_are_taken_by_the_store_that_has_them(one: StoreSettings) -> None:
    rows = [row("a", OLD, "x"), row("a", OLD + 1, "y")]
    await (await moved(one, *rows)).close()
    before = marks(one)
    unmark(one, "warm", "cold")
    store = Store.open(one)
    assert marks(one) == before
    assert set(before) == {f"warm:{OWNER_KEY}", f"cold:{OWNER_KEY}"}
    assert stored(store) == rows
    await store.close()


async def test_what_was_in_a_place_before_its_mark_is_no_orphan(one: StoreSettings) -> None:
    # Two servers of a Sigyn without marks share it: the first that is started anew must not sweep the other's.
    await Store.open(replace(one, tiers=())).close()
    objects = objects_of(one)
    theirs = f"cold:{segment_key('fake', 1, OLD)}"
    objects.put(theirs, b"of another store")
    store = Store.open(one)
    store.sweep_now()
    assert segments(one, "cold") == [theirs]
    later = time.time() + 1
    os.utime(Path(one.tiers[1].objects.url.removeprefix("file://")) / theirs.removeprefix("cold:"), (later, later))
    store.sweep_now()
    assert segments(one, "cold") == []
    assert set(marks(one)) == {f"warm:{OWNER_KEY}", f"cold:{OWNER_KEY}"}
    await store.close()


async def test_a_place_that_was_taken_meanwhile_is_left_alone_and_the_others_are_swept(one: StoreSettings) -> None:
    store = Store.open(one)
    other_settings = await another(one, "cold")
    take(one, other_settings)
    other = await moved(other_settings, row("a", OLD, "x"), row("a", OLD + 1, "y"))
    theirs = segments(one, "cold")
    objects_of(one).put(f"warm:{segment_key('fake', 1, OLD)}", b"an orphan")
    objects_of(one).put(segment_key("fake", 1, OLD), b"an orphan")
    with pytest.raises(PlaceInUse, match="the objects in tier `cold`"):
        store.sweep_now()
    assert (store.metrics.orphans_deleted, segments(one, "cold")) == (2, theirs)
    await store.close()
    assert len(stored(other)) == 2
    await other.close()


async def test_nothing_moves_to_a_place_that_was_taken_meanwhile(one: StoreSettings) -> None:
    store = await moved(one, row("a", OLD + 30 * DAY, "x"), row("a", OLD + 30 * DAY + 1, "y"))
    assert len(segments(one, "warm")) == 1
    await store.close()
    store = Store.open(one, clock=lambda: system_clock() + 30 * DAY)
    take(one, await another(one, "cold"))
    with pytest.raises(PlaceInUse, match="the objects in tier `cold`"):
        store.move_now()
    assert (len(segments(one, "warm")), segments(one, "cold")) == (1, [])
    await store.close()


async def test_a_tier_that_is_away_or_may_not_be_written_to_keeps_nobody_from_starting_and_sweeping_others(
    one: StoreSettings,
) -> None:
    objects = FaultyObjects(objects_of(one), Faults(), 0)
    objects.refusal = lambda action, key: (
        Unavailable(f"{action} {key}: access denied") if key.startswith("cold:") and action == "put" else None
    )
    store = Store.open(one, objects=objects)
    for tier in ("warm", "cold"):
        objects_of(one).put(f"{tier}:{segment_key('fake', 1, OLD)}", b"an orphan")
    with pytest.raises(Unavailable, match="access denied"):
        store.sweep_now()
    assert (segments(one, "warm"), len(segments(one, "cold"))) == ([], 1)
    assert set(marks(one)) == {f"warm:{OWNER_KEY}"}
    objects.refusal = lambda _action, _key: None
    store.sweep_now()
    assert set(marks(one)) == {f"warm:{OWNER_KEY}", f"cold:{OWNER_KEY}"}
    await store.close()


async def test_a_check_names_the_mark_of_another_store_and_a_plan_is_made_all_the_same(one: StoreSettings) -> None:
    await (await moved(one, row("a", OLD, "x"), row("a", OLD + 1, "y"))).close()
    objects_of(one).put(f"cold:{OWNER_KEY}", msgspec.json.encode({"identity": 1}))
    found = check_store(one)
    (finding,) = found.findings
    assert (finding.problem, finding.key, found.is_sound) == (Problem.FOREIGN, f"cold:{OWNER_KEY}", False)
    assert "are those of another store:" in finding.detail
    assert found.verified == 1
    assert [each.tier for each in plan_store(one, {}, system_clock()).now] == ["cold"]


async def test_a_catalog_that_is_made_anew_marks_all_places(one: StoreSettings) -> None:
    rows = [row("a", OLD, "x"), row("a", OLD + 1, "y")]
    await (await moved(one, *rows)).close()
    before = marks(one)
    lose_catalog(one)
    rebuild_catalog(one)
    after = marks(one)
    with closing(open_catalog(one)) as catalog:
        assert after == dict.fromkeys(before, catalog.identity)
    store = Store.open(one)
    assert stored(store) == rows
    await store.close()


async def test_no_catalog_is_made_of_the_places_of_two_stores(one: StoreSettings) -> None:
    await (await moved(one, row("a", OLD, "x"), row("a", OLD + 1, "y"))).close()
    objects_of(one).put(f"cold:{OWNER_KEY}", msgspec.json.encode({"identity": 1}))
    lose_catalog(one)
    with pytest.raises(PlaceInUse, match=r"tier `warm`, `file://.*/warm`, \(catalog .*\) and tier `cold`.* belong to"):
        rebuild_catalog(one)
    assert marks(one)[f"cold:{OWNER_KEY}"] == 1


@pytest.fixture
def glacier(s3_endpoint: str, tmp_path: Path) -> StoreSettings:
    """A hot folder and an archive."""
    archive = ObjectStoreSettings(
        url=f"s3://logs/{uuid.uuid4().hex}", endpoint=s3_endpoint, region="us-east-1", retries=0,
        access_key_id="key", secret_access_key="secret", storage_class="GLACIER",
    )  # fmt: skip
    tier = TierSettings(name="cold", after=30 * DAY, objects=archive)
    return StoreSettings(data=tmp_path / "data", tiers=(tier,), compaction=False, recent_bytes=0)


async def test_the_mark_in_an_archive_can_be_read_at_once(glacier: StoreSettings) -> None:
    store = await moved(glacier, row("a", OLD, "x"), row("a", OLD + 1, "y"))
    objects = objects_of(glacier)
    with pytest.raises(SegmentArchived):
        objects.get(segments(glacier, "cold")[0])
    await store.close()
    await Store.open(replace(glacier, compaction=True)).close()  # a server, which marks it anew
    assert set(marks(glacier)) == {f"cold:{OWNER_KEY}"}
    other = await another(glacier)
    with pytest.raises(PlaceInUse, match="the objects in tier `cold`, `s3://logs"):
        Store.open(other)


async def test_a_mark_that_a_rule_of_the_bucket_archived_is_named(glacier: StoreSettings, s3_endpoint: str) -> None:
    await Store.open(glacier).close()
    place = glacier.tiers[0].objects.url.removeprefix("s3://")
    urlopen(
        Request(f"{s3_endpoint}/{place}/{OWNER_KEY}", b"{}", SIGNED | {"x-amz-storage-class": "GLACIER"}, method="PUT"),
        timeout=30,
    ).close()
    with pytest.raises(PlaceInUse, match=rf"can't be told: `{OWNER_KEY}` there is archived"):
        Store.open(glacier)


def copied(settings: StoreSettings, name: str) -> StoreSettings:
    """The same store from a copy of its data folder, as it is on a cloned volume."""
    assert settings.data is not None
    folder = settings.data.with_name(name)
    shutil.copytree(settings.data, folder, ignore=shutil.ignore_patterns("lock"))
    return replace(settings, data=folder)


@pytest.fixture
def shared(tmp_path: Path) -> StoreSettings:
    """A store that serves, with its segments in a place that others may reach."""
    objects = ObjectStoreSettings(url=f"file://{tmp_path / 'bucket'}")
    return StoreSettings(data=tmp_path / "one", objects=objects, recent_bytes=0, compaction_age_seconds=3600)


async def test_a_server_on_a_copy_takes_the_place_over(shared: StoreSettings) -> None:
    store = Store.open(shared)
    await store.append(batch([row("a", OLD, "before")]))
    await store.close()
    copy = copied(shared, "copy")
    first = Store.open(shared)
    await first.append(batch([row("a", OLD + 1, "of the first")]))
    second = Store.open(copy)
    await second.append(batch([row("a", OLD + 2, "of the second")]))
    for write in (first.sweep_now, first.compact_now):
        with pytest.raises(
            TakenOver, match=r"has started since with `file://.*bucket` \(catalog `.*copy/catalog.sqlite"
        ):
            write()
    with pytest.raises(TakenOver, match="stop one of them for good"):
        await first.append(batch([row("a", OLD + 3, "refused")]))
    assert [fault.partition(":")[0] for fault in first.faults()] == ["object store"]
    assert stored(first) == [row("a", OLD, "before"), row("a", OLD + 1, "of the first")], "it still answers"
    second.compact_now()
    assert stored(second) == [row("a", OLD, "before"), row("a", OLD + 2, "of the second")]
    assert not second.quarantined()
    await first.close()
    await second.close()


@pytest.fixture
def copies() -> Iterator[Callable[[ObjectStore], Ownership]]:
    """The marks of servers on copies of one catalog."""
    with closing(open_catalog(StoreSettings(data=None))) as catalog:
        yield lambda objects: Ownership(objects, catalog, "its catalog", {HOT: "here"}, serves=True)


def test_of_servers_on_copies_that_start_at_the_same_moment_one_is_told(
    copies: Callable[[ObjectStore], Ownership], tmp_path: Path
) -> None:
    bucket = open_objects(ObjectStoreSettings(url=f"file://{tmp_path / 'bucket'}"))
    between = FaultyObjects(bucket, Faults(), seed=1)
    first, second = copies(between), copies(bucket)

    def overtake(action: str, _key: str) -> None:
        if action == "put":
            between.refusal = lambda _action, _key: None
            second.claim(HOT)

    between.refusal = overtake
    first.claim(HOT)
    with pytest.raises(TakenOver):
        second.look()
    first.look()


def test_a_server_that_looks_while_another_marks_the_place_is_told(
    copies: Callable[[ObjectStore], Ownership], tmp_path: Path
) -> None:
    bucket = open_objects(ObjectStoreSettings(url=f"file://{tmp_path / 'bucket'}"))
    between = FaultyObjects(bucket, Faults(), seed=1)
    first, second = copies(bucket), copies(between)
    first.claim(HOT)

    def look(action: str, _key: str) -> None:
        if action == "put":
            first.look()

    between.refusal = look
    second.claim(HOT)
    with pytest.raises(TakenOver):
        first.look()
    second.look()


def test_a_server_that_ends_while_it_marks_a_place_leaves_the_mark_before(
    copies: Callable[[ObjectStore], Ownership], tmp_path: Path
) -> None:
    bucket = open_objects(ObjectStoreSettings(url=f"file://{tmp_path / 'bucket'}"))
    first = copies(bucket)
    first.claim(HOT)
    ending = FaultyObjects(bucket, Faults(), seed=1)
    ending.refusal = lambda action, key: Unavailable(f"{action} {key}") if action == "put" else None
    with pytest.raises(Unavailable):
        copies(ending).claim(HOT)
    assert first.is_marked(HOT)


async def test_a_server_looks_by_itself_whether_it_was_taken_over(
    shared: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sigyn.store.maintenance._MARKS_SECONDS", 0.0)
    await Store.open(shared).close()
    copy = copied(shared, "copy")
    first = Store.open(shared)
    await first.append(batch([row("a", OLD, "taken")]))
    second = Store.open(copy)
    await until(lambda: bool(first.faults()))
    with pytest.raises(TakenOver):
        await first.append(batch([row("a", OLD, "refused")]))
    await first.close()
    await second.close()
    again = Store.open(shared)
    await again.append(batch([row("a", OLD + 1, "taken again")]))
    assert len(stored(again)) == 2
    await again.close()


async def test_who_only_reads_takes_nothing_over(shared: StoreSettings) -> None:
    await Store.open(shared).close()
    copy = copied(shared, "copy")
    serving = Store.open(shared)
    await Store.open(replace(copy, compaction=False)).close()
    serving.sweep_now()
    await serving.append(batch([row("a", OLD, "taken")]))
    await serving.close()
