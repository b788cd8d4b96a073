"""Structured metadata in columns: what went in comes back, and a column says what the text would."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.store import SegmentLost, Store, StoreSettings, rebuild_catalog
from sigyn.store.metadata_text import METADATA_TEXT_LOOPS, texts_under
from sigyn.store.needles.search import FieldIs
from sigyn.store.portion import Portion

from .entries import EARLIEST, LATEST, batch, row, stored

Metadata = Mapping[str, str] | None

NOON = 1_768_478_400 * 10**9

names = st.one_of(
    st.sampled_from(("trace_id", "user", "took", "a_b", "_x", "Aa9")),
    st.sampled_from(("a.b", "9x", "", "ü", 'quo"te', "back\\slash", "new\nline", "a,b", '":"')),
)
values = st.one_of(
    st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"),
    st.integers(0, 99).map(lambda number: f"user_{number}"),
    st.integers(0, 999).map(lambda number: f"2026-01-15T12:00:00.{number:03}Z"),
    st.integers(0, 10**6).map(lambda number: f"{number / 100:.2f}"),
    st.sampled_from(
        ("", "info", "2026-01-15T12:00:00.000Z", 'a "quote"', "back\\slash", "\x00\x1f\x7f", '","user":"x')
    ),
    st.text(max_size=20),
)
objects = st.one_of(
    st.none(),
    st.fixed_dictionaries({"trace_id": values, "user": values}),
    st.fixed_dictionaries({"user": values}, optional={"took": values, "a.b": values}),
    st.dictionaries(names, values, min_size=1, max_size=6),
)


def written(metadata: Metadata) -> str | None:
    """Metadata as entries have it."""
    if metadata is None:
        return None
    return json.dumps(dict(sorted(metadata.items())), ensure_ascii=False, separators=(",", ":"))


def filled(
    metadata: Sequence[Metadata], folder: Path | None = None, *, compacted: bool = True, shape_lines: int = 1
) -> Store:
    """A store of entries with these metadata in their order."""
    store = Store.open(StoreSettings(data=folder, compaction=False, shape_lines=shape_lines, recent_bytes=0))
    rows = (row("a", NOON + number, f"line {number}", None, written(each)) for number, each in enumerate(metadata))
    asyncio.run(store.append(batch(rows)))
    if compacted:
        store.compact_now()
    return store


@contextmanager
def portion_of(store: Store) -> Iterator[Portion]:
    """The entries of the only segment."""
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        yield snapshot.portion(segment, range(len(snapshot.row_groups(segment))))


def row_groups_with(store: Store, name: str, text: str) -> tuple[list[int], list[int]]:
    """Those that may have the text under a name, as the needle filter knows, and those that do."""
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        numbers = range(len(snapshot.row_groups(segment)))
        possible = snapshot.possible(segment, (FieldIs(name, text, frozenset()),), numbers)
        read = [snapshot.portion(segment, [number]) for number in numbers]
        found = [each.metadata_field(name, np.arange(each.rows)).to_pylist() for each in read]
    return [*possible], [number for number in numbers if text in found[number]]


def under(metadata: Sequence[Metadata], name: str) -> list[str | None]:
    """What they have under a name."""
    return [each.get(name) if each is not None else None for each in metadata]


@settings(max_examples=120, deadline=None)
@given(st.lists(objects, min_size=1, max_size=40), st.booleans(), st.data())
def test_metadata_come_back_and_so_does_what_stands_under_each_name(
    metadata: list[Metadata], compacted: bool, data: st.DataObject
) -> None:
    store = filled(metadata, compacted=compacted)
    texts = [written(each) for each in metadata]
    some = np.array(sorted(data.draw(st.sets(st.integers(0, len(metadata) - 1)))), np.int64)
    with portion_of(store) as portion:
        assert portion.has_metadata == any(each is not None for each in metadata)
        assert portion.at("metadata", some).to_pylist() == [texts[number] for number in some]
        used = {name for each in metadata for name in each or ()}
        assert portion.metadata_names is None or portion.metadata_names == used
        if compacted:
            assert portion.metadata_names is not None
        for name in (*sorted(used), "absent", "a_b"):
            expected = under(metadata, name)
            assert portion.metadata_field(name, some).to_pylist() == [expected[number] for number in some]
            for text in {"info", *(each for each in expected if each is not None)}:
                found = portion.metadata_is(name, text)
                assert found is None or found.tolist() == [each == text for each in expected]
            assert portion.metadata_field(name, np.arange(portion.rows)).to_pylist() == expected
        assert portion.column("metadata").to_pylist() == texts
    for name, text in {pair for each in metadata for pair in (each or {}).items() if pair[1]}:
        possible, having = row_groups_with(store, name, text)
        assert {*having} <= {*possible}
    asyncio.run(store.close())


@settings(max_examples=100, deadline=None)
@given(st.lists(objects, min_size=1, max_size=30), st.integers(0, 5), st.booleans())
def test_texts_say_what_stands_under_a_name_with_loops_and_without(
    metadata: list[Metadata], left_out: int, loops: bool
) -> None:
    METADATA_TEXT_LOOPS.warm()
    texts = pa.array([written(each) for each in metadata], pa.string()).slice(left_out)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sigyn.store.metadata_text.are_worth_it", lambda _rows: loops)
        for name in {"absent", *(name for each in metadata for name in each or ())}:
            assert texts_under(name, texts).to_pylist() == under(metadata[left_out:], name)


@settings(max_examples=40, deadline=None)
@given(st.lists(objects, min_size=1, max_size=20), st.lists(objects, min_size=1, max_size=20))
def test_merging_what_was_taken_apart_keeps_it(some: list[Metadata], others: list[Metadata]) -> None:
    store = filled(some)
    before = stored(store)
    rows = [row("a", NOON - 1 - number, "earlier", None, written(each)) for number, each in enumerate(others)]
    asyncio.run(store.append(batch(rows)))
    store.compact_now()
    assert stored(store) == sorted([*before, *rows], key=repr)
    asyncio.run(store.close())


GROUP, GROUPS = 8192, 4
ENTRIES = GROUP * GROUPS


def mostly_alike(number: int) -> Metadata:
    """Metadata of which nearly all have a shape, and some are nothing or text, some with escapes."""
    if number % 1000 == 0:
        return None
    if number % 1000 == 1:
        return {"a.b": f"other {number}", "user": f"user_{number % 97}"}
    if number % 1000 < 50:
        return {"quoted": f'"{number}"', "level": "x\ny"}
    return {"id": f"{number:032x}", "user": f"user_{number % 97}", "host": f"host-{number % 7}-{'x' * 40}"}


METADATA = [mostly_alike(number) for number in range(ENTRIES)]


@pytest.fixture(scope="module", params=["memory", "folder"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Some row groups of entries; only those in a folder are mapped."""
    store = filled(METADATA, tmp_path_factory.mktemp("store") if request.param == "folder" else None, shape_lines=32)
    yield store
    asyncio.run(store.close())


