"""What was sent twice counts once, whichever segments the copies are in."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.store import Snapshot, Store, StoreSettings

from .conftest import MakeSettings
from .entries import EARLIEST, LATEST, Row, batch, row, stored

pytestmark = pytest.mark.anyio


def duplicates(snapshot: Snapshot) -> dict[int, list[int]]:
    """By place of the segment in order of commit, where there are any."""
    ordered = sorted(snapshot.segments, key=lambda segment: segment.id)
    found = {place: snapshot.hidden_rows(segment).tolist() for place, segment in enumerate(ordered)}
    return {place: rows for place, rows in found.items() if rows}


async def test_a_copy_in_a_newer_segment_is_named(settings: MakeSettings) -> None:
    store = Store.open(settings(compaction=False))
    await store.append(batch([row("a", 1, "x"), row("a", 2, "y"), row("b", 1, "x")]))
    await store.append(batch([row("c", 2, "y"), row("b", 1, "x"), row("a", 2, "z"), row("a", 2, "y")]))
    await store.append(batch([row("a", 2, "y"), row("a", 2, "z"), row("a", 3, "x")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert duplicates(snapshot) == {1: [1, 3], 2: [0, 1]}
    assert len(stored(store)) == 6
    await store.close()


async def test_metadata_make_entries_differ(settings: MakeSettings) -> None:
    store = Store.open(settings(compaction=False))
    kinds = [row("a", 1, "x"), row("a", 1, "x", "info"), row("a", 1, "x", None, "{}"), row("a", 1, "x", "info", "{}")]
    for kind in kinds:
        await store.append(batch([kind]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert duplicates(snapshot) == {}
    await store.append(batch(kinds))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert duplicates(snapshot) == {4: [0, 1, 2, 3]}
    await store.close()


async def test_a_snapshot_compares_only_its_own_segments(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    await store.append(batch([row("a", 1, "x")]))
    with store.snapshot("fake", EARLIEST, LATEST) as before:
        await store.append(batch([row("a", 1, "x")]))
        with store.snapshot("fake", EARLIEST, LATEST) as after:
            assert duplicates(after) == {1: [0]}
        assert duplicates(before) == {}
    await store.close()


async def test_a_whole_corpus_sent_again_counts_once(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    rows = [row(f"app{i % 7}", i // 3, f"line {i}") for i in range(200_000)]
    for _ in range(2):
        await store.append(batch(rows))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert duplicates(snapshot) == {1: list(range(len(rows)))}
    await store.close()


entry = st.builds(
    row, st.sampled_from("abc"), st.integers(0, 6), st.sampled_from(["x", "y"]), st.sampled_from([None, "info"])
)


@given(
    batches=st.lists(st.lists(entry, min_size=1, max_size=8), min_size=1, max_size=6),
    first_look=st.integers(0, 6),
    compact=st.booleans(),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_entries_less_duplicates_are_the_set_of_entries(
    batches: list[list[Row]], first_look: int, compact: bool
) -> None:
    async def check() -> None:
        store = Store.open(StoreSettings(data=None, compaction=False))
        for number, rows in enumerate(batches):
            await store.append(batch(rows))
            if number == first_look:
                stored(store)  # what is found early must not go wrong later
                if compact:
                    store.compact_now()
        assert stored(store) == sorted({row for rows in batches for row in rows}, key=repr)
        await store.close()

    asyncio.run(check())
