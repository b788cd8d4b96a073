"""Automata find what RE2 finds."""

import json
import os
import re
import string

import numpy as np
import pyarrow as pa
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.engine.automata.automaton import FIRST, UNKNOWN, Automaton, automaton_of
from sigyn.engine.automata.characters import Bytes, in_utf8
from sigyn.engine.automata.lines import find_in_lines
from sigyn.engine.automata.syntax import FirstBytes, first_bytes, parse_expression, required_texts
from sigyn.store.portion import Portion
from sigyn.store.shapes.shaping import shape_lines
from tests.engine.agreement_words import lines as any_lines
from tests.store.test_shapes import NOON, messages, portion_of

pieces = st.sampled_from(
    (
        "a",
        "b",
        "ab",
        ".",
        "[ab]",
        "[^a]",
        "\\d",
        "\\w",
        "\\s",
        "\\.",
        "^",
        "$",
        "1",
        "took",
        " ms",
        '"',
        ":",
        "[a-c1]",
        "",
        "error",
        "=",
        "(?i)",
        "(?i:a)",
        "(?i:[^b]|[a-c])",
        "(?s:.)",
        "(?is)",
        "(?-i)",
        "(?i-s:b.)",
        "é",
        "[à-ö]",
        "[^ш]",
        "(?i:É)",
        "(?i:[k-n])",
        "\\pL",
        "\\P{Greek}",
        "[[:alpha:]]",
        "[[:^alpha:]é]",
        "\\x{e9}",
        "\\W",
        "ш\\b",
        "\\b",
        "\\B",
        "\\ba",
        "b\\b",
    )
)
expressions = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"))).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"({part})"),
    ),
    max_leaves=8,
)
lines_of_messages = messages.map(lambda some: [json.dumps({"msg": text, "n": text}) for text in some])
many_lines = st.lists(any_lines, min_size=1, max_size=30) | lines_of_messages
texts = st.text(alphabet=st.sampled_from('abABC1.c\n "kéÉшШω\u212a\u017f\U0001f600'), max_size=10)


def found_in(automaton: Automaton, text: str) -> bool | None:
    state = automaton.after(FIRST, text.encode())
    return None if state == UNKNOWN else bool(automaton.at_end[state])


@settings(max_examples=4000 if os.environ.get("SIGYN_LONG") else 500, deadline=None)
@given(expressions, st.lists(texts, min_size=1, max_size=10))
def test_an_automaton_finds_what_re2_finds(expression: str, some: list[str]) -> None:
    of_ascii = automaton_of(expression, "expression")
    of_all = automaton_of(expression, "expression", ascii_only=False)
    compiled = re2.compile(expression)
    for text in some:
        found = compiled.search(text) is not None
        if of_ascii is not None:
            assert found_in(of_ascii, text) in ((found,) if text.isascii() else (found, None)), text
        if of_all is not None:
            assert found_in(of_all, text) == found, text


@given(st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF), st.lists(st.characters(exclude_categories=["Cs"])))
def test_a_range_of_characters_is_written_as_utf8_writes_it(one: int, other: int, some: list[str]) -> None:
    first, last = sorted((one, other))
    written = list(in_utf8(((first, last),)))
    ends = [chr(code) for code in (first - 1, first, last, last + 1) if 0 <= code <= 0x10FFFF]
    for character in (*some, *ends):
        code, text = ord(character), character.encode("utf-8", "surrogatepass")
        ways = [way for way in written if len(way) == len(text) and _is_between(text, way)]
        assert len(ways) == (first <= code <= last), character


def _is_between(text: bytes, way: Bytes) -> bool:
    return all(first <= byte <= last for byte, (first, last) in zip(text, way, strict=True))


def test_no_other_letters_of_ascii_are_letters_beyond_it_without_case() -> None:
    beyond = "".join(chr(code) for code in range(0x80, 0x20000) if not 0xD800 <= code < 0xE000)
    assert {letter for letter in string.ascii_letters if re2.search(f"(?i:{letter})", beyond)} == set("kKsS")


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        ("Fehler: .*Zähler", {"Fehler: kein Zähler", "Fehler: (größer) Zähler"}),
        ("(?i)ОШИБКА", {"ошибка", "Ошибка 5"}),
        ("(?i)ask", {"ask", "a\u017f\u212a", "TASK"}),
        (r"^\p{Cyrillic}+$", {"ошибка"}),
        ("x[^a]y", {"xбy", "x\U0001f600y"}),
        ("x..y", {"xбшy"}),
    ],
)
def test_characters_beyond_ascii_are_found(expression: str, lines: set[str]) -> None:
    automaton = automaton_of(expression, "expression", ascii_only=False)
    assert automaton is not None
    some = {
        "Fehler: kein Zähler",
        "Fehler: (größer) Zähler",
        "Fehler: kein Zahler",
        "ошибка",
        "Ошибка 5",
        "ask",
        "TASK",
    }
    some |= {"a\u017f\u212a", "xбy", "x\U0001f600y", "xay", "xбшy", "xy"}
    assert {line for line in some if found_in(automaton, line)} == lines
    assert {line for line in some if re2.search(expression, line)} == lines