ALL_NAMES = ("a.b", "host", "id", "level", "quoted", "user")


@given(st.sets(st.integers(0, ENTRIES - 1), min_size=1, max_size=6).map(sorted), st.booleans())
@settings(max_examples=40, deadline=None)
def test_metadata_of_a_few_entries_are_those_of_all(large: Store, numbers: list[int], loaded: bool) -> None:
    rows = np.array(numbers)
    with portion_of(large) as portion:
        close, own = portion.holding(rows)
        if loaded:
            close.load_entries(own)
        for part, places in ((close, own), (portion, rows)):
            assert part.at("metadata", places).to_pylist() == [written(METADATA[number]) for number in numbers]
            for name in ALL_NAMES:
                expected = under([METADATA[number] for number in numbers], name)
                assert part.metadata_field(name, places).to_pylist() == expected


def test_all_entries_of_several_row_groups_say_what_stands_under_a_name(large: Store) -> None:
    with portion_of(large) as portion:
        assert portion.metadata_names == frozenset(ALL_NAMES)
        for name in ALL_NAMES:
            assert portion.metadata_field(name, np.arange(ENTRIES)).to_pylist() == under(METADATA, name)
        assert portion.column("metadata").to_pylist() == [written(each) for each in METADATA]


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [("id", f"{4711:032x}", 1), ("id", "f" * 32, 0), ("host", f"host-8-{'x' * 40}", 0), ("absent", "a" * 16, 0)],
)
def test_row_groups_without_a_text_under_a_name_are_known(large: Store, name: str, text: str, most: int) -> None:
    possible, having = row_groups_with(large, name, text)
    assert {*having} <= {*possible}
    assert len(having) <= len(possible) <= most


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", f"{4711:032x}"),
        ("id", "none"),
        ("user", "user_5"),
        ("host", f"host-3-{'x' * 40}"),
        ("a.b", "other 2001"),
        ("quoted", '"1020"'),
        ("level", "x\ny"),
        ("absent", "x"),
    ],
)
def test_entries_with_a_text_are_told_by_columns(large: Store, name: str, text: str) -> None:
    with portion_of(large) as portion:
        found = portion.metadata_is(name, text)
        assert found is not None
        assert found.tolist() == [each == text for each in under(METADATA, name)]


def columns_in(folder: Path) -> list[str]:
    """The physical columns of the only sorted segment in a folder."""
    (path,) = folder.rglob("1-*.parquet")
    return list(pq.read_schema(path).names)


