"""However many segments there are, no more files are open than a process may have."""

from pathlib import Path

from sigyn.store import Store, StoreSettings
from sigyn.store.needles.search import LineHolds

from .entries import EARLIEST, LATEST, batch, row
from .few_files import room_for_files, run_apart

_SEGMENTS = 200


def test_indexes_of_more_segments_than_files_may_be_open(tmp_path: Path) -> None:
    run_apart(_open_many, tmp_path)


async def _open_many(data: Path) -> None:
    store = Store.open(StoreSettings(data=data, compaction=False))
    tenants = [f"tenant-{number}" for number in range(_SEGMENTS)]
    for tenant in tenants:
        await store.append(batch([row("a", 1, "a line")], tenant))
    store.compact_now()
    await store.close()

    with room_for_files(_SEGMENTS - 50):
        store = Store.open(StoreSettings(data=data, compaction=False))
        for _ in range(2):
            assert {_may_hold(store, tenant) for tenant in tenants} == {True}
        await store.close()


def _may_hold(store: Store, tenant: str) -> bool:
    """Whether the index of the tenant's one segment says that a line may be there, as one is."""
    with store.snapshot(tenant, EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        return bool(len(snapshot.possible(segment, [LineHolds(("a line",))], [0])))
