"""Compaction changes how entries lie, never which there are."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.model.labels import labels_of
from sigyn.model.time import DAY, HOUR, MINUTE
from sigyn.store import SegmentInfo, Snapshot, Store, StoreSettings, StreamTable, UnknownFormat
from sigyn.store.compaction import FAN, CompactionRules, plan_compaction

from .conftest import MakeSettings
from .entries import EARLIEST, LATEST, Row, batch, row, rows_of, stored

pytestmark = pytest.mark.anyio

labels = st.builds(
    lambda app, level, host: labels_of({"app": app, "level": level, "host": host}),
    st.sampled_from("abc"), st.sampled_from(["", "info", "error"]), st.sampled_from("12345"),
)  # fmt: skip
entries = st.builds(
    Row,
    labels,
    st.integers(-2, 5).map(lambda half_days: half_days * DAY // 2) | st.integers(0, 9),
    st.sampled_from(["", "x", "ÿ", "a longer line\nof two"]),
    st.sampled_from([None, "info"]),
    st.sampled_from([None, '{"k":"v"}']),
)


def assert_sorted(snapshot: Snapshot) -> None:
    """Every L1 segment is of one day, sorted by stream and time, and its stream table says where."""
    for segment in snapshot.segments:
        if segment.level == 0:
            continue
        assert segment.first // DAY == segment.last // DAY
        table = snapshot.read(segment, ["stream", "timestamp", "line"])
        ordinals, timestamps = table["stream"].to_numpy(), table["timestamp"].to_numpy()
        assert np.array_equal(np.lexsort((timestamps, ordinals)), np.arange(len(table)))
        streams = segment.streams
        for ordinal, (start, rows) in enumerate(zip(streams.first_row, streams.rows, strict=True)):
            mine = slice(start, start + rows)
            assert (ordinals[mine] == ordinal).all()
            assert (streams.first[ordinal], streams.last[ordinal]) == (timestamps[mine][0], timestamps[mine][-1])
            assert streams.text_bytes[ordinal] == sum(len(line.encode()) for line in table["line"].to_pylist()[mine])
        assert streams.rows.sum() == segment.rows == len(table)


@given(rounds=st.lists(st.lists(st.lists(entries, min_size=1, max_size=8), max_size=3), min_size=1, max_size=3))
@hypothesis_settings(max_examples=80, deadline=None)
def test_compaction_keeps_the_set_of_entries(rounds: list[list[list[Row]]]) -> None:
    async def check() -> None:
        store = Store.open(StoreSettings(data=None, compaction=False))
        sent: set[Row] = set()
        for batches in rounds:
            for rows in batches:
                await store.append(batch(rows))
                sent.update(rows)
            store.compact_now()
            assert stored(store) == sorted(sent, key=repr)
            with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
                assert all(segment.level == 1 for segment in snapshot.segments)
                assert_sorted(snapshot)
        await store.close()

    asyncio.run(check())


async def test_compaction_merges_drops_copies_and_survives_opening_again(settings: MakeSettings) -> None:
    store = Store.open(settings(compaction=False))
    rows = [row(app, time, f"{app}{time}") for time in range(20) for app in "ab"]
    for start in range(0, 40, 5):
        await store.append(batch(rows[start : start + 7]))
    store.compact_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        assert (segment.level, segment.rows) == (1, 40)
        assert_sorted(snapshot)
    assert stored(store) == sorted(rows, key=repr)
    assert store.metrics.compaction_duplicates_dropped == 14
    assert store.metrics.objects_deleted == 8
    await store.close()


async def test_streams_that_share_labels_of_few_values_lie_together() -> None:
    store = Store.open(StoreSettings(data=None, compaction=False))
    hosts, services, levels = "123456", "xyz", ["error", "info"]
    await store.append(
        batch(
            Row(labels_of({"host": host, "service": service, "level": level}), 1, "line")
            for host in hosts for service in services for level in levels
        )
    )  # fmt: skip
    store.compact_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        order = [dict(store.streams.labels("fake", id)) for id in segment.streams.ids.tolist()]
    assert [(pairs["level"], pairs["service"], pairs["host"]) for pairs in order] == [
        (level, service, host) for level in levels for service in services for host in hosts
    ]
    await store.close()


async def test_a_snapshot_reads_on_while_its_segments_are_replaced(settings: MakeSettings) -> None:
    store = Store.open(settings(compaction=False))
    rows = [row("a", time, str(time)) for time in range(6)]
    for one in rows:
        await store.append(batch([one]))
    with store.snapshot("fake", EARLIEST, LATEST) as before:
        store.compact_now()
        with store.snapshot("fake", EARLIEST, LATEST) as after:
            assert len(after.segments) == 1
        assert store.metrics.objects_deleted == 0
        assert sorted(rows_of(store, before)) == rows
    store.compact_now()
    assert store.metrics.objects_deleted == 6
    await store.close()


async def test_large_segments_have_row_groups_of_bounded_size() -> None:
    store = Store.open(StoreSettings(data=None, compaction=False))
    await store.append(batch(row("a", time, "short") for time in range(40_000)))
    await store.append(batch(row("b", time, "l" * 3_000_000) for time in range(7)))
    expected = [8192, 8192, 8192, 8192, 7232, 2, 2, 2, 1]
    for _ in ("as it arrived", "compacted, where a row group ends with its stream"):
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            groups = [group for segment in snapshot.segments for group in snapshot.row_groups(segment)]
            assert [group.rows for group in groups] == expected
        store.compact_now()
    await store.close()


async def test_long_texts_that_repeat_in_a_row_group_are_held_once() -> None:
    store = Store.open(StoreSettings(data=None, compaction=False))
    names = str.maketrans("0123456789", "abcdefghij")
    lines = [
        json.dumps(
            {
                "id": f"{number:032x}",
                "trace": f"service {app} failed in {str(number % 2000).translate(names)} of a long file",
            }
        )
        for app in range(4)
        for number in range(8192)
    ]
    await store.append(batch(row(str(number // 8192), number % 8192, line) for number, line in enumerate(lines)))
    store.compact_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        portion = snapshot.portion(segment, range(4))
        assert isinstance(portion.field("trace", np.arange(portion.rows)), pa.DictionaryArray)
        assert not isinstance(portion.field("id", np.arange(portion.rows)), pa.DictionaryArray)
        assert sorted(portion.column("line").to_pylist()) == sorted(lines)
    await store.close()


async def test_metadata_that_is_more_than_the_text_is_merged_in_bounded_portions() -> None:
    now = 20_000 * DAY + HOUR
    settings = StoreSettings(data=None, compaction=False, compaction_job_bytes=1 << 20)
    store = Store.open(settings, clock=lambda: now)
    sent = []
    for number in range(8):
        rows = [
            row("a", 20_000 * DAY + 400 * number + each, "x", None, f'{{"k":"{each:01000}"}}') for each in range(400)
        ]
        sent += rows
        await store.append(batch(rows))
    for _ in range(4):
        store.compact_now()
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            assert {segment.level for segment in snapshot.segments} == {1}
            sizes = [snapshot.read(segment, ["metadata"]).nbytes for segment in snapshot.segments]
        assert max(sizes) < 2 << 20
        now += DAY
    assert len(sizes) < 8
    assert stored(store) == sorted(sent, key=repr)
    written = store.metrics.compaction_segments_written
    now += DAY
    store.compact_now()
    assert store.metrics.compaction_segments_written == written
    await store.close()


async def test_the_background_compacts_by_itself(settings: MakeSettings) -> None:
    store = Store.open(settings(compaction_age_seconds=0.0))
    for time in range(3):
        await store.append(batch([row("a", time, "x")]))
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            if all(segment.level == 1 for segment in snapshot.segments):
                break
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    assert len(stored(store)) == 3
    await store.close()


RULES = CompactionRules(job_bytes=1000, segments=5, age=MINUTE)
NOW = 20_000 * DAY + 12 * HOUR
NO_STREAMS = StreamTable.from_bytes(b"")


def segment(id: int, level: int, text_bytes: int, *, age: int = 0, day: int = 20_000) -> SegmentInfo:
    """A segment in the catalog's eyes; its entries are of noon."""
    at = day * DAY + 12 * HOUR
    return SegmentInfo(id, "fake", f"k{id}", level, at, at, 1, text_bytes, 1, 0, NOW - age, id, NO_STREAMS)


