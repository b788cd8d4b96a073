"""`| json`, `| json name="path"` and `| unpack`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.engine.interpreter.json_paths import find_paths, strict_values
from sigyn.engine.interpreter.json_syntax import JsonSyntaxError, walk_object
from sigyn.engine.interpreter.unpack import strings_of, walked_strings
from sigyn.model.labels import label_name
from tests.engine.interpreter.running import STREAM, parsed, run

ERROR = {"__error__": "JSONParserErr"}


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ('{"a":1,"b":1.0,"c":1e3,"d":-0.5,"e":12345678901234567890,"g":-0,"h":1E-2}',
         {"a": "1", "b": "1.0", "c": "1e3", "d": "-0.5", "e": "12345678901234567890", "g": "-0", "h": "1E-2"}),
        ('{"t":true,"f":false,"n":null,"empty":""}', {"t": "true", "f": "false", "empty": ""}),
        ('{"o":{"p":{"q":"r"}},"x":[1,{"y":2}]}', {"o_p_q": "r"}),
        ('{"a":{"9lives":"cat","b":{"0":"zero"}},"9":{"9":"x"}}', {"a_9lives": "cat", "a_b_0": "zero", "_9_9": "x"}),
        ('{"a":{"9lives":"cat\ufffd"}}', {"a_9lives": "cat "}),
        ('{"user-id":"u","a.b":"d","9lives":"cat","with space":"s","ключ":"k"," trimmed ":"t"}',
         {"user_id": "u", "a_b": "d", "_9lives": "cat", "with_space": "s", "____": "k", "trimmed": "t"}),
        ('{"k":"first","k":"second"}', {"k": "first"}),
        ('{"a":{"b":"nested"},"a_b":"flat"}', {"a_b": "nested"}),
        ('{"app":"x","app_extracted":"y"}', {"app_extracted": "x"}),
        ('{"u":"\\u03a3 \\ud83d\\ude00","p":"C:\\\\x","nl":"a\\nb"}', {"u": "Σ 😀", "p": "C:\\x", "nl": "a\nb"}),
        ('{"half":"\\ud83d","bad":"\\x","ok":"1"}', {"half": "", "bad": "", "ok": "1"}),
        ('{"a":"x\ufffdy"}', {"a": "x y"}),
        ('{"a":"raw\ttab"}', {"a": "raw\ttab"}),
        (' \n{ "a" : 1 , } trailing garbage', {"a": "1"}),
        ('{}', {}),
        ('{"a":12abc,"b":1}', {"a": "12abc", "b": "1"}),
        ('{"":"x","a":1}', {"a": "1"}),
    ],
)  # fmt: skip
def test_fields(line: str, labels: dict[str, str]) -> None:
    assert parsed("| json", line) == labels


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ('{"a":1,"b":"unterminated', {"a": "1"}),
        ('{"a":1,"b":2', {"a": "1", "b": "2"}),
        ('{"msg":"missing colon" "a":1}', {"msg": "missing colon"}),
        ('{"a":1,"o":{"b":2,"c":"x', {"a": "1"}),
        ('{"a":1,"o":{"b":2 "c":3},"d":4}', {"a": "1", "o_b": "2"}),
        ('{"a":1,"x":[1,2', {"a": "1"}),
        ('{"a":1,"b":nil,"c":2}', {"a": "1"}),
        ('{"a":1,,"b":2}', {"a": "1"}),
        ("{'a':1}", {}),
        ("[1,2]", {}),
        ('"text"', {}),
        ("null", {}),
        ("plain text", {}),
        ("", {}),
    ],
)
def test_fields_before_an_error_stay(line: str, labels: dict[str, str]) -> None:
    assert parsed("| json", line) == labels | ERROR


def test_names_of_the_entry_get_a_suffix() -> None:
    assert parsed("| json", '{"app":"a","trace":"b","new":"c"}', trace="t") == {
        "app_extracted": "a",
        "trace_extracted": "b",
        "new": "c",
    }
    assert parsed('| drop app | json | label_format x="1"', '{"app":"a"}') == {"app_extracted": "a", "x": "1"}


def test_the_first_parser_wins() -> None:
    assert parsed("| json | logfmt", '{"a":"json"} a=logfmt b=2') == {"a": "json", "b": "2"}


def test_a_deep_object_is_read() -> None:
    depth = 5000
    line = '{"a":' * depth + "1" + "}" * depth
    labels = parsed("| json", line)
    assert labels == {"_".join("a" * depth): "1"}


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
documents = st.dictionaries(
    st.text(max_size=6),
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)),
    max_size=5,
)


@given(documents, st.booleans())
def test_the_fast_and_the_lenient_reading_agree(document: dict[str, object], ascii_only: bool) -> None:
    line = json.dumps(document, ensure_ascii=ascii_only)
    expected: dict[str, str] = {}
    for path, text in walk_object(line):
        name = "_".join(label_name(key, is_first=not place) for place, key in enumerate(path))
        if name:
            expected.setdefault(name + "_extracted" if name in dict(STREAM) else name, text)
    entry = run("| json", line)
    assert entry is not None
    assert entry.parsed == expected


@given(documents, st.booleans(), st.sampled_from(("", " tail", "}", "\x00")))
def test_strings_to_unpack_found_fast_and_leniently_agree(
    document: dict[str, object], ascii_only: bool, behind: str
) -> None:
    line = json.dumps(document, ensure_ascii=ascii_only) + behind
    assert list(strings_of(line, 0)) == list(walked_strings(line, 0))


@given(documents, st.data())
def test_paths_found_fast_and_leniently_agree(document: dict[str, object], data: st.DataObject) -> None:
    line = json.dumps(document)
    steps = st.text(max_size=4) | st.integers(0, 3)
    keys = st.sampled_from(sorted(document)) if document else st.text(max_size=3)
    paths = data.draw(
        st.lists(st.builds(lambda key, rest: (key, *rest), keys, st.lists(steps, max_size=2)), max_size=3)
    )
    fast = strict_values(line, 0, paths)
    if fast is not None:
        assert dict(fast) == dict(find_paths(line, paths))


@given(st.text(alphabet='{}[]":,\\ au1t', max_size=30))
def test_no_text_upsets_the_search(line: str) -> None:
    found = [index for index, _ in find_paths(line, [("a",), ("a", 0, "u"), (0, "a")])]
    assert len(found) == len(set(found))


@given(st.text(alphabet='{}[]":,\\ au1t', max_size=30))
def test_a_line_is_read_to_its_end_or_marked(line: str) -> None:
    try:
        fields = [path for path, _ in walk_object("{" + line)]
    except JsonSyntaxError:
        assert parsed("| json", "{" + line).get("__error__") == "JSONParserErr"
    else:
        assert "}" in line
        assert all(fields)


@pytest.mark.parametrize(
    ("stage", "line", "labels"),
    [
        ('| json id="a[1].id", name="a[0].name"', '{"a":[{"name":"x"},{"id":7}]}', {"id": "7", "name": "x"}),
        (
            '| json whole="a", cell="m[1][0]"',
            '{"a":[{"id":1}],"m":[[1,2],[3,4]]}',
            {"whole": '[{"id":1}]', "cell": "3"},
        ),
        ('| json o="o"', '{"o": {"b": "\\u03a3"}}', {"o": '{"b": "\\u03a3"}'}),
        ('| json dot="[\\"a.b\\"]", uid="[\\"user-id\\"]"', '{"a.b":"d","user-id":"u"}', {"dot": "d", "uid": "u"}),
        ("| json t, n, missing", '{"t":true,"n":null}', {"t": "true", "n": "", "missing": ""}),
        ('| json m="[0].msg"', '[{"msg":"in array"}]', {"m": "in array"}),
        ('| json app="nosuch"', '{"a":1}', {}),
        ('| json app="a"', '{"a":1}', {"app_extracted": "1"}),
        ("| json a", '{"a":1,"a":2}', {"a": "1"}),
        ('| json x="a.b"', '{"a":{"c":1},"a":{"b":2}}', {"x": "2"}),
        ("| json a", '{"msg":"missing colon" "a":1}', {"a": "1"}),
        ("| json a, z", '{"a":1,"b":"unterminated', {"a": "1", "z": ""}),
        ('| json x="o.b"', '{"o":{"b":1', {"x": "1"}),
        ("| json a", "", {}),
    ],
)
def test_paths(stage: str, line: str, labels: dict[str, str]) -> None:
    assert parsed(stage, line) == labels


@pytest.mark.parametrize(
    ("stage", "line", "labels"),
    [
        ("| json a, b", '{"a":1,"b":"unterminated', {"a": "1", "b": ""} | ERROR),
        ("| json ip", "203.0.113.1 GET", ERROR),
        ("| json a", "plain", ERROR),
    ],
)
def test_broken_paths(stage: str, line: str, labels: dict[str, str]) -> None:
    assert parsed(stage, line) == labels


@pytest.mark.parametrize(
    ("line", "left", "labels"),
    [
        ('{"_entry":"a \\"line\\"","pod-name":"p","app":"x"}', 'a "line"', {"pod_name": "p", "app_extracted": "x"}),
        ('{"_entry":"line","num":5,"obj":{"a":"b"},"s":"x"}', "line", {"s": "x"}),
        ('{"pod":"p","note":"no entry"}', '{"pod":"p","note":"no entry"}', {}),
        ('{"_entry":"broken', '{"_entry":"broken', ERROR),
        ('{"a":"b","_entry":"x"', '{"a":"b","_entry":"x"', ERROR),
        ("not packed", "not packed", ERROR),
        ("", "", {}),
    ],
)
def test_unpack(line: str, left: str, labels: dict[str, str]) -> None:
    entry = run("| unpack", line)
    assert entry is not None
    assert entry.line == left
    entry.parsed.pop("__error_details__", None)
    assert entry.parsed == labels
