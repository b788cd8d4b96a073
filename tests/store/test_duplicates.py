"""What was sent twice counts once, whichever segments the copies are in."""

import asyncio
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event

import pytest
from hypothesis import event as hypothesis_event
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.store import ObjectStoreSettings, Snapshot, Store, StoreSettings
from sigyn.store.objects import LocalObjects, open_objects

from .conftest import MakeSettings
from .entries import EARLIEST, LATEST, Row, batch, row, stored
from .faulty import Faults, FaultyObjects

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


@pytest.mark.parametrize("overlap", [1, 300, 40_000, 110_000])
async def test_sorted_segments_that_overlap_a_little_share_copies(tmp_path: Path, overlap: int) -> None:
    """Of 110 000 entries in streams of all sizes, in several row groups, the last were sent again with new ones."""
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0))
    rows = [row(f"app{min(i % 9, i % 3)}", i // 5, f"line {i}") for i in range(220_000 - overlap)]
    for some in (rows[:110_000], rows[110_000 - overlap :]):
        await store.append(batch(some))
        store.compact_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert [len(snapshot.row_groups(segment)) > 2 for segment in snapshot.segments] == [True, True]
        assert {place: len(found) for place, found in duplicates(snapshot).items()} == {1: overlap}
    assert stored(store) == sorted(rows, key=repr)
    await store.close()


async def test_entries_at_the_ends_of_time_are_compared() -> None:
    store = Store.open(StoreSettings(data=None, compaction=False, compaction_job_bytes=1, compaction_settled_bytes=1))
    for number in range(4):
        times = [EARLIEST, EARLIEST + 1, *range(number, number + 700), LATEST - 1, LATEST]
        await store.append(batch([row("a", time, "x") for time in times]))
        if number % 2:
            store.compact_now()
    check_look(store, EARLIEST, LATEST)
    await store.close()


async def test_who_asks_waits_only_for_comparisons_of_what_is_asked_for(tmp_path: Path) -> None:
    """Old segments can't be read yet, and who asks about new ones has the answer all the same."""
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), 0)
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0), objects=objects)
    for time in (0, 0, 1_000, 1_000):
        await store.append(batch([row("a", time, "x"), row("a", time + 1, "y")]))
    may_read, reads = Event(), Event()

    def refusal(_action: str, _key: str) -> None:
        reads.set()
        may_read.wait()

    def find(start: int, end: int) -> dict[int, list[int]]:
        with store.snapshot("fake", start, end) as snapshot:
            return duplicates(snapshot)

    objects.refusal = refusal
    with ThreadPoolExecutor() as threads:
        old = threads.submit(find, 0, 100)
        await asyncio.to_thread(reads.wait)
        objects.refusal = lambda _action, _key: None
        assert await asyncio.to_thread(find, 1_000, 1_100) == {1: [0, 1]}
        both = threads.submit(find, 0, 2_000)
        assert not old.done()
        may_read.set()
        assert old.result() == {1: [0, 1]}
        assert both.result() == {1: [0, 1], 3: [0, 1]}
    await store.close()


async def test_what_is_sent_again_as_a_whole_is_compared_once_and_row_groups_are_read_together() -> None:
    objects = FaultyObjects(open_objects(ObjectStoreSettings(url="memory://")), Faults(), 0)
    store = Store.open(StoreSettings(data=None, compaction=False, recent_bytes=0), objects=objects)
    rows = [row("abcd"[time % 4], time, f'{{"n":"{time}","text":"x{7 * time}"}}') for time in range(30_000)]
    await store.append(batch(rows))
    store.compact_now()
    for begin in range(0, len(rows), 10_000):
        await store.append(batch(rows[begin : begin + 10_000]))
    keys: list[str] = []
    objects.refusal = lambda _action, key: keys.append(key)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        found = duplicates(snapshot)
        (compacted,) = (segment for segment in snapshot.segments if segment.level)
        assert keys.count(compacted.key) <= len(snapshot.row_groups(compacted)) == 4
    assert sum(map(len, found.values())) == len(rows)
    assert 0 not in found  # the oldest counts
    keys.clear()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        assert duplicates(snapshot) == found
    assert not keys
    await store.close()


async def test_memory_for_what_is_known_grows_with_segments_not_with_pairs() -> None:
    """Each segment overlaps each other one, and all hold one entry."""
    store = Store.open(StoreSettings(data=None, compaction=False))
    most = {}
    for count in range(1, 601):
        await store.append(batch([row("a", 0, "all"), row("a", 1_000, f"{count}"), row("b", count, "x")]))
        if count in (150, 600):
            tracemalloc.start()
            try:
                with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
                    assert sum(len(rows) for rows in duplicates(snapshot).values()) == count - 1
                most[count] = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
    assert most[600] < 8 * most[150]  # pairs are 16 times as many
    await store.close()