@pytest.mark.parametrize("names_of_all", [400, 5000])
def test_many_names_make_few_columns(tmp_path: Path, names_of_all: int) -> None:
    metadata = [{f"name_{number % names_of_all}": "x", "user": f"user_{number}"} for number in range(10_000)]
    store = filled(metadata, tmp_path)
    assert len([name for name in columns_in(tmp_path) if "pair." in name]) == (64 if names_of_all == 400 else 0)
    with portion_of(store) as portion:
        assert portion.metadata_names is None
        for name in ("user", "name_0", "name_63", "name_399", "name_4999", "name_5000"):
            assert portion.metadata_field(name, np.arange(10_000)).to_pylist() == under(metadata, name)
    asyncio.run(store.close())


def test_metadata_without_a_shape_need_no_columns(tmp_path: Path) -> None:
    store = filled([{"a.b": str(number)} for number in range(100)], tmp_path)
    assert columns_in(tmp_path) == ["stream", "timestamp", "line", "detected_level", "metadata"]
    with portion_of(store) as portion:
        assert portion.metadata_names == frozenset({"a.b"})
        assert portion.metadata_field("a_b", np.arange(100)).null_count == 100
    asyncio.run(store.close())


def test_a_day_without_metadata_beside_one_with_some(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False, shape_lines=1, recent_bytes=0))
    day = 86_400 * 10**9
    rows = [row("a", NOON + n % 2 * day, f"line {n}", None, '{"user":"x"}' if n % 2 else None) for n in range(100)]
    asyncio.run(store.append(batch(rows)))
    store.compact_now()
    assert stored(store) == sorted(rows, key=repr)
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        found = {snapshot.portion(segment, [0]).metadata_names for segment in snapshot.segments}
    assert found <= {frozenset(), frozenset({"user"})}
    asyncio.run(store.close())


OLD_SEGMENT = Path(__file__).parent / "segments" / "format-4.parquet"
"""100 entries with metadata as text, which the last program wrote that knew of no columns for them."""


def test_segments_of_before_there_were_columns_are_read_and_merged(tmp_path: Path) -> None:
    day = tmp_path / "objects" / "fake" / "2026-01-15"
    day.mkdir(parents=True)
    shutil.copy(OLD_SEGMENT, day / f"1-{'0' * 32}.parquet")
    settings = StoreSettings(data=tmp_path, compaction=False, shape_lines=1, recent_bytes=0)
    rebuild_catalog(settings)
    store = Store.open(settings)
    metadata = [{"span_id": f"{n:016x}", "user": f'"{n % 7}"'} if n % 10 else None for n in range(100)]
    lines = [f'{{"user":"user_{n}","ms":{n}}}' for n in range(100)]
    rows = [row("a", NOON + n, lines[n], "info", written(metadata[n])) for n in range(100)]
    assert stored(store) == sorted(rows, key=repr)
    with portion_of(store) as portion:
        assert portion.metadata_names is None
        assert portion.metadata_is("user", '"1"') is None
        for name in ("span_id", "user", "absent"):
            assert portion.metadata_field(name, np.arange(100)).to_pylist() == under(metadata, name)
    more = [row("a", NOON + 100 + n, f"later {n}", None, written({"user": f"user {n}"})) for n in range(20)]
    asyncio.run(store.append(batch(more)))
    store.compact_now()
    assert stored(store) == sorted([*rows, *more], key=repr)
    asyncio.run(store.close())


def spoil(folder: Path, kept: str) -> None:
    """Overwrites all columns of the only sorted segment but one."""
    (path,) = folder.rglob("1-*.parquet")
    metadata = pq.ParquetFile(path).metadata
    body = bytearray(path.read_bytes())
    for group in (metadata.row_group(number) for number in range(metadata.num_row_groups)):
        for chunk in (group.column(place) for place in range(group.num_columns)):
            if chunk.path_in_schema != kept:
                begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
                body[begin : begin + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    path.write_bytes(body)


def test_what_stands_under_a_name_is_read_from_its_column_alone(tmp_path: Path) -> None:
    metadata = [{"id": f"{number:032x}", "user": f"user_{number % 97}"} for number in range(2 * GROUP)]
    store = filled(metadata, tmp_path)
    spoil(tmp_path, "pair.user")
    with portion_of(store) as portion:
        assert portion.has_metadata
        assert portion.metadata_field("user", np.arange(portion.rows)).to_pylist() == under(metadata, "user")
        assert portion.metadata_field("user", np.array([5, 9000])).to_pylist() == ["user_5", f"user_{9000 % 97}"]
        assert portion.metadata_field("absent", np.arange(portion.rows)).null_count == portion.rows
        found = portion.metadata_is("user", "user_5")
        assert found is not None
        assert found.tolist() == [each == "user_5" for each in under(metadata, "user")]
    with portion_of(store) as portion, pytest.raises(SegmentLost):
        portion.column("metadata")
    asyncio.run(store.close())
