"""Label texts: what Prometheus' syntax allows, and its errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels, format_labels, labels_of
from sigyn.wire.label_text import labels_of_mapping, parse_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("{}", ()),
        ('{a="b"}', (("a", "b"),)),
        ('{ c = "d" , a="b", }', (("a", "b"), ("c", "d"))),
        ("{a='b'}", (("a", "b"),)),
        ("{a=`b\\n`}", (("a", "b\\n"),)),
        ('{a="\\n\\"\\\\"}', (("a", '\n"\\'),)),
        ('{a="\\u03a3\\U0001F600\\x41\\101"}', (("a", "Σ😀AA"),)),
        ('{a="\\xc3\\xa9"}', (("a", "é"),)),
        ('{a="\\xff"}', (("a", "�"),)),
        ('{a="",b="c"}', (("b", "c"),)),
        ('{a="}"}', (("a", "}"),)),
        ('{a=","}', (("a", ","),)),
        ('{a="x y"}', (("a", "x y"),)),
        ('up{a="b"}', (("__name__", "up"), ("a", "b"))),
        ("up", (("__name__", "up"),)),
    ],
)
def test_what_is_a_label_set(text: str, labels: Labels) -> None:
    assert parse_labels(text) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{bad-name="b"}', "1:5: parse error: unexpected character inside braces: '-'"),
        ('{9a="b"}', "1:2: parse error: unexpected character inside braces: '9'"),
        ('{="b"}', '1:2: parse error: unexpected "=" in label set, expected identifier or "}"'),
        ("{a}", '1:3: parse error: unexpected "}" in label set, expected "="'),
        ("{a=b}", '1:4: parse error: unexpected identifier "b" in label set, expected string'),
        ('{a=~"b"}', '1:3: parse error: unexpected "=~" in label set, expected "="'),
        ('{a!="b"}', '1:3: parse error: unexpected "!=" in label set, expected "="'),
        ('{a="b" c="d"}', '1:8: parse error: unexpected identifier "c" in label set, expected "," or "}"'),
        ('{a="b"', "1:7: parse error: unexpected end of input inside braces"),
        ('{a="b', "1:4: parse error: unterminated quoted string"),
        ("{a=`b", "1:4: parse error: unterminated raw string"),
        ('{\n  a="b"\n  c="d"}', '3:3: parse error: unexpected identifier "c" in label set, expected "," or "}"'),
        ('{a="\\q"}', "1:4: parse error: unknown escape sequence"),
        ('{a="b"} c', '1:9: parse error: unexpected identifier "c", expected end of input'),
        ("", '1:1: parse error: unexpected end of input, expected identifier or "{"'),
        ("a b", '1:3: parse error: unexpected identifier "b", expected identifier or "{"'),
        ("[]", "1:1: parse error: unexpected character: '['"),
    ],
)
def test_errors_have_the_place(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse_labels(text)
    assert str(error.value).startswith(f"couldn't parse labels: {message}")


def test_a_name_may_come_once() -> None:
    with pytest.raises(BadRequest, match=r"stream '.*' has duplicate label name: 'a'"):
        parse_labels('{a="1",b="2",a="1"}')


def test_labels_of_an_object_are_checked_like_a_text() -> None:
    assert labels_of_mapping({"b": "2", "a": "1", "c": ""}) == (("a", "1"), ("b", "2"))
    with pytest.raises(BadRequest, match="1:12: parse error: unexpected character inside braces: '-'"):
        labels_of_mapping({"bad-name": "x", "a": "b"})


def test_long_texts_are_read_too() -> None:
    value = "x" * 100_000
    assert parse_labels(f'{{a="{value}"}}') == (("a", value),)


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True), st.text(max_size=8)).map(labels_of))
def test_printed_labels_read_back(labels: Labels) -> None:
    readable = tuple((name, value.encode("utf-8", "replace").decode()) for name, value in labels)
    assert parse_labels(format_labels(readable)) == readable