@pytest.mark.parametrize(
    "expression",
    [
        "(?m)^error$", "(?U)a+", r"\A", r"\Qa\E", r"\C", "a{100}",
        "x{,2}", "a{01}", "a{0,02}", "a{²}", "a{٣}", "a{2,٣}", f"a{{{'9' * 5000}}}",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left_to_re2(expression: str) -> None:
    assert automaton_of(expression, "expression") is None


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (r"\berror\b", {"error", "an error: x", '"error"'}),
        (r"\Berror", {"terror", "_error"}),
        (r"(?i)\bERR(OR)?\b", {"error", "an error: x", '"error"', "err"}),
        (r"\b", {"error", "an error: x", '"error"', "errors", "terror", "_error", "err"}),
        (r"$\b|x", {"error", "an error: x", "errors", "terror", "_error", "err"}),
        (r"^\B", {'"error"', ""}),
        (r"r\b$|^$", {"error", "terror", "_error", "err", ""}),
    ],
)
def test_words_end_where_re2_ends_them(expression: str, found: set[str]) -> None:
    automaton = automaton_of(expression, "expression")
    assert automaton is not None
    lines = ("error", "an error: x", '"error"', "errors", "terror", "_error", "err", "")
    assert {line for line in lines if found_in(automaton, line)} == found
    assert {line for line in lines if re2.search(expression, line)} == found


def test_what_is_made_for_ascii_alone_knows_where_more_does_not_matter() -> None:
    automaton = automaton_of("a.b|[c-d]x", "expression")
    assert automaton is not None
    assert found_in(automaton, "aéb") is None
    assert found_in(automaton, "axb é")
    assert found_in(automaton, "é cx é")
    assert found_in(automaton, "é cé é") is False


@settings(max_examples=200, deadline=None)
@given(many_lines, expressions)
def test_shaped_lines_are_searched_as_if_they_were_text(lines: list[str], expression: str) -> None:
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    automaton = automaton_of(expression, "expression")
    if shaped is None or automaton is None:
        return
    compiled = re2.compile(expression)
    rows = np.arange(len(lines))
    findings = find_in_lines(portion_of(lines, shaped), rows, automaton)
    for line, found, unknown in zip(lines, findings.found, findings.unknown, strict=True):
        assert unknown or bool(found) == (compiled.search(line) is not None), line
    assert not (findings.unknown & (shaped.of_line >= 0))[[line.isascii() for line in lines]].any()


@settings(max_examples=200, deadline=None)
@given(many_lines, st.data())
def test_a_text_is_found_wherever_it_is(lines: list[str], data: st.DataObject) -> None:
    """Also across the columns that a line is held in, and beside any alphabet's letters."""
    line = data.draw(st.sampled_from(lines))
    begin = data.draw(st.integers(0, len(line)))
    sought = data.draw(st.one_of(texts, st.just(line[begin : begin + data.draw(st.integers(1, 40))])))
    automaton = automaton_of(sought, "text")
    assert automaton is not None
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    assert [found_in(automaton, each) for each in lines] == [sought in each for each in lines]
    if shaped is not None:
        findings = find_in_lines(portion_of(lines, shaped), np.arange(len(lines)), automaton)
        assert findings.found.tolist() == [sought in each for each in lines]
        assert not findings.unknown.any()


texts_with_words = st.lists(
    st.lists(st.sampled_from(("tim", "Time", "-OUT", "time-out", "-", "E", "x", "é", "\u017f", " " * 9, "tIME-oUT")))
    .map("".join)
    .filter(len),
    min_size=1,
    max_size=9,
)


