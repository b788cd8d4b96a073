"""The small languages inside strings: JSON paths, patterns, addresses, named groups."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.logql.captures import regexp_captures
from sigyn.languages.logql.ip_pattern import IpPatternError, parse_ip_pattern
from sigyn.languages.logql.json_path import JsonPathError, parse_json_path
from sigyn.languages.logql.pattern import Capture, parse_line_pattern, parse_pattern


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b_2.C", ("a", "b_2", "C")),
        ("a[0]", ("a", 0)),
        ("[0].a[12][3]", (0, "a", 12, 3)),
        ('["user-id"]', ("user-id",)),
        (r'a["with \"quotes\" and ] é"].b', ("a", 'with "quotes" and ] é', "b")),
        (" a . b [ 1 ] ", ("a", "b", 1)),
    ],
)
def test_json_paths(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_json_path(text) == path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "syntax error: unexpected $end, expecting [ or FIELD"),
        ("user-id", "unexpected char -"),
        ("[x", "syntax error: unexpected FIELD, expecting STRING or INDEX"),
        ("[0", "syntax error: unexpected $end, expecting ]"),
        ("a.", "syntax error: unexpected $end, expecting FIELD"),
        ("a.0", "syntax error: unexpected INDEX, expecting FIELD"),
        (".a", "syntax error: unexpected ., expecting [ or FIELD"),
        ("a b", "syntax error: unexpected FIELD, expecting ."),
        ("é", "unexpected char é"),
        ('a["\\d"]', "invalid char escape"),
        ("a[" + "9" * 5000 + "]", f"index out of range: {'9' * 5000}"),
    ],
)
def test_refused_json_paths(text: str, complaint: str) -> None:
    with pytest.raises(JsonPathError) as caught:
        parse_json_path(text)
    assert str(caught.value) == f"cannot parse expression [{text}]: {complaint}"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("<a>", (Capture("a"),)),
        ("<a> <_>", (Capture("a"), " ", Capture(None))),
        ('[<_>] "<method_2>" <', ("[", Capture(None), '] "', Capture("method_2"), '" <')),
        ("<user-id> <9> <> < a> <b>", ("<user-id> <9> <> < a> ", Capture("b"))),
        ("<<a>>", ("<", Capture("a"), ">")),
    ],
)
def test_patterns(text: str, pieces: tuple[str | Capture, ...]) -> None:
    assert parse_pattern(text).pieces == pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("", ()), ("plain", ("plain",)), ("<_>", (Capture(None),)), ("<_> x <_>", (Capture(None), " x ", Capture(None)))],
)
def test_line_patterns(text: str, pieces: tuple[str | Capture, ...]) -> None:
    assert parse_line_pattern(text).pieces == pieces


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
        ("10.1.2.3/8", "10.255.255.255", "11.0.0.0"),
        ("10.0.0.1-10.0.0.9", "10.0.0.9", "10.0.0.10"),
        ("2001:db8::/32", "2001:db8::1", "10.0.0.1"),
        ("::1 - ::f", "::a", "::10"),
    ],
)
def test_ip_patterns(text: str, inside: str, outside: str) -> None:
    pattern = parse_ip_pattern(text)
    assert pattern.contains(inside)
    assert not pattern.contains(outside)


@given(
    st.one_of(
        st.from_regex(r"[0-9.]{5,16}", fullmatch=True),
        st.from_regex(r"([0-9]{0,4}\.){3,4}[0-9]{0,4}", fullmatch=True),
        st.from_regex(r"[0-9a-f:.\x00]{2,20}", fullmatch=True),
        st.ip_addresses().map(str),
    )
)
def test_an_address_is_what_python_takes_for_one(text: str) -> None:
    try:
        version = ip_address(text).version
    except ValueError:
        version = 0
    assert [parse_ip_pattern(every).contains(text) for every in ("0.0.0.0/0", "::/0")] == [version == 4, version == 6]


@pytest.mark.parametrize("text", ["", "x", "10.0.0", "10.0.0.0/33", "10.0.0.9-10.0.0.1", "::1-10.0.0.1", "1-2-3"])
def test_refused_ip_patterns(text: str) -> None:
    with pytest.raises(IpPatternError) as caught:
        parse_ip_pattern(text)
    assert str(caught.value) == f'ip: invalid pattern: "{text}"'


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (r"(?P<a>\w+) (?P<b>.*)", ("a", "b")),
        (r"(?<a>x)(y)(?:(?P<b>z))", ("a", "b")),
        (r"[(?P<no>](?P<a>x)", ("a",)),
        (r"[](?P<no>](?P<a>x)", ("a",)),
        (r"[^](?P<no>](?P<a>x)", ("a",)),
        (r"[[:alpha:](?P<no>](?P<a>x)", ("a",)),
        (r"\(?P<no>(?P<a>x)", ("a",)),
        (r"\Q(?P<no>\E(?P<a>x)", ("a",)),
    ],
)
def test_named_groups(pattern: str, names: tuple[str, ...]) -> None:
    assert regexp_captures(pattern) == names
