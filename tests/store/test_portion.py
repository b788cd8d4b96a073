"""Entries of a portion are the same, however few row groups they are read from."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.store import Store, StoreSettings
from sigyn.store.portion import Portion
from sigyn.store.shapes.shape import Syntax

from .entries import EARLIEST, LATEST, batch, row

GROUP = 8192
GROUPS = 4


@pytest.fixture(scope="module", params=["memory", "folder"])
def compacted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """GROUPS row groups of lines that are held in columns, with a text among them now and then."""
    folder = tmp_path_factory.mktemp("store") if request.param == "folder" else None  # only files are mapped
    store = Store.open(StoreSettings(data=folder, compaction=False))
    lines = (
        f'{{"id":"{number:032x}","user":"user_{number % 97}"}}' if number % 1000 else f"text {number}"
        for number in range(GROUP * GROUPS)
    )
    asyncio.run(store.append(batch(row("a", number, line, "info") for number, line in enumerate(lines))))
    store.compact_now()
    yield store
    asyncio.run(store.close())


@contextmanager
def whole_portion(store: Store) -> Iterator[Portion]:
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        yield snapshot.portion(segment, range(GROUPS))


@given(st.lists(st.integers(0, GROUP * GROUPS - 1), min_size=1, max_size=6, unique=True).map(sorted))
@settings(max_examples=40)
def test_what_holds_some_entries_gives_the_same_entries(compacted: Store, numbers: list[int]) -> None:
    rows = np.array(numbers)
    with whole_portion(compacted) as portion:
        close, own = portion.holding(rows)
        assert close.rows == GROUP * len({number // GROUP for number in numbers})
        assert close.lines(own).to_pylist() == portion.column("line").take(rows).to_pylist()
        for name in ("stream", "timestamp", "detected_level"):
            assert close.column(name).take(own).to_pylist() == portion.column(name).take(rows).to_pylist()


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The same, as it arrived, in files alone."""
    store = Store.open(StoreSettings(data=tmp_path_factory.mktemp("store"), compaction=False, recent_bytes=0))
    asyncio.run(store.append(batch(row("a", n, f'{{"id":"{n:032x}"}}', "info") for n in range(GROUP * GROUPS))))
    yield store
    asyncio.run(store.close())


@given(st.lists(st.integers(0, GROUP * GROUPS - 1), min_size=1, max_size=6))
@settings(max_examples=40)
def test_a_few_entries_are_those_of_all_in_whatever_order(compacted: Store, numbers: list[int]) -> None:
    rows = np.array(numbers)
    with whole_portion(compacted) as portion, whole_portion(compacted) as plain:
        for name in ("timestamp", "detected_level", "shape"):
            assert portion.at(name, rows).to_pylist() == plain.column(name).take(rows).to_pylist()
        for name in ("id", "user"):
            of_some, of_all = portion.field(name, rows), plain.field(name, np.arange(plain.rows))
            assert of_some is not None
            assert of_all is not None
            assert of_some.to_pylist() == of_all.take(rows).to_pylist()


@given(st.lists(st.integers(0, GROUP * GROUPS - 1), min_size=1, max_size=6, unique=True).map(sorted))
@settings(max_examples=40)
def test_a_few_entries_of_what_arrived_are_those_of_all(arrived: Store, numbers: list[int]) -> None:
    rows = np.array(numbers)
    with whole_portion(arrived) as portion, whole_portion(arrived) as plain:
        assert portion.lines(rows).to_pylist() == plain.column("line").take(rows).to_pylist()
        for name in ("stream", "timestamp", "detected_level", "metadata"):
            assert portion.at(name, rows).to_pylist() == plain.column(name).take(rows).to_pylist()


@given(st.sets(st.sampled_from(("field.user", "field.id", "shape", "timestamp", "line"))), st.data())
@settings(max_examples=40)
def test_columns_that_have_been_read_go_along(compacted: Store, read: set[str], data: st.DataObject) -> None:
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, GROUP * GROUPS - 1), min_size=1, max_size=6))))
    with whole_portion(compacted) as portion, whole_portion(compacted) as plain:
        portion.load(sorted(read))
        close, own = portion.holding(rows)
        for name in ("stream", "timestamp", "detected_level", "shape"):
            assert close.at(name, own).to_pylist() == plain.column(name).take(rows).to_pylist()
        assert close.lines(own).to_pylist() == plain.column("line").take(rows).to_pylist()


