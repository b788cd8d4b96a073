"""JSON pushes: what they say, what is mended, and where errors are."""

import json
from collections.abc import Callable

import pytest

from sigyn.model.errors import BadRequest
from sigyn.model.time import FIRST, LAST
from sigyn.wire.loki_json import decode_legacy_json, decode_loki_json
from sigyn.wire.push import DecodedPush

TIME = "1768471260000000000"


def push(*streams: object) -> bytes:
    return json.dumps({"streams": streams}).encode()


def one(*entry: object) -> bytes:
    return push({"stream": {"a": "b"}, "values": [entry]})


def test_streams_and_entries() -> None:
    decoded = decode_loki_json(
        push(
            {"stream": {"b": "2", "a": "1"}, "values": [[TIME, "x", {"k.k": "v"}], [TIME, "y"]], "unknown": 1},
            {"stream": {"c": "3"}},
            {"stream": {"d": "4"}, "values": [["-5", "z", None]]},
        )
    )
    assert decoded.streams == ((("a", "1"), ("b", "2")), (("d", "4"),))
    assert decoded.stream_count == 3
    assert decoded.entries.to_pylist() == [
        {"stream": 0, "timestamp": int(TIME), "line": "x", "metadata": '{"k_k":"v"}'},
        {"stream": 0, "timestamp": int(TIME), "line": "y", "metadata": None},
        {"stream": 1, "timestamp": -5, "line": "z", "metadata": None},
    ]


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"streams": null}', b'{"streams": []}', b"  {}\n"])
def test_nothing_is_a_push_without_streams(body: bytes) -> None:
    assert decode_loki_json(body).stream_count == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "EOF"),
        (b" \n", "EOF"),
        (b"[]", "couldn't decode the JSON body: expected `object | null`, got `array`"),
        (b'{"streams": {}}', "couldn't decode the JSON body: streams: expected `array | null`, got `object`"),
        (b'{"streams": [1]}', "couldn't decode the JSON body: stream 0: expected `object`, got `int`"),
        (push({}, {"stream": ["a"]}), "couldn't decode the JSON body: stream 1, stream: expected `object | null`, got"),
        (push({"stream": {"a": 1}}), "couldn't decode the JSON body: stream 0, stream: expected `str`, got `int`"),
        (
            push({"values": {}}),
            "couldn't decode the JSON body: stream 0, values: expected `array | null`, got `object`",
        ),
        (one(int(TIME), "x"), "couldn't decode the JSON body: stream 0, entry 0, timestamp: expected `str`, got `int`"),
        (one(TIME, None), "couldn't decode the JSON body: stream 0, entry 0, line: expected `str`, got `null`"),
        (one(TIME), "couldn't decode the JSON body: stream 0, entry 0: expected `array` of at least length 2, got 1"),
        (one(TIME, "x", "y"), "couldn't decode the JSON body: stream 0, entry 0, structured metadata: expected"),
        (one(TIME, "x", {"k": 1}), "couldn't decode the JSON body: stream 0, entry 0, structured metadata: expected"),
        (one("abc", "x"), "couldn't decode the JSON body: stream 0, entry 0, timestamp: 'abc' is not a whole number"),
        (one("1.5", "x"), "couldn't decode the JSON body: stream 0, entry 0, timestamp: '1.5' is not a whole number"),
        (one("1_0", "x"), "couldn't decode the JSON body: stream 0, entry 0, timestamp: '1_0' is not a whole number"),
        (
            one("9" * 19, "x"),
            "couldn't decode the JSON body: stream 0, entry 0, timestamp: '9999999999999999999' is out",
        ),
        (one("9" * 5000, "x"), "couldn't decode the JSON body: stream 0, entry 0, timestamp:"),
        (b'{"streams": [', "couldn't decode the JSON body: unexpected EOF:"),
        (b'{"streams": []} x', "couldn't decode the JSON body: Extra data at byte 17"),
        (b"[" * 100_000, "couldn't decode the JSON body: "),
        (
            b'{"streams": [{"stream": {"a": "b\xff"}}], "x": ' + b"1" * 5000 + b"}",
            "couldn't decode the JSON body: a number has more than 4300 digits",
        ),
        (b'{"x": ' + b"[" * 100_000, "couldn't decode the JSON body: it is nested too deeply"),
    ],
)
def test_errors_say_where(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        decode_loki_json(body)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("text", ["0x10", "0xffffffffffffffff", "0X1F", "1e3", " 5", "", "1_0", "\u0663"])
def test_a_timestamp_is_a_decimal_number_however_many_there_are(count: int, text: str) -> None:
    with pytest.raises(BadRequest, match=f"entry {count - 1}, timestamp: .* is not a whole number"):
        decode_loki_json(push({"stream": {"a": "b"}, "values": [[TIME, "x"]] * (count - 1) + [[text, "x"]]}))


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("+5", 5),
        ("-0", 0),
        ("0" * 30 + "7", 7),
        ("-" + "0" * 5000 + "7", -7),
        (str((1 << 63) - 1), (1 << 63) - 1),
        (str(-1 << 63), -1 << 63),
    ],
)
def test_a_timestamp_may_have_a_sign_and_zeros_before_it(count: int, text: str, timestamp: int) -> None:
    decoded = decode_loki_json(push({"stream": {"a": "b"}, "values": [[TIME, "x"]] * (count - 1) + [[text, "x"]]}))
    assert decoded.entries["timestamp"].to_pylist()[-1] == timestamp


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("text", [str(1 << 63), str((-1 << 63) - 1), "9" * 20, "-" + "9" * 5000])
def test_a_timestamp_has_64_bits(count: int, text: str) -> None:
    with pytest.raises(BadRequest, match=f"entry {count - 1}, timestamp: .* is out of range"):
        decode_loki_json(push({"stream": {"a": "b"}, "values": [[TIME, "x"]] * (count - 1) + [[text, "x"]]}))


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"raw\ttab and\nnewline", "raw\ttab and\nnewline"),
        (b"not UTF-8: \xff", "not UTF-8: �"),
        (b"half a pair: \\ud800", "half a pair: �"),
        (b"a pair: \\ud83d\\ude00", "a pair: 😀"),
    ],
)
def test_what_go_lets_pass_is_mended(line: bytes, read: str) -> None:
    body = b'{"streams": [{"stream": {"a": "b"}, "values": [["1", "' + line + b'"]]}]}'
    assert decode_loki_json(body).entries["line"].to_pylist() == [read]


