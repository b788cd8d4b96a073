"""Values print as Go's fmt prints them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.templates import StringMap
from sigyn.languages.templates.formatting import go_string, sprint, sprintln
from sigyn.languages.templates.numbers import format_float
from sigyn.languages.templates.printf import sprintf
from sigyn.languages.templates.times import Duration, Month, Time
from sigyn.languages.templates.values import NO_VALUE, Int64, Uint8


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (5, "5"),
        (-5, "-5"),
        (Int64(5), "5"),
        (Uint8(200), "200"),
        (True, "true"),
        (False, "false"),
        (None, "<nil>"),
        (NO_VALUE, "<nil>"),
        ([], "[]"),
        ([1, "a b", 1.0, None, [True]], "[1 a b 1 <nil> [true]]"),
        ({}, "map[]"),
        ({"b": 1.0, "a": {"x": None}}, "map[a:map[x:<nil>] b:1]"),
        (StringMap(z="1", y=""), "map[y: z:1]"),
        (1 - 2.5j, "(1-2.5i)"),
        (Month(2), "February"),
        (Duration(90_500_000_000), "1m30.5s"),
        ([Month(2)], "[February]"),
        (Time(1_768_477_800_120_000_000), "2026-01-15 11:50:00.12 +0000 UTC"),
    ],
)
def test_values(value: object, expected: str) -> None:
    assert go_string(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (123456.0, "123456"),
        (999999.0, "999999"),
        (1000000.0, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e21, "1e+21"),
        (1.5e-300, "1.5e-300"),
        (5e-324, "5e-324"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_floats(value: float, expected: str) -> None:
    assert go_string(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back(value: float) -> None:
    for verb in "gfe":
        assert float(format_float(value, verb)) == value
    assert float.fromhex(format_float(value, "x")) == value


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("%d", 42, "42"),
        ("%5d|%-5d|%05d", 42, "   42|%!d(MISSING)|%!d(MISSING)"),
        ("%+d", 42, "+42"),
        ("% d", 42, " 42"),
        ("%05d", -42, "-0042"),
        ("%-05d|", 42, "42   |"),
        ("%8.4d", 42, "    0042"),
        ("%.0d", 0, ""),
        ("%x %[1]X %#[1]x %[1]o %#[1]o %[1]O %[1]b %#[1]b", 60, "3c 3C 0x3c 74 074 0o74 111100 0b111100"),
        ("%x", -255, "-ff"),
        ("%c %[1]q %[1]U %#[1]U", 0x20AC, "€ '€' U+20AC U+20AC '€'"),
        ("%+q", 0x20AC, "'\\u20ac'"),
        ("%q", 'tab\t"quote" é', '"tab\\t\\"quote\\" é"'),
        ("%+q", "é", '"\\u00e9"'),
        ("%#q", "plain", "`plain`"),
        ("%#q", "with `", '"with `"'),
        ("%s|%10[1]s|%-10[1]s|%.3[1]s|%6.2[1]s|", "abcdé", "abcdé|     abcdé|abcdé     |abc|    ab|"),
        ("%07s", "abc", "0000abc"),
        ("%x % [1]x %#[1]x %# [1]X", "hé", "68c3a9 68 c3 a9 0x68c3a9 0X68 0XC3 0XA9"),
        ("%v %[1]s", "abc", "abc abc"),
        ("%t", True, "true"),
        ("%6t|", False, " false|"),
        (
            "%f %[1]F %.2[1]f %8.3[1]f|%-8.1[1]f|%08.2[1]f",
            -3.14159,
            "-3.141590 -3.141590 -3.14   -3.142|-3.1    |-0003.14",
        ),
        (
            "%e %.2[1]E %[1]g %[1]G %.3[1]g",
            1234567.891,
            "1.234568e+06 1.23E+06 1.234567891e+06 1.234567891E+06 1.23e+06",
        ),
        ("%+.1f % .1[1]f", 2.25, "+2.2  2.2"),
        ("%#g %#.3[1]g %#.0[1]f", 2.0, "2.00000 2.00 2."),
        ("%x %.2[1]x %[1]b", 1.5, "0x1.8p+00 0x1.80p+00 6755399441055744p-52"),
        ("%6.1f|%06.1[1]f|%+[1]f", math.inf, "  +Inf|  +Inf|+Inf"),
        ("%.1f", 1 + 2.25j, "(1.0+2.2i)"),
        ("%v %5[1]v|", None, "<nil> <nil>|"),
        ("%8v|", None, "   <nil>|"),
        ("%d", ["a", 1], "[%!d(string=a) 1]"),
        ("%q", ["a", "b"], '["a" "b"]'),
        ("%5.1f", [1.0, 22.25], "[  1.0  22.2]"),
        ("%v", {"a": [1]}, "map[a:[1]]"),
        (
            "%#v",
            {"b": [1, None], "a": "x"},
            'map[string]interface {}{"a":"x", "b":[]interface {}{1, interface {}(nil)}}',
        ),
        ("%#v %#[1]x", "a", '"a" 0x61'),
        ("%T", StringMap(), "map[string]string"),
        ("%T", Int64(1), "int64"),
        ("%T|%10[1]T", 1.5, "float64|   float64"),
        ("%s %[1]d", Month(3), "March 3"),
        ("%s", Time(0), "1970-01-01 00:00:00 +0000 UTC"),
    ],
)
def test_verbs(text: str, value: object, expected: str) -> None:
    assert sprintf(text, [value]) == expected


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("%d%%", [5], "5%"),
        ("%%d", [], "%d"),
        ("%d", ["hi"], "%!d(string=hi)"),
        ("%5d|", ["hi"], "%!d(string=   hi)|"),
        ("%s", [5], "%!s(int=5)"),
        ("%t", [1.5], "%!t(float64=1.5)"),
        ("%d", [None], "%!d(<nil>)"),
        ("%z", [1], "%!z(int=1)"),
        ("%p", [1], "%!p(int=1)"),
        ("%d %s", [1], "1 %!s(MISSING)"),
        ("none", [1, "x", None], "none%!(EXTRA int=1, string=x, <nil>)"),
        ("%", [], "%!(NOVERB)"),
        ("%-", [1], "%!(NOVERB)%!(EXTRA int=1)"),
        ("%[2]s %[1]s", ["a", "b"], "b a"),
        ("%[2]s %s", ["a", "b", "c"], "b c"),
        ("%[3]d", [1, 2], "%!d(BADINDEX)"),
        ("%[x]d", [1], "%!d(BADINDEX)"),
        ("%[2", [1], "%!(NOVERB)"),
        ("%*d|%-*d|", [4, 1, 4, 2], "   1|2   |"),
        ("%*d|", [-4, 1], "1   |"),
        ("%.*f", [2, 1.0], "1.00"),
        ("%[2]*[1]d", [7, 3], "  7"),
        ("%*d", ["x", 1], "%!(BADWIDTH)1"),
        ("%.*d", [-1, 1], "%!(BADPREC)1"),
        ("%2000000d", [1], "%!(NOVERB)%!(EXTRA int=1)"),
    ],
)
def test_formats(text: str, values: list[object], expected: str) -> None:
    assert sprintf(text, values) == expected


def test_print_puts_spaces_between_what_is_no_text() -> None:
    assert sprint([1, 2, "a", 3, "b", "c", None, True]) == "1 2a3bc<nil> true"
    assert sprintln([1, "a", "b"]) == "1 a b\n"


@given(st.text(), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 40))
def test_printf_agrees_with_python(text: str, number: int, width: int) -> None:
    assert sprintf("%s|%d|%x|%o", [text, number, number, number]) == f"{text}|{number}|{number:x}|{number:o}"
    assert sprintf(f"%{width}s|%-{width}d|%0{width}d", [text, number, number]) == (
        f"{text:>{width}}|{number:<{width}}|{number:0{width}}" if width else f"{text}|{number}|{number}"
    )


@given(st.text(), st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())))
def test_any_format_gives_a_text(text: str, values: list[object]) -> None:
    assert isinstance(sprintf("%" + text, values), str)
    assert re.search("EXTRA|%!", sprintf(text.replace("%", ""), [*values, 1]))