@given(st.integers(0, 97), st.booleans(), st.booleans())
@settings(max_examples=40)
def test_entries_that_may_have_a_value_are_told_by_columns(
    compacted: Store, user: int, wanted: bool, shapes_read: bool
) -> None:
    with whole_portion(compacted) as portion:
        if shapes_read:
            portion.load(["shape"])
        found = portion.possible("user", f"user_{user}", ["json"], np.array([wanted]))
        assert found is not None
        numbers = range(GROUP * GROUPS)
        may = [n for n in numbers if n % 1000 == 0 or n % 97 == user] if wanted else []
        assert found.tolist() == may
        absent = portion.possible("nosuch", "x", ["json"], np.array([wanted]))
        assert absent is not None
        assert absent.tolist() == ([n for n in numbers if n % 1000 == 0] if wanted else [])


@pytest.mark.parametrize("read", [(), ("field.user",)])
def test_codes_of_several_row_groups_stand_for_their_texts(compacted: Store, read: tuple[str, ...]) -> None:
    with whole_portion(compacted) as portion:
        portion.load(read)
        coded = portion.coded("field.user")
        assert coded is not None
        assert [text for piece in coded for text in piece.to_pylist()] == portion.texts("field.user").to_pylist()
        assert portion.coded("field.id") is None


def shaped_rows(portion: Portion, syntax: Syntax) -> list[bool]:
    shaped = portion.shaped(syntax)
    assert shaped is not None
    return [bool(each) for each in shaped]


def test_which_lines_have_shapes_is_the_same_from_the_footer_and_from_the_column() -> None:
    """Row groups of json alone, of logfmt alone, and of several syntaxes and texts."""
    store = Store.open(StoreSettings(data=None, compaction=False))
    lines = [
        f'{{"id":"{number}"}}'
        if number < 1.4 * GROUP
        else f"id={number} b=2"
        if number < 3 * GROUP
        else f"text {number}"
        for number in range(GROUP * GROUPS)
    ]
    asyncio.run(store.append(batch(row("a", number, line, "info") for number, line in enumerate(lines))))
    store.compact_now()
    ranges: tuple[tuple[Syntax, float, float], ...] = (("json", 0, 1.4 * GROUP), ("logfmt", 1.4 * GROUP, 3 * GROUP))
    with whole_portion(store) as known, whole_portion(store) as read:
        read.load(["shape"])
        for syntax, begin, end in ranges:
            expected = [begin <= number < end for number in range(GROUP * GROUPS)]
            assert shaped_rows(known, syntax) == expected
            assert shaped_rows(read, syntax) == expected
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            (segment,) = snapshot.segments
            first, last = (snapshot.portion(segment, [group]) for group in (0, GROUPS - 1))
            assert shaped_rows(first, "json") == [True] * GROUP
            assert shaped_rows(first, "logfmt") == [False] * GROUP
            assert shaped_rows(last, "json") == [False] * GROUP
    asyncio.run(store.close())


KINDS = {
    "json": lambda number: f'{{"id":"{number}"}}',
    "logfmt": lambda number: f"id={number} b=2",
    "text": lambda number: f"text {number}",
    "mixed": lambda number: f'{{"id":"{number}"}}' if number % 3 else f"text {number}",
}


@pytest.mark.parametrize("kinds", [("json", "logfmt", "text"), ("json", "logfmt", "text", "mixed")])
def test_how_the_lines_of_streams_in_one_row_group_are_held_is_the_same_from_the_footer_and_from_the_column(
    kinds: tuple[str, ...],
) -> None:
    store = Store.open(StoreSettings(data=None, compaction=False))
    entries = (row(kind, number, KINDS[kind](number), "info") for kind in kinds for number in range(300))
    asyncio.run(store.append(batch(entries)))
    store.compact_now()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        (segment,) = snapshot.segments
        known, read = (snapshot.portion(segment, [0]) for _ in range(2))
        read.load(["shape"])
        for syntax in get_args(Syntax):
            assert shaped_rows(known, syntax) == shaped_rows(read, syntax)
            for wanted in product((False, True), repeat=len(kinds)):
                found = [each.possible("id", "7", [syntax], np.array(wanted)) for each in (known, read)]
                assert found[0] is not None
                assert found[1] is not None
                assert found[0].tolist() == found[1].tolist()
        streams = read.column("stream").to_numpy()
        for stream in range(len(kinds)):
            own = np.flatnonzero(streams == stream)
            assert known.are_text(own) == read.are_text(own)
            assert known.are_text(own[:2]) == read.are_text(own[:2])
    asyncio.run(store.close())


def test_what_has_been_read_is_not_read_again(compacted: Store) -> None:
    rows = np.array([1, GROUP * GROUPS - 1])
    with whole_portion(compacted) as portion:
        portion.column("line")
        assert portion.holding(rows) == (portion, rows)