def test_bad_labels_take_only_their_stream_along() -> None:
    decoded = decode_loki_json(
        push(
            {"stream": {"good": "1"}, "values": [["1", "x"]]},
            {"stream": {"bad-name": "2"}, "values": [["2", "lost"], ["3", "lost é"]]},
            {"stream": {"good": "3"}, "values": [["4", "y"]]},
        )
    )
    assert decoded.entries["line"].to_pylist() == ["x", "y"]
    assert decoded.entries["stream"].to_pylist() == [0, 1]
    (refused,) = decoded.refused
    assert (refused.reason, refused.entries, refused.bytes) == ("invalid_labels", 2, 11)


@pytest.mark.parametrize("decode", [decode_legacy_json, decode_loki_json])
def test_the_legacy_form_at_either_endpoint(decode: Callable[[bytes], DecodedPush]) -> None:
    decoded = decode(
        push(
            {"labels": '{a="b"}', "entries": [{"ts": "2026-01-15T10:01:00.000000005Z", "line": "x"}]},
            {"stream": {"c": "d"}, "values": [[TIME, "y", {"k": "v"}]]},
            {"labels": "{a=}", "entries": [{"ts": "2026-01-15T11:01:00+01:00", "line": "lost"}]},
        )
    )
    assert decoded.streams == ((("a", "b"),), (("c", "d"),))
    assert decoded.entries["timestamp"].to_pylist() == [int(TIME) + 5, int(TIME)]
    assert [refused.entries for refused in decoded.refused] == [1]


def test_the_legacy_form_says_where_a_time_is_wrong() -> None:
    body = push({"labels": '{a="b"}', "entries": [{"ts": "yesterday", "line": "x"}]})
    with pytest.raises(BadRequest, match="stream 0, entry 0, ts: 'yesterday' is not an RFC 3339 time"):
        decode_legacy_json(body)


@pytest.mark.parametrize(("text", "timestamp"), [("0001-01-01T00:00:00Z", FIRST), ("9999-12-31T23:59:59Z", LAST)])
def test_a_time_that_64_bits_do_not_hold_is_the_first_or_the_last(text: str, timestamp: int) -> None:
    body = push({"labels": '{a="b"}', "entries": [{"ts": text, "line": "x"}]})
    assert decode_legacy_json(body).entries["timestamp"].to_pylist() == [timestamp]
