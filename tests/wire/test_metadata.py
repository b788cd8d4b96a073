"""Structured metadata: names as Loki stores them, one text for equal metadata."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.wire.metadata import metadata_text, sanitize_name


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("trace_id", "trace_id"),
        ("user.id", "user_id"),
        ("a-b", "a_b"),
        ("two words", "two_words"),
        ("9x", "key_9x"),
        ("_private", "key_private"),
        ("__double", "__double"),
        ("ünï", "key_n_"),
        ("Σ", "key_"),
        ("x" * 200 + ".y", "x" * 200 + "_y"),
        ("", ""),
    ],
)
def test_names(name: str, stored: str) -> None:
    assert sanitize_name(name) == stored


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([], None),
        ([("b", "2"), ("a", "1")], '{"a":"1","b":"2"}'),
        ([("a", "")], None),
        ([("a", ""), ("b", "x")], '{"b":"x"}'),
        ([("a.b", "1"), ("a_b", "2")], '{"a_b":"2"}'),
        ([("a.b", "1"), ("a_b", "")], None),
        ([("", "x")], None),
        ([("q", 'say "hi"\\\n\x01\x7fé😀')], '{"q":"say \\"hi\\"\\\\\\n\\u0001\x7fé😀"}'),
    ],
)
def test_text(pairs: list[tuple[str, str]], text: str | None) -> None:
    assert metadata_text(pairs) == text


_texts = st.one_of(
    st.text(max_size=6), st.sampled_from(["a", "b", "a.b", "a_b", "_", "__", "_9", "9", 'q"\\', "\t\n\r\b\f"])
)


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(_texts, _texts), max_size=5), max_size=4))
def test_the_compiled_loop_writes_the_same(metadata_loops: ModuleType, entries: list[list[tuple[str, str]]]) -> None:
    buffer, pairs, offsets = bytearray(b"."), [], [0]
    for entry in entries:
        for name, value in entry:
            start = len(buffer)
            middle = start + len(name.encode("utf-8", "replace"))
            buffer += name.encode("utf-8", "replace") + value.encode("utf-8", "replace")
            pairs.append([start, middle, middle, len(buffer)])
        offsets.append(len(pairs))
    rendered = metadata_loops.render_metadata(
        np.frombuffer(bytes(buffer), np.uint8), np.array(offsets, np.int32), np.array(pairs, np.int32).reshape(-1, 4)
    )
    if rendered is None:
        assert any(not name.isascii() for entry in entries for name, _ in entry)
        return
    bounds, text, present = rendered
    found = [
        bytes(text[start:end]).decode() if there else None
        for start, end, there in zip(bounds[:-1], bounds[1:], present, strict=True)
    ]
    readable = [
        [(name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode()) for name, value in entry]
        for entry in entries
    ]
    assert found == [metadata_text(entry) for entry in readable]


def test_the_compiled_loop_leaves_alone_what_is_too_much_for_it(metadata_loops: ModuleType) -> None:
    pairs = np.array([[0, 1, 1, 2]] * 65, np.int32)
    assert metadata_loops.render_metadata(np.frombuffer(b"ab", np.uint8), np.array([0, 65], np.int32), pairs) is None
