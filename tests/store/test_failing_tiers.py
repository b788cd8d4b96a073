"""A place that is away, full or archived keeps the background from nothing that it can do elsewhere."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from sigyn.model.errors import Unavailable
from sigyn.model.time import DAY, HOUR
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentArchived
from sigyn.store.keys import is_segment_key
from sigyn.store.places import objects_of
from sigyn.store.retention import LabelsOf, RetentionRules
from sigyn.store.streams import Int64s

from .entries import EARLIEST, LATEST, batch, row, stored
from .faulty import Faults, FaultyObjects
from .matching import TextMatcher
from .waiting import until

pytestmark = pytest.mark.anyio

TODAY = 20_000


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = TODAY * DAY + 6 * HOUR

    def __call__(self) -> int:
        return self.now


def away(action: str, key: str) -> Exception | None:
    """Nothing of the warm tier can be had."""
    return Unavailable(f"{action} {key}: warm is away") if key.startswith("warm:") else None


def full(action: str, key: str) -> Exception | None:
    """Nothing can be written."""
    return Unavailable(f"{key}: no space left on device") if action == "put" else None


def archived(action: str, key: str) -> Exception | None:
    """Nothing of the warm tier can be read before it is restored."""
    return SegmentArchived(f"{key} is archived") if key.startswith("warm:") and action == "get" else None


def periods(_tenant: str, ids: Int64s, labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    """Of the app `short` two days, of others for ever."""
    short = [dict(labels_of(id))["app"].startswith("short") for id in ids.tolist()]
    return np.where(short, 2 * DAY, 0)


class Places:
    """A hot folder and a warm one for what is a week old, with a clock."""

    def __init__(self, folder: Path, *colder: TierSettings) -> None:
        warm = TierSettings(name="warm", after=7 * DAY, objects=ObjectStoreSettings(url=f"file://{folder / 'warm'}"))
        self.folder = folder
        self.colder = colder
        self._warm = warm
        self.clock = Clock()
        self.objects = FaultyObjects(objects_of(self._settings(compaction=False)), Faults(), 0)

    def open(self, *, compaction: bool = False) -> Store:
        """The store, as it was left."""
        store = Store.open(
            self._settings(compaction=compaction),
            objects=self.objects, clock=self.clock, retention=RetentionRules(periods=periods),
        )  # fmt: skip
        store.match_deletes(TextMatcher(store.streams))
        return store

    def segments(self) -> list[str]:
        """Addresses of all objects of segments."""
        return [found.key for found in self.objects.list() if is_segment_key(found.key)]

    async def with_a_warm_day(self, *apps: str, tenant: str = "fake") -> Store:
        """A store with a merged segment in the warm tier, of nine days ago."""
        store = self.open()
        for app in apps:
            for hour in range(2):
                await store.append(batch([row(app, (TODAY - 9) * DAY + hour * HOUR, "secret")], tenant))
        store.compact_now()
        self.clock.now += 2 * HOUR
        store.move_now()
        assert tiers(store, tenant) == ["warm"]
        return store

    def _settings(self, *, compaction: bool) -> StoreSettings:
        return StoreSettings(
            data=self.folder / "data", tiers=(self._warm, *self.colder), compaction=compaction,
            recent_bytes=0, metadata_bytes=0, delete_cancel_period=0,
        )  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def tiers(store: Store, tenant: str = "fake") -> list[str]:
    """The tiers of the segments, `new` for those that were not merged yet."""
    return sorted(each.tier if each.level else "new" for each in live(store, tenant))


def live(store: Store, tenant: str = "fake") -> list[SegmentInfo]:
    with store.snapshot(tenant, EARLIEST, LATEST) as snapshot:
        return list(snapshot.segments)


async def test_a_tier_that_is_away_keeps_no_tenant_from_being_compacted(places: Places) -> None:
    store = await places.with_a_warm_day("a")
    await store.append(batch([row("a", (TODAY - 9) * DAY, "late")]))
    store.compact_now()
    places.clock.now += 2 * HOUR
    store.move_now()
    assert tiers(store) == ["warm", "warm"]  # about to be merged
    for tenant in ("fake", "other"):
        for day in range(2, 4):
            for hour in range(2):
                await store.append(batch([row("a", (TODAY - day) * DAY + hour, "x")], tenant))
                places.objects.refusal = away
                with pytest.raises(Unavailable, match="warm is away"):
                    store.compact_now()
    places.clock.now += 2 * HOUR  # the segments of each day are merged as well
    with pytest.raises(Unavailable, match="warm is away"):
        store.compact_now()
    assert (tiers(store), tiers(store, "other")) == (["hot", "hot", "warm", "warm"], ["hot", "hot"])
    places.objects.refusal = lambda _action, _key: None
    store.compact_now()
    assert tiers(store) == ["hot", "hot", "warm"]
    await store.close()


async def test_a_full_disk_is_made_empty_though_nothing_can_be_rewritten(places: Places) -> None:
    store = places.open()
    for app, day in (("short", 3), ("short", 4), ("long", 4)):
        await store.append(batch([row(app, (TODAY - day) * DAY, "x")]))
        if day == 4:
            await store.append(batch([row(app, (TODAY - day) * DAY + 1, "x")]))
    store.compact_now()
    await store.close()
    assert len(places.segments()) == 2
    places.objects.refusal = full
    places.clock.now += 2 * DAY
    store = places.open(compaction=True)
    await until(lambda: len(places.segments()) == 1)
    assert len(stored(store)) == 4
    await store.close()


async def test_the_end_of_what_failed_in_the_background_is_told(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sigyn.store.maintenance._RETRY_SECONDS", 0.02)
    store = places.open()
    for hour in range(2):
        await store.append(batch([row("long", (TODAY - 9) * DAY + hour * HOUR, "x")]))
    store.compact_now()
    await store.close()
    places.clock.now += 2 * HOUR
    places.objects.refusal = full
    with capture_logs() as logs:
        store = places.open(compaction=True)
        await until(lambda: store.metrics.maintenance_failures > 1)
        places.objects.refusal = lambda _action, _key: None
        await until(lambda: logs[-1]["event"] == "maintenance goes well again")
        assert tiers(store) == ["warm"]
        await store.close()
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("maintenance failed and is tried again", "warning"),
        ("segment moved", "info"),
        ("maintenance goes well again", "info"),
    ]


async def test_what_can_not_be_deleted_in_a_tier_waits_and_keeps_nothing_in_others(places: Places) -> None:
    store = await places.with_a_warm_day("short")
    for hour in range(2):
        await store.append(batch([row("a", TODAY * DAY + hour, "x")]))
    places.objects.refusal = away
    with pytest.raises(Unavailable, match="warm is away"):
        store.forget_now()
    with pytest.raises(Unavailable, match="warm is away"):
        store.compact_now()
    assert tiers(store) == ["hot"]
    assert len([key for key in places.segments() if not key.startswith("warm:")]) == 1
    places.objects.refusal = lambda _action, _key: None
    store.compact_now()
    assert len(places.segments()) == 1
    await store.close()


async def test_an_object_that_may_not_be_deleted_keeps_no_other_for_long(places: Places) -> None:
    """As where a policy of the bucket spares some names."""
    store = places.open()
    for hour in range(3):
        await store.append(batch([row("a", TODAY * DAY + hour, "x")]))
    spared = min(places.segments(), key=lambda key: key.rpartition("/")[2])
    places.objects.refusal = lambda action, key: (
        Unavailable(f"{key} is spared") if action == "delete" and key == spared else None
    )
    for attempt in (store.compact_now, store.forget_now):
        with pytest.raises(Unavailable, match="is spared"):
            attempt()
    merged = [segment.key for segment in live(store)]
    assert sorted(places.segments()) == sorted([*merged, spared])
    places.objects.refusal = lambda _action, _key: None
    store.forget_now()
    assert places.segments() == merged
    await store.close()


async def test_a_segment_that_can_not_be_read_keeps_no_other_from_moving_for_long(places: Places) -> None:
    """As where the key that it was encrypted with is switched off."""
    store = places.open()
    for tenant, day in (("first", 20), ("second", 15), ("third", 10)):
        await store.append(batch([row("a", (TODAY - day) * DAY, "x")], tenant))
        await store.append(batch([row("a", (TODAY - day) * DAY + 1, "y")], tenant))
    store.compact_now()
    places.clock.now += 2 * HOUR
    places.objects.refusal = lambda action, key: (
        Unavailable(f"no key for {key}") if action == "get" and key.startswith("first/") else None
    )
    for _attempt in range(2):
        with pytest.raises(Unavailable, match="no key for first/"):
            store.move_now()
    assert [tiers(store, tenant) for tenant in ("first", "second", "third")] == [["hot"], ["warm"], ["warm"]]
    places.objects.refusal = lambda _action, _key: None
    store.move_now()
    assert tiers(store, "first") == ["warm"]
    await store.close()


async def test_a_segment_that_can_not_be_read_is_left_out_and_the_others_are_merged(places: Places) -> None:
    """Else those pile up until no push is taken any more, of no tenant."""
    store = places.open()
    for hour in range(4):
        await store.append(batch([row("a", TODAY * DAY + hour, str(hour))]))
    locked = {segment.key for segment in sorted(live(store), key=lambda segment: segment.id)[:2]}
    places.objects.refusal = lambda action, key: (
        Unavailable(f"no key for {key}") if action == "get" and key in locked else None
    )
    for _attempt in range(3):
        with pytest.raises(Unavailable, match="no key for"):
            store.compact_now()
    assert tiers(store) == ["hot", "new", "new"]
    assert {segment.key for segment in live(store) if not segment.level} == locked
    with pytest.raises(Unavailable, match="no key for"):
        store.compact_now()
    places.objects.refusal = lambda _action, _key: None
    store.compact_now()
    assert tiers(store) == ["hot", "hot"]
    assert stored(store) == [row("a", TODAY * DAY + hour, str(hour)) for hour in range(4)]
    await store.close()


async def test_a_segment_that_can_not_be_rewritten_holds_up_no_other_tenant_for_long(places: Places) -> None:
    store = places.open()
    for tenant in ("first", "second"):
        for app in ("short", "a"):
            await store.append(batch([row(app, (TODAY - 5) * DAY, "x")], tenant))
    store.compact_now()
    places.objects.refusal = lambda action, key: (
        Unavailable(f"no key for {key}") if action == "get" and key.startswith("first/") else None
    )
    for _attempt in range(2):
        with pytest.raises(Unavailable, match="no key for first/"):
            store.forget_now()
    assert [live(store, tenant)[0].rows for tenant in ("first", "second")] == [2, 1]
    places.objects.refusal = lambda _action, _key: None
    store.forget_now()
    assert live(store, "first")[0].rows == 1
    await store.close()


async def test_a_request_that_concerns_an_archive_holds_no_other_up(places: Places) -> None:
    store = await places.with_a_warm_day("a")
    places.objects.refusal = archived
    await store.append(batch([row("a", TODAY * DAY, "secret"), row("b", TODAY * DAY, "secret")]))
    waiting = store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    done = store.deletions.add("fake", "b:secret", EARLIEST, LATEST)
    store.forget_now()
    assert {each.request.id: each.request.is_processed for each in store.delete_requests("fake")} == {
        waiting.id: False, done.id: True,
    }  # fmt: skip
    assert store.metrics.entries_removed == 2
    places.objects.refusal = lambda _action, _key: None
    store.forget_now()
    assert (stored(store), store.gauges().entries) == ([], 0)
    assert all(each.request.is_processed for each in store.delete_requests("fake"))
    await store.close()


async def test_what_was_looked_through_before_it_was_archived_stays_deleted(places: Places) -> None:
    store = await places.with_a_warm_day("a")
    store.deletions.add("fake", "a:secret", EARLIEST, LATEST)
    assert stored(store) == []
    places.objects.refusal = archived
    store.forget_now()
    places.objects.refusal = lambda _action, _key: None
    assert stored(store) == []
    store.forget_now()
    assert (stored(store), store.gauges().entries) == ([], 0)
    await store.close()


async def test_retention_says_nothing_of_what_it_can_not_take_out_of_an_archive(places: Places) -> None:
    store = await places.with_a_warm_day("short", "long")
    places.objects.refusal = archived
    with capture_logs() as logs:
        store.forget_now()
    assert [each["event"] for each in logs] == []
    places.objects.refusal = lambda _action, _key: None
    with capture_logs() as logs:
        store.forget_now()
    assert [each["event"] for each in logs] == ["entries past their retention removed"]
    assert len(stored(store)) == 2
    await store.close()


@pytest.mark.parametrize("whole", [True, False])
async def test_what_a_rule_of_the_bucket_archived_is_not_merged_again_and_again(places: Places, whole: bool) -> None:
    store = await places.with_a_warm_day("a")
    await store.append(batch([row("a", (TODAY - 9) * DAY, "late")]))
    store.compact_now()
    places.clock.now += 2 * HOUR
    store.move_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        first = min(snapshot.segments, key=lambda segment: segment.id)
    places.objects.refusal = lambda action, key: archived(action, key) if whole or key == first.key else None
    for _ in range(3):
        places.clock.now += 2 * HOUR
        await asyncio.wait_for(asyncio.to_thread(store.compact_now), 60)
    assert tiers(store) == ["warm", "warm"]
    assert store.metrics.compaction_segments_written == 2
    places.objects.refusal = lambda _action, _key: None
    assert len(stored(store)) == 3
    await store.close()


async def test_what_is_archived_does_not_move_and_is_not_read_again_and_again(tmp_path: Path) -> None:
    colder = TierSettings(name="cold", after=30 * DAY, objects=ObjectStoreSettings(url=f"file://{tmp_path / 'cold'}"))
    places = Places(tmp_path, colder)
    store = await places.with_a_warm_day("a")
    read = []

    def refused(action: str, key: str) -> Exception | None:
        if action == "get" and key.startswith("warm:"):
            read.append(key)
        return archived(action, key)

    places.objects.refusal = refused
    places.clock.now += 30 * DAY
    for _ in range(3):
        store.move_now()
    assert (tiers(store), len(read)) == (["warm"], 1)
    assert not store.quarantined()
    await store.close()
