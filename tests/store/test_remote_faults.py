"""A bucket that refuses, is slow, cuts answers short or is busy: reads are asked again, and nothing is lost."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigyn.model.errors import Unavailable
from sigyn.store import ObjectStoreSettings, Store, StoreSettings
from sigyn.store.keys import is_segment_key
from sigyn.store.objects import ObjectStore, open_objects
from sigyn.store.ownership import OWNER_KEY

from .entries import Row, batch, row, stored
from .proxy import Fault, FaultyProxy

FAULTS: list[Fault] = ["refuse", "delay", "cut", "500", "503", "429"]
BODY = bytes(range(256)) * 400


@pytest.fixture
def proxy(s3_endpoint: str) -> Iterator[FaultyProxy]:
    """A proxy in front of the S3 server."""
    with FaultyProxy(s3_endpoint).running() as proxy:
        yield proxy


def settings_of(proxy: FaultyProxy, retries: int = 2) -> ObjectStoreSettings:
    """A new prefix behind the proxy, with a timeout that a delay exceeds."""
    return ObjectStoreSettings(
        url=f"s3://logs/{uuid.uuid4().hex}", endpoint=proxy.url, region="us-east-1", access_key_id="key",
        secret_access_key="secret", timeout_seconds=1.0, retries=retries,
    )  # fmt: skip


@pytest.fixture
def objects(proxy: FaultyProxy) -> ObjectStore:
    """A bucket with the object `k`."""
    objects = open_objects(settings_of(proxy))
    objects.put("k", BODY)
    return objects


@pytest.mark.parametrize("fault", FAULTS)
def test_reads_are_asked_again(proxy: FaultyProxy, objects: ObjectStore, fault: Fault) -> None:
    proxy.faults.append(("GET", fault))
    assert bytes(objects.get_range("k", 5, len(BODY))) == BODY[5:]
    proxy.faults.append(("GET", fault))
    assert bytes(objects.get("k")) == BODY
    assert proxy.count("GET") == 4
    assert not proxy.faults


@pytest.mark.parametrize("fault", FAULTS)
def test_a_listing_is_whole_or_fails(proxy: FaultyProxy, objects: ObjectStore, fault: Fault) -> None:
    proxy.faults.append(("GET", fault))
    if fault == "cut":
        with pytest.raises(Unavailable, match="can't list"):
            list(objects.list())
    assert [found.key for found in objects.list()] == ["k"]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "cut"])
def test_writes_are_asked_again(proxy: FaultyProxy, objects: ObjectStore, fault: Fault) -> None:
    proxy.faults.append(("PUT", fault))
    objects.put("l", BODY)
    assert bytes(objects.get("l")) == BODY
    assert not proxy.faults


def test_a_body_that_is_short_of_itself_is_noticed(proxy: FaultyProxy, objects: ObjectStore) -> None:
    proxy.faults.append(("GET", "short"))
    assert bytes(objects.get_range("k", 5, 1005)) == BODY[5:1005]
    proxy.faults.append(("GET", "short"))
    assert bytes(objects.get("k")) == BODY
    proxy.faults.extend([("GET", "short")] * 2)
    with pytest.raises(Unavailable, match="gave 500 where 1000 were expected"):
        objects.get_range("k", 0, 1000)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bucket_that_stays_away_is_unavailable(proxy: FaultyProxy, fault: Fault) -> None:
    objects = open_objects(settings_of(proxy, retries=0))
    objects.put("k", BODY)
    proxy.faults.append(("GET", fault))
    with pytest.raises(Unavailable, match="can't read `k` in `s3://logs/"):
        objects.get_range("k", 0, len(BODY))
    for folder, where in (("", "`s3://logs/"), ("a", "`a` in `s3://logs/")):
        proxy.faults.append(("GET", fault))
        with pytest.raises(Unavailable, match=f"can't list {where}"):
            list(objects.list(folder))


@pytest.mark.anyio
async def test_a_store_behind_faults_loses_and_repeats_nothing(proxy: FaultyProxy, tmp_path: Path) -> None:
    settings = StoreSettings(
        data=tmp_path / "data", objects=settings_of(proxy), cache_bytes=1 << 20, compaction=False, recent_bytes=0
    )
    store = Store.open(settings)
    rows = []
    for number, fault in enumerate(FAULTS * 2):
        if fault != "delay":
            proxy.faults.append(("PUT", fault))
        rows.append(row("a", number, f"line {number}"))
        await store.append(batch([rows[-1]]))
        proxy.faults.clear()
        proxy.faults.append(("GET", fault))
        assert stored(store) == sorted(rows, key=repr)
        proxy.faults.clear()
    proxy.faults.extend([("GET", "cut"), ("GET", "503"), ("GET", "short"), ("PUT", "500")])
    store.compact_now()
    assert stored(store) == sorted(rows, key=repr)
    assert not store.quarantined()
    await store.close()


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["turn", "404"])
async def test_what_is_whole_in_the_bucket_is_not_taken_for_lost(
    proxy: FaultyProxy, tmp_path: Path, fault: Fault
) -> None:
    """Bytes may change on the way, and a service that is put right may know no object for a while."""
    settings = StoreSettings(
        data=tmp_path / "data", objects=settings_of(proxy), cache_bytes=1 << 20, compaction=False, recent_bytes=0
    )
    store = Store.open(settings)
    rows = [row("a", number, f"line {number}") for number in range(3)]
    for each in rows:
        await store.append(batch([each]))
    await store.close()

    answers: list[list[Row] | str] = []
    healthy: Fault = "none"
    for requests in range(8):
        shutil.rmtree(tmp_path / "data" / "cache")
        store = Store.open(settings)
        proxy.faults.extend([*[("GET", healthy)] * requests, ("GET", fault)])
        try:
            answers.append(stored(store))
        except Unavailable as error:
            answers.append(str(error))
        proxy.faults.clear()
        assert not store.quarantined()
        assert stored(store) == sorted(rows, key=repr)
        await store.close()
    assert all(answer == sorted(rows, key=repr) or ".parquet` " in answer for answer in answers)


@pytest.mark.anyio
async def test_a_service_without_conditional_writes_is_marked_and_emptied_too(
    proxy: FaultyProxy, tmp_path: Path
) -> None:
    """Nothing is deleted in a bucket before it has the mark of the store."""
    proxy.knows_conditions = False
    place = settings_of(proxy, retries=0)
    store = Store.open(StoreSettings(data=tmp_path / "data", objects=place, compaction=False))
    for number in range(3):
        await store.append(batch([row("a", number, f"line {number}")]))
    store.compact_now()
    await store.close()
    kept = [found.key for found in open_objects(place).list()]
    assert kept.count(OWNER_KEY) == 1
    assert len([key for key in kept if is_segment_key(key)]) == 1


def test_without_its_bucket_no_object_is_lost(s3_endpoint: str) -> None:
    settings = ObjectStoreSettings(
        url="s3://nowhere/logs", endpoint=s3_endpoint, region="us-east-1", access_key_id="key",
        secret_access_key="secret", retries=0,
    )  # fmt: skip
    objects = open_objects(settings)
    with pytest.raises(Unavailable, match="`s3://nowhere/logs`"):
        objects.get("fake/k")
    with pytest.raises(Unavailable, match="`s3://nowhere/logs`"):
        objects.get_range("fake/k", 0, 10)
