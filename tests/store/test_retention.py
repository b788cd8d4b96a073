"""Retention removes what is past its period, the oldest where space is short, and nothing else."""

import asyncio
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.model.errors import Unavailable
from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from sigyn.store.block_cache import cached_bytes
from sigyn.store.folders import DiskSpace
from sigyn.store.objects import LocalObjects, open_objects
from sigyn.store.ownership import OWNER_KEY
from sigyn.store.places import objects_of
from sigyn.store.plan import plan_store
from sigyn.store.retention import LabelsOf, Reason, RetentionRules
from sigyn.store.streams import Int64s

from .conftest import MakeSettings
from .entries import Row, batch, row, stored
from .faulty import Faults, FaultyObjects

pytestmark = pytest.mark.anyio

PERIODS = {"debug": 3 * DAY, "prod": 30 * DAY, "audit": 0}


def periods(tenant: str, ids: Int64s, labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    """By the app of the stream; those of the tenant `brief` a day."""
    if tenant == "brief":
        return np.full(len(ids), DAY)
    return np.array([PERIODS[dict(labels_of(id))["app"]] for id in ids.tolist()], np.int64)


class Now:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 100 * DAY

    def __call__(self) -> int:
        return self.time


def at(now: Now, age: int) -> int:
    return now.time - age


async def test_whole_segments_go_and_streams_of_a_shorter_period_are_taken_out(settings: MakeSettings) -> None:
    now = Now()
    configured = settings(compaction=False)
    objects = objects_of(configured)
    rules = RetentionRules(periods=periods, delete_delay=2 * HOUR)
    store = Store.open(configured, objects=objects, clock=now, retention=rules)
    rows = [row(app, 99 * DAY + hour * HOUR, f"{app}{hour}") for app in PERIODS for hour in range(24)]
    rows += [row("prod", 80 * DAY + hour * HOUR, "old") for hour in range(24)]
    for begin in range(0, len(rows), 24):
        await store.append(batch(rows[begin : begin + 24]))
    store.compact_now()

    def keeps(*apps: str, old: bool = True) -> None:
        store.forget_now()
        left = [one for one in rows if dict(one.labels)["app"] in apps and (old or one.line != "old")]
        assert stored(store) == sorted(left, key=repr)

    now.time = 102 * DAY + 23 * HOUR + HOUR  # of the last entry of debug 3 days and an hour ago
    keeps(*PERIODS)
    assert store.retention_plan().totals() == []
    now.time += 1 * HOUR
    (planned,) = store.retention_plan().totals()
    assert (planned.reason, planned.period, planned.segments, planned.rows) == (Reason.PERIOD, 3 * DAY, 1, 24)
    keeps("prod", "audit")
    now.time = 111 * DAY + 2 * HOUR
    keeps("prod", "audit", old=False)
    now.time = 1000 * DAY
    keeps("audit")
    await store.close()
    store = Store.open(configured, objects=objects, clock=now, retention=rules)
    keeps("audit")
    assert len([found for found in objects.list() if found.key != OWNER_KEY]) == store.gauges().segments == 1
    await store.close()


async def test_a_segment_is_rewritten_once_for_each_period(tmp_path: Path) -> None:
    now = Now()
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings, clock=now, retention=RetentionRules(periods=periods))
    await store.append(batch([row(app, 99 * DAY + hour * HOUR, "x") for app in PERIODS for hour in range(24)]))
    store.compact_now()
    for _ in range(40 * 24):
        now.time += HOUR
        store.forget_now()
    assert store.metrics.compactions == 1 + 2
    assert store.gauges().entries == 24
    await store.close()


async def test_tenants_have_periods_of_their_own(tmp_path: Path) -> None:
    now = Now()
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings, clock=now, retention=RetentionRules(periods=periods))
    for tenant in ("brief", "long"):
        await store.append(batch([row("prod", at(now, 2 * DAY), "x")], tenant))
    store.forget_now()
    assert (stored(store, "brief"), len(stored(store, "long"))) == ([], 1)
    await store.close()


