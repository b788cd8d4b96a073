"""However many segments there are, no more files are open than a process may have."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sigyn.store import Store, StoreSettings
from sigyn.store.needles.search import LineHolds

from .entries import EARLIEST, LATEST, batch, row

pytestmark = pytest.mark.anyio

_SEGMENTS = 200


@contextmanager
def _room_for(more: int) -> Iterator[None]:
    """This process may open so many files more than it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1 + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_indexes_of_more_segments_than_files_may_be_open(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    tenants = [f"tenant-{number}" for number in range(_SEGMENTS)]
    for tenant in tenants:
        await store.append(batch([row("a", 1, "a line")], tenant))
    store.compact_now()
    await store.close()

    with _room_for(_SEGMENTS - 50):
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        for _ in range(2):
            assert {_may_hold(store, tenant) for tenant in tenants} == {True}
        await store.close()


def _may_hold(store: Store, tenant: str) -> bool:
    """Whether the index of the tenant's one segment says that a line may be there, as one is."""
    with store.snapshot(tenant, EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        return bool(len(snapshot.possible(segment, [LineHolds(("a line",))], [0])))
