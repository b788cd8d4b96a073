"""Where half of what may wait to be compacted waits, two merges run at a time, and nothing waits for more to come."""

import asyncio
import threading

import pytest

from sigyn.model.errors import TooManyRequests, Unavailable
from sigyn.store import ObjectStoreSettings, Store, StoreSettings
from sigyn.store.objects import open_objects

from .entries import EARLIEST, LATEST, Row, batch, row, stored
from .faulty import Faults, FaultyObjects

pytestmark = pytest.mark.anyio

_LINE = 1000  # bytes
_PUSHES = 8
_JOB = 4 * _LINE


async def _with_pushes(most: int) -> tuple[FaultyObjects, Store, list[Row]]:
    """A store with eight segments of 1000 bytes, where `most` bytes may wait, its objects and its entries."""
    objects = FaultyObjects(open_objects(ObjectStoreSettings(url="memory://")), Faults(), seed=0)
    settings = StoreSettings(data=None, compaction=False, compaction_job_bytes=_JOB, max_uncompacted_bytes=most)
    store = Store.open(settings, objects=objects)
    rows = [row("a", time, str(time) * _LINE) for time in range(_PUSHES)]
    for each in rows:
        await store.append(batch([each]))
    return objects, store, rows


def _levels(store: Store) -> list[int]:
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        return sorted(segment.level for segment in snapshot.segments)


async def test_two_jobs_run_at_a_time() -> None:
    objects, store, rows = await _with_pushes(most=12 * _LINE)
    both_write = threading.Barrier(2, timeout=60)

    def meet(action: str, _key: str) -> None:
        if action == "put":
            both_write.wait()  # raises where nobody else comes

    objects.refusal = meet
    store.compact_now()
    assert _levels(store) == [1, 1]
    assert stored(store) == sorted(rows, key=repr)
    assert store.metrics.compactions == 2
    assert store.metrics.compaction_segments_read == _PUSHES
    await store.close()


@pytest.mark.parametrize("failing", ["first", "second"])
async def test_when_one_of_two_fails_the_other_goes_on(failing: str) -> None:
    objects, store, rows = await _with_pushes(most=12 * _LINE)
    own = threading.current_thread()

    def refuse(action: str, _key: str) -> Exception | None:
        is_first = threading.current_thread() is own
        return Unavailable("no space") if action == "put" and is_first == (failing == "first") else None

    objects.refusal = refuse
    with pytest.raises(Unavailable, match="no space"):
        store.compact_now()
    assert _levels(store) == [0, 0, 0, 0, 1]
    assert stored(store) == sorted(rows, key=repr)

    objects.refusal = lambda _action, _key: None
    store.compact_now()
    assert _levels(store) == [1, 1]
    assert stored(store) == sorted(rows, key=repr)
    await store.close()


async def test_one_job_runs_at_a_time_where_less_waits() -> None:
    objects, store, rows = await _with_pushes(most=20 * _LINE)
    writers = set()

    def note(action: str, _key: str) -> None:
        if action == "put":
            writers.add(threading.current_thread())

    objects.refusal = note
    store.compact_now()
    assert _levels(store) == [1, 1]
    assert writers == {threading.current_thread()}
    assert stored(store) == sorted(rows, key=repr)
    await store.close()


async def test_few_segments_of_each_of_many_tenants_do_not_shut_out_pushes() -> None:
    most = 8
    settings = StoreSettings(data=None, max_uncompacted_segments=most)
    store = Store.open(settings, clock=lambda: 0)  # nothing ever waits long enough
    tenants = [f"tenant-{number}" for number in range(4 * most)]

    async def push(tenant: str) -> None:
        while True:
            try:
                return await store.append(batch([row("a", 1, tenant)], tenant))
            except TooManyRequests:
                await asyncio.sleep(0.01)

    async with asyncio.timeout(60):
        for tenant in tenants:
            await push(tenant)
        while store.gauges().uncompacted_segments > most // 2:
            await asyncio.sleep(0.01)
    assert [len(stored(store, tenant)) for tenant in tenants] == [1] * len(tenants)
    await store.close()