@given(
    batches=st.lists(
        st.lists(st.builds(row, st.sampled_from("ab"), st.integers(0, 9), st.just("x")), min_size=1, max_size=4),
        min_size=1,
        max_size=9,
    ),
    looks=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9)), max_size=9),
    compact=st.integers(0, 9),
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_of_equal_entries_in_a_snapshot_the_oldest_is_seen_whatever_was_asked_before(
    batches: list[list[Row]], looks: list[tuple[int, int, int]], compact: int
) -> None:
    """Looks at `start` to `end` come before the push of a number."""

    async def check() -> None:
        store = Store.open(StoreSettings(data=None, compaction=False))
        for number, rows in enumerate(batches):
            for start, end, _ in (look for look in looks if look[2] == number):
                check_look(store, start, end)
            if number == compact:
                store.compact_now()
            await store.append(batch(rows))
        for start, end, _ in (*looks, (EARLIEST, LATEST, 0)):
            check_look(store, start, end)
        await store.close()

    asyncio.run(check())


def check_look(store: Store, start: int, end: int) -> list[int]:
    """What a snapshot hides is what a comparison of all entries finds. Gives the levels of its segments."""
    seen = set()
    with store.snapshot("fake", start, end) as snapshot:
        ordered = sorted(snapshot.segments, key=lambda segment: segment.id)
        for segment in ordered:
            hidden = []
            columns = snapshot.read(segment, ["stream", "timestamp", "line"]).to_pydict()
            for number, (stream, *rest) in enumerate(zip(*columns.values(), strict=True)):
                entry = (int(segment.streams.ids[stream]), *rest)
                if entry in seen:
                    hidden.append(number)
                seen.add(entry)
            assert snapshot.hidden_rows(segment).tolist() == hidden
        return [segment.level for segment in ordered]


@dataclass(frozen=True)
class Shape:
    """Entries of a segment: so many in each stream, evenly from `begin` over `span`, and `outliers` at other times."""

    streams: str
    begin: int
    span: int
    count: int
    outliers: tuple[int, ...]
    line: str
    compact: bool

    def rows(self) -> list[Row]:
        times = [self.begin + place * self.span // self.count for place in range(self.count)]
        return [row(app, time, self.line) for app in self.streams for time in (*times, *self.outliers)]


SPAN = 6_000  # of all entries: a few thousand in each are more than are compared without a closer look
outliers = st.lists(st.integers(-50, SPAN + 50), max_size=2).map(tuple)
lines = st.sampled_from("xxy")
streams = st.sampled_from(["a", "b", "ab"])
few = st.integers(1, 40)
wide = st.builds(Shape, streams, st.integers(0, 9), st.just(SPAN), few, outliers, lines, st.booleans())
many = st.integers(200, 2_500)
dense = st.builds(Shape, streams, st.integers(0, SPAN), many, many, outliers, lines, st.booleans())
small = st.builds(Shape, streams, st.integers(0, SPAN), few, few, outliers, lines, st.booleans())


def chain(count: int, shared: int, entries: int) -> list[Shape]:
    """Segments of which each shares some time with the next."""
    span = SPAN // count
    return [Shape("ab", place * span, span + shared, entries, (), "x", compact=place % 3 > 0) for place in range(count)]


chains = st.builds(chain, st.integers(2, 5), st.integers(0, 40), st.integers(100, 1_600))


@given(
    chained=st.one_of(st.just([]), chains),
    others=st.lists(st.one_of(wide, dense, small), min_size=1, max_size=6),
    first_look=st.integers(0, 11),
    again=st.sets(st.integers(0, 11), max_size=2),
    order=st.randoms(use_true_random=False),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_few_entries_among_many_are_compared_with_all_of_them(
    chained: list[Shape], others: list[Shape], first_look: int, again: set[int], order: Random
) -> None:
    """Wide segments, dense ones, chains of those that share some time; some come again as a whole."""
    shapes = [*chained, *others]
    order.shuffle(shapes)
    shapes += [shapes[place] for place in again if place < len(shapes)]

    async def check() -> None:
        # Compaction merges what one call finds at level 0, and nothing more.
        store = Store.open(
            StoreSettings(data=None, compaction=False, compaction_job_bytes=1, compaction_settled_bytes=1)
        )
        for number, shape in enumerate(shapes):
            await store.append(batch(shape.rows()))
            if shape.compact:
                store.compact_now()
            if number == first_look:
                check_look(store, EARLIEST, LATEST)
        levels = check_look(store, EARLIEST, LATEST)
        hypothesis_event(f"{min(levels.count(1), 4)} sorted, {min(levels.count(0), 4)} not")
        check_look(store, SPAN // 2, SPAN)
        await store.close()

    asyncio.run(check())


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
