"""Which format a body has."""

import gzip
from collections.abc import Callable

import pytest

from sigyn.model.errors import BadRequest
from sigyn.wire.loki import decode_legacy_push, decode_loki_push, is_remote_write
from sigyn.wire.push import DecodedPush

from .strategies import Entry, Stream, as_json, as_message, as_snappy

Decode = Callable[[bytes, str, str], DecodedPush]

PUSH = [Stream((("a", "b"),), [Entry(1, "x", {})])]
LEGACY = b'{"streams": [{"labels": "{a=\\"b\\"}", "entries": [{"ts": "1970-01-01T00:00:00.000000001Z", "line": "x"}]}]}'


def remote_write(name: bytes = b"__name__") -> bytes:
    label = b"\x0a" + bytes([len(name)]) + name + b"\x12\x02up"
    series = b"\x0a" + bytes([len(label)]) + label + b"\x12\x0b\x09" + bytes(8) + b"\x10\x01"
    return b"\x0a" + bytes([len(series)]) + series


@pytest.mark.parametrize(
    ("body", "content_type", "content_encoding"),
    [
        (as_json(PUSH), "application/json", ""),
        (as_json(PUSH), "application/json; charset=utf-8", ""),
        (as_json(PUSH), "Application/JSON", ""),
        (as_json(PUSH), "", ""),
        (b"\n " + as_json(PUSH), "application/x-www-form-urlencoded", ""),
        (gzip.compress(as_json(PUSH), mtime=0), "application/json", "gzip"),
        (gzip.compress(as_json(PUSH), mtime=0), "", "gzip"),
        (as_snappy(as_json(PUSH)), "application/json", "snappy"),
        (as_snappy(as_message(PUSH)), "application/x-protobuf", ""),
        (as_snappy(as_message(PUSH)), "application/x-protobuf", "snappy"),
        (gzip.compress(as_snappy(as_message(PUSH)), mtime=0), "application/x-protobuf", "gzip"),
        (as_snappy(as_message(PUSH)), "", ""),
        (as_snappy(as_message(PUSH)), "no media type", ""),
    ],
)
@pytest.mark.parametrize("decode", [decode_loki_push, decode_legacy_push])
def test_formats(decode: Decode, body: bytes, content_type: str, content_encoding: str) -> None:
    decoded = decode(body, content_type, content_encoding)
    assert decoded.streams == ((("a", "b"),),)
    assert decoded.entries["line"].to_pylist() == ["x"]


@pytest.mark.parametrize("decode", [decode_loki_push, decode_legacy_push])
def test_the_legacy_form_is_taken_at_either_endpoint(decode: Decode) -> None:
    decoded = decode(LEGACY, "application/json", "")
    assert (decoded.streams, decoded.entries["line"].to_pylist()) == (((("a", "b"),),), ["x"])


def test_a_brace_at_the_start_of_protobuf_is_no_json() -> None:
    with pytest.raises(BadRequest, match="snappy: corrupt input"):
        decode_loki_push(b'{"streams": []}', "application/x-protobuf", "")


@pytest.mark.parametrize(
    ("message", "remote"),
    [
        (remote_write(), True),
        (remote_write(b"x" * 100), True),
        (b"\x1a\x04\x08\x01\x12\x00", True),
        (b"\x22\x00\x22\x03foo", True),
        (as_message(PUSH), False),
        (as_message([Stream((("a", "b" * 300),), [Entry(1, "x" * 300, {})])]), False),
        (b"", False),
        (b"\n\x00", False),
    ],
)
def test_remote_writes_are_told_by_their_content(message: bytes, remote: bool) -> None:
    assert is_remote_write(memoryview(message)) is remote


def test_a_remote_write_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="this is a Prometheus remote write"):
        decode_legacy_push(as_snappy(remote_write()), "application/x-protobuf", "snappy")
