"""Lines are skimmed by what is remembered of others, and by words: neither changes what is found."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.store.shapes.json_text import string_end
from sigyn.store.shapes.skim_loops import skim
from sigyn.store.shapes.values import string_buffers
from tests.engine.agreement_words import lines as any_lines

Bytes = npt.NDArray[np.uint8]
Found = tuple[int, list[tuple[int, int, int]]]


def skimmed(data: Bytes, offsets: npt.NDArray[np.int32]) -> list[Found]:
    """For each line the hash of what is around its holes, and begin, length and kind of each hole."""
    rows, room = len(offsets) - 1, int(offsets[-1] - offsets[0]) // 2 + 2
    hashes, first = np.empty(rows, np.uint64), np.empty(rows + 1, np.int32)
    starts, lengths, kinds = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.uint8)
    skim(data, offsets, hashes, first, starts, lengths, kinds)
    return [
        (
            int(hashes[row]),
            [
                (int(starts[hole] - offsets[row]), int(lengths[hole]), int(kinds[hole]))
                for hole in range(first[row], first[row + 1])
            ],
        )
        for row in range(rows)
    ]


def skimmed_alone(line: bytes) -> Found:
    return skimmed(np.frombuffer(line, np.uint8), np.array([0, len(line)], np.int32))[0]


@settings(max_examples=200, deadline=None)
@given(st.lists(any_lines, min_size=1, max_size=8), st.data())
def test_a_line_is_skimmed_as_if_it_were_the_only_one(several: list[str], data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(several), min_size=1, max_size=40))
    assert skimmed(*string_buffers(pa.array(lines, pa.string()))) == [skimmed_alone(line.encode()) for line in lines]


def test_what_follows_known_text_may_be_something_else() -> None:
    lines = [
        b'{"a":1,"b":"x","c":[1,{"d":"e"}],"f":2}',
        b'{"a":1,"b":"x","c":{"d":"e"},"f":2}',
        b'{"a":null,"b":"x","c":"","f":2}',
        b'{"a":{"a":1,"b":"x"}}',
        b'{"a":1,"b":"x","c":[],"f":2}}',
        b'{"a":1,"b":"x',
        b'{"a":1,"b":',
        b'{"a":',
        b'a=1 b="x" c=y',
        b'a= b="x" c="y"',
        b'a="1" b=x c="y\\""',
        b'a=1 b="" c="y"z',
    ]
    lines = [*lines, *reversed(lines)]
    offsets = np.cumsum([0, *map(len, lines)]).astype(np.int32)
    assert skimmed(np.frombuffer(b"".join(lines), np.uint8), offsets) == [skimmed_alone(line) for line in lines]


def test_a_string_ends_within_its_line() -> None:
    for length in range(40):
        for behind in (b"", b'"', b"y" * 8 + b'"', b"y" * 40, b"\\", b"\n"):
            unclosed = np.frombuffer(b"x" * length + behind, np.uint8)
            assert string_end(unclosed, 0, length)[0] == -1
            for what, closed in ((b'"', True), (b'\\n"', True), (b"\n", False), (b"\\x", False)):
                text = np.frombuffer(b"x" * length + what + behind, np.uint8)
                close, escaped = string_end(text, 0, length + len(what))
                assert close == (length + len(what) - 1 if closed else -1)
                assert not closed or escaped == (len(what) == 3)
