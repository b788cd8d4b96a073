"""What was read of a bucket is on the local disk, within bounds, and never trusted when it is torn."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock

import pytest
from structlog.testing import capture_logs

from sigyn.model.errors import Unavailable
from sigyn.store import StoreMetrics, StoreSettings
from sigyn.store.block_cache import BLOCK, BlockCache
from sigyn.store.cached_objects import CachedObjects
from sigyn.store.objects import ObjectStore, RemoteObjects, StoredObject, open_objects
from sigyn.store.settings import ObjectStoreSettings
from sigyn.store.side_by_side import AT_ONCE

BODY = random.Random(1).randbytes(5 * BLOCK + 1000)


class Counted:
    """An object store that notes the ranges that are asked of it, and may be held back or fail."""

    def __init__(self, inner: ObjectStore) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.gate = Event()
        self.gate.set()
        self.fails = False
        self._inner = inner
        self._lock = Lock()

    def put(self, key: str, body: bytes | memoryview) -> None:
        self._inner.put(key, body)

    def get(self, key: str) -> bytes | memoryview:
        return self._inner.get(key)

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        with self._lock:
            self.ranges.append((start, end))
        self.gate.wait()
        if self.fails:
            raise Unavailable("the bucket is away")
        return self._inner.get_range(key, start, end)

    def size(self, key: str) -> int:
        return self._inner.size(key)

    def delete(self, keys: Sequence[str]) -> None:
        self._inner.delete(keys)

    def list(self, folder: str = "") -> Iterator[StoredObject]:
        return self._inner.list(folder)

    def path(self, key: str) -> Path | None:
        return self._inner.path(key)


Make = Callable[..., CachedObjects]


@pytest.fixture
def bucket() -> Counted:
    """A bucket with the object `k`."""
    objects = open_objects(ObjectStoreSettings(url="memory://"))
    assert isinstance(objects, RemoteObjects)
    objects.put("k", BODY)
    return Counted(objects)


@pytest.fixture
def metrics() -> StoreMetrics:
    """Counters of the cache."""
    return StoreMetrics()


@pytest.fixture
def cached(bucket: Counted, metrics: StoreMetrics, tmp_path: Path) -> Make:
    """Opens the cache, as a process does at its start."""
    return lambda budget=64 * BLOCK: CachedObjects(bucket, BlockCache(tmp_path / "cache", budget), "b", metrics)


def held(folder: Path) -> int:
    """Bytes of files in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir())


def test_any_range_is_what_the_object_has(cached: Make) -> None:
    objects = cached()
    chance = random.Random(2)
    for _ in range(200):
        start = chance.randrange(len(BODY))
        end = chance.randrange(start + 1, len(BODY) + 1)
        assert bytes(objects.get_range("k", start, end)) == BODY[start:end]
    for start, end in [(0, BLOCK), (BLOCK, 2 * BLOCK), (0, 1), (len(BODY) - 1, len(BODY)), (0, len(BODY))]:
        assert bytes(objects.get_range("k", start, end)) == BODY[start:end]


def test_what_was_read_is_read_from_the_disk(cached: Make, bucket: Counted, metrics: StoreMetrics) -> None:
    objects = cached()
    objects.get_range("k", 10, 2 * BLOCK)
    assert bucket.ranges == [(0, 2 * BLOCK)]
    objects.get_range("k", 5, 2 * BLOCK - 5)
    assert bucket.ranges == [(0, 2 * BLOCK)]
    objects.get_range("k", 0, len(BODY))  # in one request what is missing
    assert bucket.ranges[1:] == [(2 * BLOCK, len(BODY))]
    assert (metrics.cache_hits, metrics.cache_misses) == (4, 6)
    assert (metrics.cache_hit_bytes, metrics.cache_miss_bytes) == (4 * BLOCK, len(BODY))


def test_the_cache_survives_a_restart_but_not_a_torn_file(cached: Make, bucket: Counted, tmp_path: Path) -> None:
    cached().get_range("k", 0, len(BODY))
    assert bytes(cached().get_range("k", 0, len(BODY))) == BODY
    assert len(bucket.ranges) == 1
    files = sorted((tmp_path / "cache").iterdir(), key=lambda file: file.name)
    files[1].write_bytes(files[1].read_bytes()[:-1])
    files[2].write_bytes(b"")
    files[3].write_bytes(files[4].read_bytes())
    (tmp_path / "cache" / "unfinished-0").write_bytes(b"half")
    (tmp_path / "cache" / "foreign").write_bytes(b"x")
    assert bytes(cached().get_range("k", 0, len(BODY))) == BODY
    assert bucket.ranges[1:] == [(BLOCK, 4 * BLOCK)]
    assert not (tmp_path / "cache" / "unfinished-0").exists()


def test_the_least_recently_used_goes_first(cached: Make, bucket: Counted, tmp_path: Path) -> None:
    objects = cached(3 * (BLOCK + 4))
    for block in (0, 1, 2, 0, 3):
        objects.get_range("k", block * BLOCK, block * BLOCK + 1)
    assert held(tmp_path / "cache") <= 3 * (BLOCK + 4)
    bucket.ranges.clear()
    for block in (0, 2, 3):
        objects.get_range("k", block * BLOCK, block * BLOCK + 1)
    assert bucket.ranges == []
    objects.get_range("k", BLOCK, BLOCK + 1)
    assert bucket.ranges == [(BLOCK, 2 * BLOCK)]
    cached(BLOCK + 4)  # a smaller bound holds from the start
    assert held(tmp_path / "cache") <= BLOCK + 4