async def filled(tmp_path: Path, now: Now, rules: RetentionRules) -> tuple[Store, int]:
    """A store with a segment for each of ten days and two tenants in turn, the newest first; and its size."""
    store = Store.open(StoreSettings(data=tmp_path, compaction=False), clock=now, retention=rules)
    for day in range(10):
        await store.append(batch([row("audit", at(now, day * DAY), "x")], "ab"[day % 2]))
    sizes = {store.gauges().object_bytes // 10}
    assert len(sizes) == 1
    return store, sizes.pop()


def days_left(store: Store, now: Now) -> list[int]:
    """Ages in days of what is there."""
    return sorted((now.time - one.timestamp) // DAY for tenant in "ab" for one in stored(store, tenant))


async def test_beyond_max_bytes_the_oldest_go_and_no_more_than_needed(tmp_path: Path) -> None:
    now = Now()
    store, size = await filled(tmp_path / "first", now, RetentionRules())
    await store.close()
    rules = RetentionRules(max_bytes=8 * size + size // 2)
    store, _ = await filled(tmp_path / "second", now, rules)
    assert [(total.tenant, total.reason, total.rows) for total in store.retention_plan().totals()] == [
        ("a", Reason.SIZE, 1), ("b", Reason.SIZE, 1),
    ]  # fmt: skip
    store.forget_now()
    assert days_left(store, now) == list(range(8))
    store.forget_now()
    assert days_left(store, now) == list(range(8))
    assert sum(path.stat().st_size for path in (tmp_path / "second").rglob("*.parquet")) <= rules.max_bytes
    await store.close()


async def test_a_bound_of_a_tenant_leaves_the_others_alone(tmp_path: Path) -> None:
    now = Now()
    store, size = await filled(tmp_path / "first", now, RetentionRules())
    await store.close()
    rules = RetentionRules(max_tenant_bytes=4 * size + size // 2, own_bytes={"b": 2 * size + size // 2})
    store, _ = await filled(tmp_path / "second", now, rules)
    store.forget_now()
    assert days_left(store, now) == [0, 1, 2, 3, 4, 6]
    await store.close()


@pytest.mark.parametrize("share", [False, True])
async def test_space_on_the_disk_is_made_but_the_last_hour_is_spared(tmp_path: Path, share: bool) -> None:
    now = Now()
    store, size = await filled(tmp_path / "first", now, RetentionRules())
    await store.close()
    free = 0

    def disk() -> DiskSpace:
        return DiskSpace(100 * size, free)

    bound = {"min_free_share": 0.025} if share else {"min_free": 2 * size + size // 2}
    rules = RetentionRules(disk=disk, **bound)  # type: ignore[arg-type]
    store, _ = await filled(tmp_path / "second", now, rules)
    free = 3 * size
    store.forget_now()
    assert days_left(store, now) == list(range(10))
    free = 0
    store.forget_now()
    assert days_left(store, now) == list(range(7))
    for _ in range(5):  # something else fills the disk
        store.forget_now()
    assert days_left(store, now) == [0]
    await store.close()


async def test_what_is_going_to_be_deleted_counts_as_free(tmp_path: Path) -> None:
    now = Now()
    rules = RetentionRules(disk=lambda: DiskSpace(1 << 40, 0), min_free=1)
    store, _ = await filled(tmp_path, now, rules)
    with store.snapshot("b", 0, now.time):
        for _ in range(3):
            store.forget_now()
        assert days_left(store, now) == list(range(9))
    await store.close()


async def test_the_cache_is_given_up_before_any_segment(tmp_path: Path, s3_endpoint: str) -> None:
    now = Now()
    place = ObjectStoreSettings(
        url=f"s3://logs/{uuid.uuid4().hex}", endpoint=s3_endpoint, region="us-east-1", access_key_id="key",
        secret_access_key="secret",
    )  # fmt: skip
    warm = TierSettings(name="warm", after=7 * DAY, objects=place)
    configured = StoreSettings(data=tmp_path, tiers=(warm,), compaction=False, recent_bytes=0, cache_bytes=1 << 20)
    lacking = 0

    def disk() -> DiskSpace:
        """A disk that would have all that is to stay free, and no more, without the cache."""
        return DiskSpace(1 << 40, (1 << 20) - lacking - cached_bytes(tmp_path / "cache"))

    rules = RetentionRules(disk=disk, min_free=1 << 20)
    store = Store.open(configured, clock=now, retention=rules)
    rows = [row("audit", at(now, age * DAY), "x") for age in (40, 2)]
    for each in rows:
        await store.append(batch([each]))
        store.compact_now()
    now.time += 2 * HOUR
    store.move_now()
    await store.close()
    store = Store.open(configured, clock=now, retention=rules)
    assert stored(store) == sorted(rows, key=repr)
    assert cached_bytes(tmp_path / "cache") > 0
    assert (store.retention_plan().totals(), plan_store(configured, {}, now.time, rules).steps) == ([], ())
    store.forget_now()
    assert cached_bytes(tmp_path / "cache") == 0
    assert stored(store) == sorted(rows, key=repr)
    lacking = 1
    store.forget_now()
    assert stored(store) == rows[:1], "there is more in the cache than the disk lacks, or what is in the bucket went"
    await store.close()


entries = st.lists(
    st.tuples(
        st.sampled_from([*PERIODS]),
        st.integers(90 * 24, 100 * 24 - 1).map(lambda hour: hour * HOUR),
        st.sampled_from("xy"),
    ),
    min_size=1,
    max_size=12,
)


@given(st.lists(entries, min_size=1, max_size=4), st.lists(st.integers(1, 80), min_size=1, max_size=6))
@hypothesis_settings(max_examples=40, deadline=None)
def test_nothing_goes_before_its_time_and_everything_a_day_after_it(
    batches: list[list[tuple[str, int, str]]], hours: list[int]
) -> None:
    async def check() -> None:
        now = Now()
        settings = StoreSettings(data=None, compaction=False)
        objects = open_objects(ObjectStoreSettings(url="memory://"))
        rules = RetentionRules(periods=periods, delete_delay=HOUR)
        store = Store.open(settings, objects=objects, clock=now, retention=rules)
        sent: set[Row] = set()
        for some in batches:
            rows = [row(*one) for one in some]
            sent.update(rows)
            await store.append(batch(rows))
        for step in hours:
            now.time += step * HOUR
            store.compact_now()
            store.forget_now()
            found = stored(store)
            assert len(found) == len(set(found))
            for one in sent:
                period = PERIODS[dict(one.labels)["app"]]
                over = one.timestamp + period + HOUR
                if not period or now.time < over:
                    assert one in found
                elif now.time >= over + DAY:
                    assert one not in found
        assert len([found for found in objects.list() if found.key != OWNER_KEY]) == store.gauges().segments
        await store.close()

    asyncio.run(check())


@pytest.mark.parametrize("seed", range(3))
async def test_under_random_faults_only_what_is_over_goes(tmp_path: Path, seed: int) -> None:
    now = Now()
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed)
    settings = StoreSettings(data=tmp_path, compaction=False, orphan_grace_seconds=-60, recent_bytes=0)
    store = Store.open(settings, objects=objects, clock=now, retention=RetentionRules(periods=periods))
    rows = [row(app, day * DAY + hour, "x") for app in PERIODS for day in range(90, 100) for hour in range(3)]
    await store.append(batch(rows))
    store.compact_now()
    left = [one for one in rows if dict(one.labels)["app"] != "debug" or one.timestamp >= 97 * DAY]
    objects.faults = Faults(refuse=0.1, lose_answer=0.1, tear=0.1)
    failures = 0
    for _ in range(300):
        try:
            store.forget_now()
            break
        except Unavailable:
            failures += 1
    objects.faults = Faults()
    assert failures
    now.time = system_clock()  # by which the age of objects is told
    store.sweep_now()
    assert stored(store) == sorted(left, key=repr)
    assert len([found for found in objects.list() if found.key != OWNER_KEY]) == store.gauges().segments
    await store.close()