def plan(*segments: SegmentInfo, rules: CompactionRules = RULES) -> list[int]:
    """Ids that would be merged."""
    return [segment.id for segment in plan_compaction(segments, rules, NOW)]


def test_young_and_few_segments_wait() -> None:
    assert plan() == []
    assert plan(*(segment(id, 0, 10) for id in range(4))) == []


def test_level_0_is_merged_by_count_by_bytes_and_by_age() -> None:
    assert plan(*(segment(id, 0, 10) for id in range(5))) == [0, 1, 2, 3, 4]
    assert plan(segment(1, 0, 500), segment(2, 0, 500)) == [1, 2]
    several = [segment(id, 0, 10, age=MINUTE) for id in range(FAN)]
    assert plan(*several, rules=CompactionRules(1000, 99, MINUTE)) == list(range(FAN))
    assert plan(*several, rules=CompactionRules(1000, 99, MINUTE + 1)) == []
    assert plan(segment(1, 0, 10, age=MINUTE), segment(2, 0, 10)) == []
    assert plan(segment(1, 0, 10, age=HOUR), segment(2, 0, 10)) == [1, 2]
    assert plan(segment(1, 0, 10), rules=CompactionRules(1000, 99, MINUTE, hurry=True)) == [1]


def test_a_job_has_a_bounded_size_and_takes_the_oldest() -> None:
    assert plan(*(segment(id, 0, 400) for id in range(9))) == [0, 1]
    assert plan(segment(1, 0, 5000), segment(2, 0, 10)) == [1]


