"""Needle filters never say no to what is there."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.store.needles.filters import NeedleFilters, filter_of
from sigyn.store.needles.hashing import NEEDLE_BYTES, field_hashes, field_prefix, minimizers
from sigyn.store.needles.loops import add_minimizers, add_values
from sigyn.store.shapes.values import string_buffers

texts = st.text(alphabet=st.sampled_from('abcdef0123456789-"{}: é漢'), max_size=200)


def filters_of(lines: list[str]) -> NeedleFilters:
    table, count = add_minimizers(
        *string_buffers(pa.array(lines, pa.string())), np.arange(len(lines)), np.zeros(64, np.uint64), 0
    )
    words = filter_of(table, count)
    return NeedleFilters.of(words, [len(words) // 8])


def may_hold(filters: NeedleFilters, hashes: list[int]) -> bool:
    return bool(filters.may_hold(hashes, np.array([0]))[0])


@settings(max_examples=250, deadline=None)
@given(st.lists(texts, min_size=1, max_size=20), st.data())
def test_every_piece_of_a_line_is_found(lines: list[str], data: st.DataObject) -> None:
    filters = filters_of(lines)
    line = data.draw(st.sampled_from(lines)).encode()
    begin = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(begin, len(line)))
    assert may_hold(filters, minimizers(line[begin:end]))


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, max_size=20), st.sampled_from((b"", b"x" * 40)))
def test_the_loop_finds_the_minimizers_of_plain_python(lines: list[str], behind: bytes) -> None:
    data = np.frombuffer("".join(lines).encode() + behind, np.uint8)
    offsets = np.cumsum([0, *(len(line.encode()) for line in lines)]).astype(np.int32)
    rows = np.arange(len(lines))[::-1].copy()  # in any order
    table, count = add_minimizers(data, offsets, rows, np.zeros(64, np.uint64), 0)
    expected = {hashed for line in lines for hashed in minimizers(line.encode())}
    assert count == len(expected)
    assert set(table[table != 0].tolist()) == expected


def test_a_long_line_has_more_minimizers_than_the_table_has_room_for() -> None:
    line = np.random.default_rng(3).bytes(20_000).hex().encode()
    data, offsets = np.frombuffer(line, np.uint8), np.array([0, len(line)], np.int32)
    table, count = add_minimizers(data, offsets, np.zeros(1, np.int64), np.zeros(64, np.uint64), 0)
    assert count == len(minimizers(line))
    assert set(table[table != 0].tolist()) == set(minimizers(line))


def test_a_needle_of_the_shortest_length_has_a_hash() -> None:
    assert minimizers(b"x" * (NEEDLE_BYTES - 1)) == []
    assert len(minimizers(bytes(range(NEEDLE_BYTES)))) == 1


def test_most_of_what_is_not_there_is_ruled_out() -> None:
    generator = np.random.default_rng(7)
    lines = [generator.bytes(16).hex() for _ in range(2000)]
    filters = filters_of(lines)
    others = [generator.bytes(16).hex() for _ in range(1000)]
    assert sum(may_hold(filters, minimizers(other.encode())) for other in others) < 10
    assert len(filters.words) * 8 < 0.25 * sum(map(len, lines))  # ids are the worst case


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=2 * NEEDLE_BYTES), min_size=1, max_size=50))
def test_every_field_that_is_short_enough_is_found(values: list[str]) -> None:
    prefix = np.uint64(field_prefix("user"))
    data, offsets = string_buffers(pa.array(values, pa.string()))
    table, count = add_values(data, offsets, prefix, 40, np.zeros(16, np.uint64), 0)
    words = filter_of(table, count)
    filters = NeedleFilters.of(words, [len(words) // 8])
    assert all(may_hold(filters, field_hashes("user", value)) for value in values if len(value.encode()) < 40)
