"""The functions that Go gives to every template."""

import pytest

from sigyn.languages.templates import StringMap, TemplateError, compile_template
from sigyn.languages.templates.times import Weekday

DATA = {
    "text": "héllo",
    "list": ["a", "b", "c"],
    "map": {"one": 1, "null": None},
    "labels": StringMap(x="1"),
    "float": 2.0,
    "day": Weekday(4),
}


def execute(expression: str) -> str:
    return compile_template("{{" + expression + "}}", {}).execute(DATA)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("len .text", "6"),
        ("len .list", "3"),
        ("len .map", "2"),
        ("index .list 1", "b"),
        ("index .map `one`", "1"),
        ("index .map `no`", "<no value>"),
        ("index .labels `no`", ""),
        ("index .text 1", "195"),
        ("index .text", "héllo"),
        ("eq (index .text 0) 'h'", "true"),
        ("slice .text 1 3", "é"),
        ("slice .text 3", "llo"),
        ("slice .list 1", "[b c]"),
        ("slice .list 0 1 2", "[a]"),
        ("not .nosuch", "true"),
        ("print 1 2 `x`", "1 2x"),
        ("println 1 `x`", "1 x\n"),
        ("printf `%s-%d` `x` 1", "x-1"),
        ("`x` | printf `%s-%s` `y`", "y-x"),
        ("printf `%d` .day", "4"),
        ("html `<a href='x'>\"&` ", "&lt;a href=&#39;x&#39;&gt;&#34;&amp;"),
        ("html 1 `<` nil", "1&lt;&lt;no value&gt;"),
        ("js `it's <\"=&>\n\\`", "it\\'s \\u003C\\\"\\u003D\\u0026\\u003E\\u000A\\\\"),
        ("js `é\u200b`", "é\\u200B"),
        ("urlquery `a b/ü` `&`", "a+b%2F%C3%BC%26"),
    ],
)
def test_result(expression: str, expected: str) -> None:
    assert execute(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("eq 1 1", True),
        ("eq 1 2 3 1", True),
        ("eq 1 2 3", False),
        ("eq `a` `a`", True),
        ("eq true true", True),
        ("eq 1.5 1.5", True),
        ("eq 1i 1i", True),
        ("eq .nosuch nil", True),
        ("eq .nosuch 1", False),
        ("eq .list nil", False),
        ("eq .day 4", True),
        ("ne 1 2", True),
        ("ne `a` `a`", False),
        ("lt 1 2", True),
        ("lt 2 1", False),
        ("lt 1.5 2.5", True),
        ("lt `a` `b`", True),
        ("lt .day 5", True),
        ("le 2 2", True),
        ("le 3 2", False),
        ("gt 3 2", True),
        ("gt 2 2", False),
        ("ge 2 2", True),
        ("ge `a` `b`", False),
        ("le .float 2.0", True),
    ],
)
def test_comparison(expression: str, expected: bool) -> None:
    assert execute(expression) == ("true" if expected else "false")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("len 3", "error calling len: len of type int"),
        ("len .nosuch", "error calling len: len of nil pointer"),
        ("index .list 3", "error calling index: index out of range: 3"),
        ("index .list -1", "error calling index: index out of range: -1"),
        ("index .list `x`", "error calling index: cannot index slice/array with type string"),
        ("index .list nil", "error calling index: cannot index slice/array with nil"),
        ("index .map 1", "error calling index: value has type int; should be string"),
        ("index .map nil", "error calling index: value is nil; should be of type string"),
        ("index .float 1", "error calling index: can't index item of type float64"),
        ("index .nosuch 1", "error calling index: index of untyped nil"),
        ("index .map `null` 1", "error calling index: index of nil pointer"),
        ("slice .list 2 1", "error calling slice: invalid slice index: 2 > 1"),
        ("slice .list 0 2 1", "error calling slice: invalid slice index: 2 > 1"),
        ("slice .text 0 1 2", "error calling slice: cannot 3-index slice a string"),
        ("slice .text 9", "error calling slice: index out of range: 9"),
        ("slice .map 0", "error calling slice: can't slice item of type map[string]interface {}"),
        ("slice nil", "error calling slice: slice of untyped nil"),
        ("slice .list 0 1 2 3", "error calling slice: too many slice indexes: 4"),
        ("eq 1 `a`", "error calling eq: incompatible types for comparison"),
        ("eq 1", "error calling eq: missing argument for comparison"),
        ("eq .list .list", "error calling eq: non-comparable type [a b c]: []interface {}"),
        ("lt 1 1.0", "error calling lt: incompatible types for comparison"),
        ("lt true false", "error calling lt: invalid type for comparison"),
        ("lt .nosuch 1", "error calling lt: invalid type for comparison"),
        ("call nil", "error calling call: call of nil"),
        ("call .text", "error calling call: non-function of type string"),
        ("printf 1", "expected string; found 1"),
        ("1 | printf", "wrong type for value; expected string; got int"),
    ],
)
def test_error(expression: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        execute(expression)
    assert str(caught.value).endswith(f">: {reason}")
