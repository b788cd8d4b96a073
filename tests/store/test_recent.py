"""What is kept of the newest segments in memory is what their objects hold."""

import asyncio
from pathlib import Path

import pytest

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store import SegmentInfo, Snapshot, Store, StoreSettings
from sigyn.store.needles.search import LineHolds
from tests.store.entries import EARLIEST, LATEST, batch, row

pytestmark = pytest.mark.anyio

ROWS = 20_000  # three row groups


def read(snapshot: Snapshot, segment: SegmentInfo) -> list[object]:
    """Everything that a reader can ask of a segment."""
    groups = snapshot.row_groups(segment)
    return [
        groups,
        snapshot.read(segment, ENTRY_SCHEMA.names).to_pylist(),
        snapshot.read(segment, ["line", "stream"]).to_pylist(),
        snapshot.read(segment, ["timestamp"], [len(groups) - 1, 0]).to_pylist(),
        snapshot.read(segment, ["metadata"], []).to_pylist(),
    ]


async def test_a_segment_reads_the_same_from_memory_and_from_its_object(tmp_path: Path) -> None:
    answers = []
    for recent_bytes in (0, 64 << 20):
        data = tmp_path / str(recent_bytes)
        store = Store.open(StoreSettings(data=data, compaction=False, recent_bytes=recent_bytes))
        entries = (
            row(f"app-{n % 3}", n * 7 % 1000, f"line {n}", "info", '{"a":"b"}' if n % 5 else None) for n in range(ROWS)
        )
        await store.append(batch(entries))
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            (segment,) = snapshot.segments
            answers.append(read(snapshot, segment))
        await store.close()
    assert answers[0] == answers[1]


async def test_memory_is_enough_only_for_the_newest(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, recent_bytes=3_000))
    for number in range(5):
        await store.append(batch([row("a", number, str(number) * 1_000)]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        for path in (tmp_path / "objects").rglob("*.parquet"):
            path.write_bytes(b"gone")
        lines = [line for segment in snapshot.segments for line in snapshot.read(segment, ["line"])["line"].to_pylist()]
        assert len(snapshot.lost) == 3
    assert [line[0] for line in lines] == ["4", "3"]
    await store.close()


async def test_segments_read_the_same_whether_or_not_their_footers_and_indexes_are_kept(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    await store.append(batch([row(f"app-{n % 3}", n, f"line {n} of many", "info", None) for n in range(ROWS)]))
    await asyncio.to_thread(store.compact_now)
    await store.close()
    answers = []
    for metadata_bytes in (0, 64 << 20):
        store = Store.open(StoreSettings(data=tmp_path, compaction=False, metadata_bytes=metadata_bytes))
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            (segment,) = snapshot.segments
            groups = range(len(snapshot.row_groups(segment)))
            sought = (LineHolds(("line 7 of many",)),)
            answers.append((read(snapshot, segment), list(snapshot.possible(segment, sought, groups))))
        await store.close()
    assert answers[0] == answers[1]
