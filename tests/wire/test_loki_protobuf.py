"""Protobuf pushes: the same as JSON, by both readers; foreign and broken messages."""

from collections.abc import Callable, Sequence
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.model.errors import BadRequest
from sigyn.model.time import FARTHEST_SECOND, FIRST, LAST
from sigyn.wire.loki_json import decode_loki_json
from sigyn.wire.loki_messages import PushRequest
from sigyn.wire.loki_protobuf import decode_loki_protobuf, read_messages, read_with_loops
from sigyn.wire.push import DecodedPush

from .strategies import NANOSECONDS, Entry, Stream, as_json, as_message, as_snappy, pushes

Read = Callable[[bytes], DecodedPush]


def by_loops(message: bytes) -> DecodedPush:
    decoded = read_with_loops(memoryview(message))
    assert decoded is not None
    return decoded


def by_messages(message: bytes) -> DecodedPush:
    return read_messages(memoryview(message))


READERS = pytest.mark.parametrize("read", [by_loops, by_messages])


def same(one: DecodedPush, other: DecodedPush) -> bool:
    return (
        one.streams == other.streams
        and one.entries.equals(other.entries)
        and one.refused == other.refused
        and one.stream_count == other.stream_count
    )


@settings(deadline=None)
@given(pushes)
def test_protobuf_says_what_json_says(push: Sequence[Stream]) -> None:
    assert same(decode_loki_protobuf(as_snappy(as_message(push))), decode_loki_json(as_json(push)))


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
@settings(deadline=None)
@given(pushes)
def test_the_loops_read_what_the_messages_say(push: Sequence[Stream]) -> None:
    message = as_message(push)
    assert same(by_loops(message), by_messages(message))


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
@settings(deadline=None)
@given(pushes, st.data())
def test_broken_messages_are_broken_for_both(push: Sequence[Stream], data: st.DataObject) -> None:
    message = bytearray(as_message(push))
    for _ in range(data.draw(st.integers(1, 3))):
        if message:
            at = data.draw(st.integers(0, len(message) - 1))
            message[at] = data.draw(st.integers(0, 255))
    del message[data.draw(st.integers(0, len(message))) :]
    walked = read_with_loops(memoryview(bytes(message)))
    try:
        read = by_messages(bytes(message))
    except BadRequest:
        assert walked is None
    else:
        assert walked is None or same(walked, read)


def large_push(entries: int = 2_000) -> list[Stream]:
    return [
        Stream((("app", str(number)),), [Entry(i, f"line {i} " + "x" * 40, {"n": str(i)}) for i in range(entries)])
        for number in range(2)
    ]


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
def test_a_large_push_comes_through_whole() -> None:
    push = large_push()
    assert same(decode_loki_protobuf(as_snappy(as_message(push))), decode_loki_json(as_json(push)))


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
@READERS
def test_unknown_fields_are_skipped_and_the_last_of_a_field_counts(read: Read) -> None:
    unknown = b"\x7a\x03abc" + b"\x78\x05" + b"\x7d\x01\x02\x03\x04" + b"\x79\x01\x02\x03\x04\x05\x06\x07\x08"
    time = b"\x08\x05" + unknown + b"\x10\x07\x08\x06"
    pair = unknown + b"\x0a\x01x\x0a\x01k" + b"\x12\x01v"
    entry = (
        unknown
        + b"\x12\x03old"
        + bytes([10, len(time)])
        + time
        + bytes([26, len(pair)])
        + pair
        + b"\x12\x03new"
        + b"\x22\x02\x0a\x00"
    )
    stream = unknown + b"\x0a\x02{}" + bytes([18, len(entry)]) + entry + b'\x0a\x07{a="b"}' + b"\x18\x11"
    message = unknown + bytes([10, len(stream) & 0x7F | 0x80, len(stream) >> 7]) + stream
    decoded = read(message)
    assert decoded.streams == ((("a", "b"),),)
    assert decoded.entries.to_pylist() == [
        {"stream": 0, "timestamp": 6_000_000_007, "line": "new", "metadata": '{"k":"v"}'}
    ]


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
@READERS
def test_bytes_that_are_not_utf8_are_mended(read: Read) -> None:
    request = PushRequest()
    stream = request.streams.add(labels=b'{a="\xff"}')
    entry = stream.entries.add(line=b"bad \xff\xc3 line")
    entry.structured_metadata.add(name=b"na\xffme", value=b"\xff")
    stream.entries.add(line="good é".encode())
    decoded = read(request.SerializeToString())
    assert decoded.streams == ((("a", "�"),),)
    assert decoded.entries["line"].to_pylist() == ["bad �� line", "good é"]
    assert decoded.entries["metadata"].to_pylist() == ['{"na_me":"�"}', None]


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
@READERS
def test_bad_labels_take_only_their_stream_along(read: Read) -> None:
    request = PushRequest()
    for labels, lines in ((b'{a="1"}', 2), (b"{a=}", 3), (b'{b="1",b="2"}', 1), (b"{broken", 0), (b'{c="1"}', 1)):
        stream = request.streams.add(labels=labels)
        for number in range(lines):
            stream.entries.add(line=b"line %d" % number)
    decoded = read(request.SerializeToString())
    assert decoded.streams == ((("a", "1"),), (("c", "1"),))
    assert decoded.entries["stream"].to_pylist() == [0, 0, 1]
    assert decoded.stream_count == 5
    assert [(refused.reason, refused.entries, refused.bytes) for refused in decoded.refused] == [
        ("invalid_labels", 3, 18),
        ("duplicate_label_names", 1, 6),
    ]


GO_ZERO_TIME = -62_135_596_800  # seconds from 1970 back to year 1, which a sender without a time gives


@pytest.mark.usefixtures("protobuf_loops", "metadata_loops")
@pytest.mark.parametrize(
    ("seconds", "nanos", "timestamp"),
    [
        (0, -1, -1),
        (0, (1 << 31) - 1, (1 << 31) - 1),
        (FARTHEST_SECOND, (1 << 31) - 1, FARTHEST_SECOND * NANOSECONDS + (1 << 31) - 1),
        (-FARTHEST_SECOND, -1 << 31, -FARTHEST_SECOND * NANOSECONDS - (1 << 31)),
        (FARTHEST_SECOND + 2, (1 << 31) - 1, LAST),
        (-FARTHEST_SECOND - 2, -1 << 31, FIRST),
        ((1 << 63) - 1, 0, LAST),
        (-1 << 63, 0, FIRST),
        (GO_ZERO_TIME, 0, FIRST),
    ],
)
@READERS
def test_a_time_that_64_bits_do_not_hold_is_the_first_or_the_last(
    read: Read, seconds: int, nanos: int, timestamp: int
) -> None:
    request = PushRequest()
    entry = request.streams.add(labels=b'{a="b"}').entries.add(line=b"x")
    entry.timestamp.seconds, entry.timestamp.nanos = seconds, nanos
    assert read(request.SerializeToString()).entries["timestamp"].to_pylist() == [timestamp]


def test_what_is_no_message_is_told() -> None:
    with pytest.raises(BadRequest, match="couldn't decode the protobuf body"):
        decode_loki_protobuf(as_snappy(b"garbage"))


def test_the_loops_are_compiled_once(protobuf_loops: ModuleType) -> None:
    for message in (b"", bytearray(b"\n\x00"), memoryview(b"\n\x02\n\x00")):
        array = np.frombuffer(message, np.uint8)
        array.flags.writeable = False
        protobuf_loops.walk_push(array)
    assert len(protobuf_loops.walk.signatures) == 1