def test_concurrent_readers_share_a_request(cached: Make, bucket: Counted) -> None:
    objects = cached()
    objects.size("k")
    bucket.gate.clear()
    together = Barrier(9)

    def read() -> bytes:
        together.wait()
        return bytes(objects.get_range("k", 0, BLOCK))

    with ThreadPoolExecutor(8) as readers:
        answers = [readers.submit(read) for _ in range(8)]
        together.wait()
        bucket.gate.set()
        assert {answer.result() for answer in answers} == {BODY[:BLOCK]}
    # Who comes when the first is done reads the disk; nobody asks while another does.
    assert bucket.ranges == [(0, BLOCK)]


def test_ranges_of_several_objects_are_fetched_at_once(cached: Make, bucket: Counted) -> None:
    objects = cached()
    bucket.put("other", BODY)
    bucket.gate.clear()
    with ThreadPoolExecutor(1) as fetcher:
        wanted = {"k": [(0, 10), (BLOCK + 5, BLOCK + 6), (3 * BLOCK, 3 * BLOCK + 1)], "other": [(0, len(BODY))]}
        fetching = fetcher.submit(objects.fetch, wanted)
        while len(bucket.ranges) < 4:  # or the test stands still: none is answered before all were sent
            pass
        bucket.gate.set()
        fetching.result()
    expected = [(0, 2 * BLOCK), (0, 4 * BLOCK), (3 * BLOCK, 4 * BLOCK), (4 * BLOCK, len(BODY))]
    assert sorted(bucket.ranges) == expected
    assert bytes(objects.get_range("k", 3 * BLOCK, 3 * BLOCK + 9)) == BODY[3 * BLOCK : 3 * BLOCK + 9]
    assert bytes(objects.get_range("other", 0, len(BODY))) == BODY
    objects.fetch(wanted)
    assert len(bucket.ranges) == 4


def test_what_can_not_be_fetched_is_told_to_who_reads_it(cached: Make, bucket: Counted) -> None:
    objects = cached()
    bucket.fails = True
    objects.fetch({"k": [(0, 1), (4 * BLOCK, 4 * BLOCK + 1)], "nosuch": [(0, 1)]})
    with pytest.raises(Unavailable, match="away"):
        objects.get_range("k", 0, 10)
    bucket.fails = False
    assert bytes(objects.get_range("k", 0, 10)) == BODY[:10]


def test_a_bucket_that_is_away_is_not_asked_for_all_the_rest(cached: Make, bucket: Counted) -> None:
    """Each request to it may take as long as its timeout."""
    keys = [f"k{number}" for number in range(100)]
    for key in keys:
        bucket.put(key, BODY[:10])
    bucket.fails = True
    cached(400 * BLOCK).fetch({key: [(0, 10)] for key in keys})
    assert 0 < len(bucket.ranges) <= AT_ONCE


def test_more_than_a_part_of_the_cache_is_not_fetched(cached: Make, bucket: Counted) -> None:
    objects = cached(15 * BLOCK)
    objects.fetch({"k": [(number * BLOCK, number * BLOCK + 1) for number in (0, 2, 4, 5)]})
    assert bucket.ranges == []
    objects.fetch({"k": [(number * BLOCK, number * BLOCK + 1) for number in (0, 2, 4)]})
    assert len(bucket.ranges) == 3


def test_a_failure_is_told_to_all_and_kept_from_nobody(cached: Make, bucket: Counted) -> None:
    objects = cached()
    bucket.fails = True
    for _ in range(2):
        with pytest.raises(Unavailable, match="away"):
            objects.get_range("k", 0, 10)
    bucket.fails = False
    assert bytes(objects.get_range("k", 0, 10)) == BODY[:10]


def test_an_object_that_is_read_whole_comes_from_the_bucket(cached: Make, bucket: Counted) -> None:
    objects = cached()
    objects.get_range("k", 0, len(BODY))
    bucket.put("k", BODY[::-1])  # as when a backup brings back what was corrupt
    assert bytes(objects.get("k")) == BODY[::-1]
    assert bytes(objects.get_range("k", 0, len(BODY))) == BODY[::-1]


def test_what_is_deleted_leaves_the_disk(cached: Make, tmp_path: Path) -> None:
    objects = cached()
    objects.get_range("k", 0, len(BODY))
    objects.delete(["k"])
    assert held(tmp_path / "cache") == 0


def test_a_disk_that_refuses_costs_nothing_but_speed(cached: Make, bucket: Counted, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"in the way")
    objects = cached()
    with capture_logs() as told:
        for _ in range(2):
            assert bytes(objects.get_range("k", 0, len(BODY))) == BODY
    assert len(bucket.ranges) == 2
    assert [(each["log_level"], each["folder"]) for each in told] == [("warning", str(tmp_path / "cache"))]


def test_a_folder_that_was_deleted_is_made_again(cached: Make, bucket: Counted, tmp_path: Path) -> None:
    objects = cached()
    objects.get_range("k", 0, len(BODY))
    shutil.rmtree(tmp_path / "cache")
    for _ in range(4):
        assert bytes(objects.get_range("k", 0, len(BODY))) == BODY
    assert len(bucket.ranges) <= 3
    assert held(tmp_path / "cache") > len(BODY)


def test_places_in_one_cache_are_kept_apart(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "cache", 10 * BLOCK)
    cache.write("one", "k", 0, b"1")
    cache.write("two", "k", 0, b"2")
    assert (cache.read("one", "k", 0), cache.read("two", "k", 0)) == (b"1", b"2")
    assert cache.read("one", "k", 1) is None
    assert cache.held_bytes() == 10


def test_a_store_of_local_objects_has_no_cache(tmp_path: Path) -> None:
    from sigyn.store.places import objects_of

    objects_of(StoreSettings(data=tmp_path, cache_bytes=1 << 20))
    assert not (tmp_path / "cache").exists()
