"""A lost object costs its own entries and one notice, nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from sigyn.model.errors import Unavailable
from sigyn.model.time import DAY, HOUR
from sigyn.store import Store, StoreSettings, check_store, plan_store
from sigyn.store.handles import KEPT as FILES_KEPT
from sigyn.store.open_catalog import open_catalog
from sigyn.store.retention import LabelsOf, RetentionRules
from sigyn.store.streams import Int64s

from .entries import EARLIEST, LATEST, batch, row, rows_of, stored
from .few_files import room_for_files, run_apart

pytestmark = pytest.mark.anyio


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[40] ^= 0x55  # in the first page
    path.write_bytes(body)


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    path.write_bytes(b"x" * len(path.read_bytes()))


DAMAGES = [torn, emptied, flipped, removed, replaced]


async def damaged_store(folder: Path, damage: Callable[[Path], object]) -> None:
    """A data folder with two segments of two entries, one of them damaged."""
    store = Store.open(StoreSettings(data=folder, compaction=False))
    for app in "ab":
        await store.append(batch([row(app, 1, "line one"), row(app, 2, "line two")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        first = min(snapshot.segments, key=lambda segment: segment.id)
    await store.close()
    damage(folder / "objects" / first.key)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_reading_goes_on_without_a_lost_object(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    await damaged_store(tmp_path, damage)
    rest = [row("b", 1, "line one"), row("b", 2, "line two")]
    with capture_logs() as logs:
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            assert sorted(rows_of(store, snapshot)) == rest
            assert len(snapshot.lost) == 1
            assert sorted(rows_of(store, snapshot)) == rest
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            assert len(snapshot.segments) == 1
        assert store.metrics.segments_quarantined == 1
        await store.append(batch([row("a", 3, "more")]))
        await store.close()
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        assert len(stored(store)) == 3
        await store.close()
    assert [entry["event"] for entry in logs] == ["segment quarantined"]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_compaction_goes_on_without_a_lost_object(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    await damaged_store(tmp_path, damage)
    with capture_logs() as logs:
        store = Store.open(StoreSettings(data=tmp_path, compaction=False))
        store.compact_now()
        assert stored(store) == [row("b", 1, "line one"), row("b", 2, "line two")]
        assert store.metrics.segments_quarantined == 1
        await store.close()
    assert [entry["event"] for entry in logs] == ["segment quarantined"]


async def test_an_object_that_comes_back_is_live_again(tmp_path: Path) -> None:
    await damaged_store(tmp_path, lambda path: path.rename(tmp_path / "aside"))
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    assert len(stored(store)) == 2
    store.sweep_now()
    (lost,) = store.quarantined()
    await store.close()

    (tmp_path / "aside").rename(tmp_path / "objects" / lost.key)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    store.sweep_now()
    assert store.quarantined() == []
    assert len(stored(store)) == 4
    await store.close()


@pytest.mark.parametrize("damage", [removed, flipped])
async def test_copies_in_an_object_that_comes_back_are_seen_once(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    rows = [row("a", 1, "line one"), row("a", 2, "line two")]
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0))
    await store.append(batch(rows))
    (first,) = (tmp_path / "objects").rglob("*.parquet")
    await store.append(batch(rows))  # a client that got no answer sends again
    body = first.read_bytes()
    damage(first)
    for _ in range(2):
        assert stored(store) in ([], rows)
    assert stored(store) == rows
    assert store.metrics.segments_quarantined == 1
    first.write_bytes(body)
    store.sweep_now()
    assert store.quarantined() == []
    assert stored(store) == rows
    await store.close()


@dataclass
class Time:
    """A clock that tests set."""

    now: int

    def __call__(self) -> int:
        return self.now


def two_days_of_a(_tenant: str, ids: Int64s, labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    return np.array([2 * DAY if dict(labels_of(id))["app"] == "a" else 0 for id in ids.tolist()], np.int64)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_segment_in_quarantine_goes_when_its_retention_is_over(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    await damaged_store(tmp_path, damage)
    time = Time(2 * DAY)
    rules = RetentionRules(periods=two_days_of_a, delete_delay=HOUR, max_bytes=1 << 40)
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings, clock=time, retention=rules)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert len(rows_of(store, snapshot)) == 2
        store.forget_now()
        (lost,) = store.quarantined()
        planned = plan_store(settings, {"hot": 1.0}, time.now, rules)
        (held,) = planned.quarantined
        assert (held.segments, held.rows, held.object_bytes) == (1, 2, lost.object_bytes)
        assert "discard" not in {step.action for step in planned.steps}
        time.now += HOUR + 2
        step, *_ = plan_store(settings, {}, time.now, rules).steps
        assert (step.action, step.segments, step.rows, step.period) == ("discard", 1, 2, 2 * DAY)
        store.forget_now()
        assert store.quarantined() == []
        assert (tmp_path / "objects" / lost.key).exists() == (damage is not removed)  # a query may be about to read it
    store.forget_now()
    assert not (tmp_path / "objects" / lost.key).exists()
    assert stored(store) == [row("b", 1, "line one"), row("b", 2, "line two")]
    await store.close()
    assert check_store(settings).findings == ()


async def test_what_is_in_quarantine_stays_without_retention_whatever_the_bounds_of_size(tmp_path: Path) -> None:
    await damaged_store(tmp_path, flipped)
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings, clock=Time(10_000 * DAY), retention=RetentionRules(max_bytes=1))
    assert len(stored(store)) == 2
    store.forget_now()
    (lost,) = store.quarantined()
    assert (tmp_path / "objects" / lost.key).exists()
    await store.close()
    checked = check_store(settings)
    assert (checked.quarantined, checked.quarantined_bytes) == (1, lost.object_bytes)


@pytest.mark.parametrize("others", ["a", "b"])
async def test_the_longest_period_of_the_tenant_counts_where_a_stream_is_not_known(tmp_path: Path, others: str) -> None:
    """Of `a` all is kept for two days, of `b` for ever."""
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings)
    await store.append(batch([row("gone", 1, "x")]))
    (path,) = (tmp_path / "objects").rglob("*.parquet")
    await store.append(batch([row("a", 9 * DAY, "x"), row(others, 9 * DAY, "y")]))
    await store.close()
    flipped(path)
    store = Store.open(settings)
    assert len(stored(store)) == 2
    await store.close()
    catalog = open_catalog(settings)
    with catalog.database.transaction() as run:
        run("DELETE FROM stream WHERE id = 1")
    catalog.close()
    store = Store.open(settings, clock=Time(10 * DAY), retention=RetentionRules(periods=two_days_of_a))
    store.forget_now()
    assert len(store.quarantined()) == (others == "b")
    await store.close()


def test_an_object_is_not_lost_where_too_many_files_are_open(tmp_path: Path) -> None:
    run_apart(read_without_files, tmp_path)


async def read_without_files(data: Path) -> None:
    store = Store.open(StoreSettings(data=data, compaction=False))
    rows = [row("a", number, "line") for number in range(2 * FILES_KEPT)]
    for each in rows:
        await store.append(batch([each]))
    await store.close()

    store = Store.open(StoreSettings(data=data, compaction=False))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:

        def read_all() -> list[int]:
            return [len(snapshot.read(segment, ["line"])) for segment in snapshot.segments]

        assert read_all() == [1] * len(rows)
        with room_for_files(0), pytest.raises(Unavailable, match="Too many open files"):
            read_all()
    assert stored(store) == sorted(rows, key=repr)
    assert store.metrics.segments_quarantined == 0
    await store.close()
