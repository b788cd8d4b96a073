"""Hostile templates are refused, or end, before they cost much."""

import json

import pytest

from sigyn.languages.templates import StringMap, TemplateError, compile_template
from sigyn.languages.templates.limits import MAXIMUM_STEPS, MAXIMUM_TEXT
from sigyn.languages.templates.logql import compile_line_template
from sigyn.languages.templates.parser import MAXIMUM_NESTING


def execute(text: str, line: str = "", **labels: str) -> str:
    return compile_line_template(text).execute(labels, line, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{{{{range {MAXIMUM_STEPS + 1}}}}}{{{{end}}}}", f"more than {MAXIMUM_STEPS} iterations"),
        ("{{range 1000}}{{range 1000}}{{end}}{{end}}", f"more than {MAXIMUM_STEPS} iterations"),
        ("{{range 90000}}{{repeat 100 `x`}}{{end}}", f"the text is longer than {MAXIMUM_TEXT} characters"),
        ("{{repeat 999999999 `abc`}}", f"the text would be longer than {MAXIMUM_TEXT} characters"),
        ("{{replace `a` (repeat 1000 `b`) (repeat 5000 `a`)}}", "the text would be longer"),
        ("{{Replace (repeat 5000 `a`) `` (repeat 1000 `b`) -1}}", "the text would be longer"),
        ("{{regexReplaceAll `a` (repeat 5000 `a`) (repeat 1000 `b`)}}", "the text would be longer"),
        ("{{regexReplaceAllLiteral `` (repeat 5000 `a`) (repeat 1000 `b`)}}", "the text would be longer"),
        ("{{indent 100000 (repeat 50 `\n`)}}", "the text would be longer"),
        ("{{alignLeft 999999999 `a`}}", "the text would be longer"),
        ("{{alignRight 999999999 `a`}}", "the text would be longer"),
        ("{{printf `%900000d%900000d` 1 2}}", "the text would be longer"),
        ("{{printf (repeat 5000 `%[1]s`) (repeat 5000 `a`)}}", "the text would be longer"),
        ("{{$s := `ab`}}{{range 40}}{{$s = printf `%s%s` $s $s}}{{end}}", "the text would be longer"),
        ("{{$b := repeat 1000000 `a`}}{{range 90000}}{{if contains `b` $b}}{{end}}{{end}}", "functions worked on more"),
        ("{{$m := fromJson __line__}}{{range 90000}}{{if print $m}}{{end}}{{end}}", "functions worked on more"),
        ("{{$m := fromJson __line__}}{{range 90000}}{{range $m}}{{break}}{{end}}{{end}}", "functions worked on more"),
        ("{{count (repeat 20000 `a`) ``}}", "the regular expression is longer"),
        ('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', "exceeded maximum template depth (64)"),
        ("{{divf 1e300" + " 1e-300" * 20 + "}}", "a decimal of more than"),
    ],
)
def test_execution(text: str, reason: str) -> None:
    line = json.dumps({f"key {number}": number for number in range(5000)})
    with pytest.raises(TemplateError) as caught:
        execute(text, line)
    assert reason in str(caught.value)


def test_doubling_calls_end() -> None:
    names = [f"t{number}" for number in range(40)]
    text = "".join(
        f'{{{{define "{name}"}}}}{{{{template "{following}"}}}}{{{{template "{following}"}}}}{{{{end}}}}'
        for name, following in zip(names, [*names[1:], "last"], strict=True)
    )
    with pytest.raises(TemplateError, match="more than 100000 iterations"):
        execute(text + '{{define "last"}}{{end}}{{template "t0"}}')


@pytest.mark.parametrize(("opening", "closing"), [("{{if .a}}", "{{end}}"), ("{{with .a}}", "{{end}}")])
def test_nested_blocks(opening: str, closing: str) -> None:
    assert execute(opening * MAXIMUM_NESTING + closing * MAXIMUM_NESTING) == ""
    with pytest.raises(TemplateError, match=f"nested more than {MAXIMUM_NESTING} levels deep"):
        execute(opening * (MAXIMUM_NESTING + 1) + closing * (MAXIMUM_NESTING + 1))


def test_nested_parentheses() -> None:
    assert execute("{{" + "(" * MAXIMUM_NESTING + "1" + ")" * MAXIMUM_NESTING + "}}") == "1"
    with pytest.raises(TemplateError, match="levels deep"):
        execute("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}")


def test_long_chains_are_not_deep() -> None:
    chain = "".join(f"{{{{else if eq .a `{number}`}}}}{number}" for number in range(2000))
    assert execute("{{if .no}}" + chain + "{{else}}none{{end}}", a="1999") == "1999"


def test_deep_json_does_not_overflow_the_stack() -> None:
    nested = "[" * 5000 + "]" * 5000
    assert execute("{{fromJson __line__}}", nested) == "<no value>"
    with pytest.raises(TemplateError, match="depth of the stack"):
        execute("{{fromJson __line__}}", "[" * 700 + "]" * 700)


def test_length_is_a_parameter() -> None:
    template = compile_template("{{.a}}{{.a}}", {}, name="t", maximum_length=8)
    assert template.execute(StringMap(a="four")) == "fourfour"
    with pytest.raises(TemplateError, match=r"^template: t: the text is longer than 8 characters$"):
        template.execute(StringMap(a="fiver"))
    plain = compile_line_template("{{.a}}")
    assert plain.execute({"a": "x" * MAXIMUM_TEXT}, "", 0) == "x" * MAXIMUM_TEXT
    with pytest.raises(TemplateError, match="longer than"):
        plain.execute({"a": "x" * (MAXIMUM_TEXT + 1)}, "", 0)