def test_level_1_is_merged_in_tiers_of_size_within_a_day() -> None:
    rules = CompactionRules(job_bytes=1 << 30, segments=5, age=MINUTE)
    small = [segment(id, 1, 1000) for id in range(FAN)]
    assert plan(*small[:-1], rules=rules) == []
    assert plan(*small, rules=rules) == list(range(FAN))
    assert plan(*small[:-1], segment(99, 1, 1000, day=20_001), rules=rules) == []
    assert plan(*small[:-1], segment(99, 1, 5 << 20), rules=rules) == []
    assert plan(*(segment(id, 1, 600 << 20) for id in range(FAN)), rules=rules) == []


def test_a_day_that_is_over_is_merged_further() -> None:
    rules = CompactionRules(job_bytes=1 << 30, segments=5, age=MINUTE)
    old = [segment(id, 1, 1000, day=19_998, age=2 * HOUR) for id in (1, 2)]
    assert plan(*old, rules=rules) == [1, 2]
    assert plan(old[0], segment(3, 1, 1000, day=19_998), rules=rules) == []


async def test_a_store_that_a_newer_version_compacted_is_told_apart_from_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings)
    await store.append(batch([row("a", 1, '{"a":1}')]))
    store.compact_now()
    await store.close()
    monkeypatch.setattr("sigyn.store.segment.FORMATS", ("1", "2", "3", "4"))  # as an older one has it
    store = Store.open(settings)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        with pytest.raises(UnknownFormat, match=f"object `{segment.key}` has segment format `5`, which a newer Sigyn"):
            snapshot.row_groups(segment)
    assert not store.quarantined()
    await store.close()
