"""Numbers, string literals and regular expressions in Go's spelling."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.go_numbers import FloatSyntaxError, format_plain, format_short, parse_go_float
from sigyn.languages.quoting import EscapeError, quote, unquote
from sigyn.languages.regex import RegexError, compile_regex, with_long_names


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5.0),
        ("-5.", -5.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1_000.5", 1000.5),
        ("0x1p4", 16.0),
        ("0x_1p-1", 0.5),
        ("Inf", math.inf),
        ("-infinity", -math.inf),
    ],
)
def test_floats(text: str, value: float) -> None:
    assert parse_go_float(text) == value


@pytest.mark.parametrize(
    "text", ["", "five", "1_", "_1", "1__0", "1_.5", "0x10", " 5", "5 ", "+nan", "1e", "0x1p", "٣", "1e5.0"]
)
def test_refused_floats(text: str) -> None:
    with pytest.raises(FloatSyntaxError) as caught:
        parse_go_float(text)
    assert str(caught.value) == f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax"


def test_float_out_of_range() -> None:
    with pytest.raises(FloatSyntaxError) as caught:
        parse_go_float("1e400")
    assert str(caught.value) == 'strconv.ParseFloat: parsing "1e400": value out of range'


@pytest.mark.parametrize(
    ("value", "short", "plain"),
    [
        (0.0, "0", "0"),
        (100.0, "100", "100"),
        (0.5, "0.5", "0.5"),
        (-1.25, "-1.25", "-1.25"),
        (1e20, "100000000000000000000", "100000000000000000000"),
        (1e21, "1e+21", "1000000000000000000000"),
        (0.0001, "0.0001", "0.0001"),
        (0.000012, "1.2e-05", "0.000012"),
        (math.nan, "NaN", "NaN"),
        (-math.nan, "NaN", "NaN"),
        (math.inf, "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf"),
    ],
)
def test_number_forms(value: float, short: str, plain: str) -> None:
    assert format_short(value) == short
    assert format_plain(value) == plain


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back(value: float) -> None:
    assert parse_go_float(format_short(value)) == value
    assert parse_go_float(format_plain(value)) == value


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", '"plain"'),
        ('say "hi" \\', r'"say \"hi\" \\"'),
        ("a\nb\tc\rd", r'"a\nb\tc\rd"'),
        ("\x00\x7f\x80", r'"\x00\x7f\u0080"'),
        ("é \u200b \U0001f600 \U000e0001", '"é \\u200b \U0001f600 \\U000e0001"'),
    ],
)
def test_quote(text: str, literal: str) -> None:
    assert quote(text) == literal
    assert unquote(literal) == text


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"`a\nb`", r"a\nb"),
        ("`a\r\nb`", "a\nb"),
        (r'"\101\x41\u0041\U00000041"', "AAAA"),
        (r'"\xc3\xa9"', "é"),
        (r'"\xff"', "\ufffd"),
        (r'"\a\b\f\v"', "\a\b\f\v"),
    ],
)
def test_unquote(literal: str, text: str) -> None:
    assert unquote(literal) == text


@pytest.mark.parametrize("literal", [r'"\d"', r'"\x4"', r'"\400"', r'"\ud800"', r'"\U00110000"', r'"\'"', r'"\0"'])
def test_unknown_escapes(literal: str) -> None:
    with pytest.raises(EscapeError):
        unquote(literal)


@given(st.text(st.characters(codec="utf-8")))
def test_quoted_text_reads_back(text: str) -> None:
    assert unquote(quote(text)) == text


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("[", "missing closing ]: `[`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("\\", "trailing backslash at end of expression"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("\\8", "invalid escape sequence: `\\8`"),
        ("a\\C", "invalid escape sequence: `\\C`"),
        ("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`"),
        ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
    ],
)
def test_regex_refused_in_the_words_of_go(pattern: str, message: str) -> None:
    with pytest.raises(RegexError) as caught:
        compile_regex(pattern)
    assert str(caught.value).startswith(f"error parsing regexp: {message}")


def test_regex() -> None:
    regex = compile_regex(r"(?P<level>\w+) é")
    found = regex.search("an error é")
    assert found is not None
    assert found.group("level") == "error"
    assert regex.fullmatch("an error é") is None
    assert dict(regex.groupindex) == {"level": 1}


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("(?<m>a)(?P<n>b)", "(?P<m>a)(?P<n>b)"),
        (r"\(?<m>", r"\(?<m>"),
        (r"\\(?<m>a)", r"\\(?P<m>a)"),
        ("[](?<m>](?<n>b)", "[](?<m>](?P<n>b)"),
        ("[[:word:](?<m>](?<n>b)", "[[:word:](?<m>](?P<n>b)"),
        (r"\Q(?<m>\E(?<n>b)", r"\Q(?<m>\E(?P<n>b)"),
    ],
)
def test_names_of_groups_in_the_long_form(pattern: str, written: str) -> None:
    compile_regex(pattern)
    assert with_long_names(pattern) == written