@settings(max_examples=200, deadline=None)
@given(texts_with_words, st.sampled_from(("(?i)time-out", "(?i)e-o", "(?i)t", "ti(?i)me", "(?i)x-?e", "(?i)times")))
def test_a_text_is_found_in_either_case(lines: list[str], expression: str) -> None:
    """In lines held as text, of which most bytes are passed over many at a time."""
    compiled = re2.compile(expression)
    held = pa.table({"line": pa.array(lines)})
    portion = Portion(len(lines), held.select, None, has_metadata=False)
    for ascii_only in (True, False):
        automaton = automaton_of(expression, "expression", ascii_only=ascii_only)
        assert automaton is not None
        findings = find_in_lines(portion, np.arange(len(lines)), automaton)
        for line, found, unknown in zip(lines, findings.found, findings.unknown, strict=True):
            assert unknown or bool(found) == (compiled.search(line) is not None), line
        assert not findings.unknown[[not ascii_only or line.isascii() for line in lines]].any()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.data())
def test_a_text_is_found_in_columns_with_many_texts(seed: int, quoted: bool, data: st.DataObject) -> None:
    """Of which only the letters and the length are known before they are read."""
    random = np.random.default_rng(seed)
    lines = []
    for n in range(100):
        fields = {
            "ts": f"2026-01-01T12:{n % 60:02}:{random.integers(60):02}.{random.integers(1000):03}Z",
            "span": random.bytes(8).hex(),
            "user": f"user_{random.integers(10 ** random.integers(8, 15))}",
            "took": float(random.integers(-(10**6), 10**6)) / 100,
            "n": int(random.integers(-(10**12), 10**12)),
            "id": random.bytes(16).hex(),
        }
        lines.append(json.dumps(fields) if quoted else " ".join(f"{name}={value}" for name, value in fields.items()))
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    assert shaped is not None
    line = data.draw(st.sampled_from(lines))
    text = data.draw(st.sampled_from((line, *(part for part in re.split(r'[ =",{}]+', line) if part))))
    begin = data.draw(st.integers(0, len(text) - 1))
    sought = text[begin : begin + data.draw(st.integers(1, 60))]
    sought = data.draw(st.sampled_from((text, sought, sought[:-1] + "7", sought + "0")))
    automaton = automaton_of(sought, "text")
    assert automaton is not None
    findings = find_in_lines(portion_of(lines, shaped), np.arange(len(lines)), automaton)
    assert findings.found.tolist() == [sought in each for each in lines]
    assert not findings.unknown.any()


@pytest.mark.parametrize(
    ("expression", "text", "folds"),
    [
        ("abc", b"abc", "..."),
        ('tenant_(1|2)[0-9].*"op', b"tenant_", "......."),
        ("(abc)+d", b"abc", "..."),
        ("(a|b)c", b"", ""),
        ("^abc", b"", ""),
        ("x*abc", b"", ""),
        ("(?i)Time-OUT", b"time-out", "iiii.iii"),
        ("a(?i)b(?-i:C)D", b"abCd", ".i.i"),
        ("(?i)disk", b"di", "ii"),  # s is the long s, too, which has other bytes
        ("(?i)é", b"", ""),
    ],
)
def test_the_bytes_that_all_found_begins_with(expression: str, text: bytes, folds: str) -> None:
    begin = first_bytes(parse_expression(expression))
    assert begin == FirstBytes(text, bytes(0x20 if fold == "i" else 0 for fold in folds))


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        ('tenant_(1|2)[0-9].*"operation":"del', ["tenant_", '"operation":"del']),
        ("(abc)+d?ef", ["abc", "ef"]),
        ("a|b", []),
        ("x*", []),
    ],
)
def test_texts_that_an_expression_requires(expression: str, texts: list[str]) -> None:
    assert required_texts(parse_expression(expression)) == texts


def test_columns_that_cannot_hold_what_is_sought_are_not_read() -> None:
    """Numbers, times and shorter ids can't hold an id, nor its beginning or end: quotes stand around them."""
    ids = [f"{n:08x}" * 4 for n in range(80, 120)]
    lines = [
        json.dumps({"ts": f"2026-01-01T12:00:{n:02}Z", "span": f"{n:016x}", "user": f"user_{n * 7}", "n": n, "id": id})
        for n, id in enumerate(ids)
    ]
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    assert shaped is not None
    read: list[str] = []
    portion = portion_of(lines, shaped, read)
    automaton = automaton_of(ids[7], "text")
    assert automaton is not None
    assert find_in_lines(portion, np.arange(len(lines)), automaton).found.tolist() == [id == ids[7] for id in ids]
    assert {name for name in read if name.startswith("field.")} == {"field.id"}
