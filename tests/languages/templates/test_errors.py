"""Errors of templates have Go's words and places."""

import pytest

from sigyn.languages.templates import StringMap, TemplateError, compile_template
from sigyn.languages.templates.logql import compile_line_template
from sigyn.model.errors import QueryError


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ .x", "1: unclosed action"),
        ("{{ .x\n", "2: unclosed action started at line:1"),
        ("a\n{{ .x\n}", '3: unexpected "}" in operand'),
        ("{{ nosuchfunc .x }}", '1: function "nosuchfunc" not defined'),
        ("\n\n{{ $x }}", '3: undefined variable "$x"'),
        ("{{ }}", "1: missing value for command"),
        ("{{if}}{{end}}", "1: missing value for if"),
        ("{{if .x}}", "1: unexpected EOF"),
        ("{{range .x}}{{else}}", "1: unexpected EOF"),
        ("{{end}}", "1: unexpected {{end}}"),
        ("{{else}}", "1: unexpected {{else}}"),
        ("{{if .x}}{{else}}{{else}}{{end}}", "1: expected end; found {{else}}"),
        ("{{break}}", "1: {{break}} outside {{range}}"),
        ("{{continue}}", "1: {{continue}} outside {{range}}"),
        ("{{range .x}}{{define `t`}}{{end}}{{end}}", "1: unexpected <define> in command"),
        ("{{(.x}}", "1: unclosed left paren"),
        ("{{.x)}}", "1: unexpected right paren"),
        ('{{"abc}}', "1: unterminated quoted string"),
        ("{{`abc}}", "1: unterminated raw quoted string"),
        ("{{'abc}}", "1: unterminated character constant"),
        ("{{'ab'}}", "1: malformed character constant: 'ab'"),
        ('{{"\\q"}}', "1: invalid syntax"),
        ("{{/* x}}", "1: unclosed comment"),
        ("{{/* x */ .x}}", "1: comment ends before closing delimiter"),
        ("{{.foo-bar}}", "1: bad character U+002D '-'"),
        ("{{.x ☃}}", "1: unrecognized character in action: U+2603 '☃'"),
        ("{{3x}}", '1: bad number syntax: "3x"'),
        ("{{1+2}}", '1: bad number syntax: "1+2"'),
        ("{{99999999999999999999}}", '1: integer overflow: "99999999999999999999"'),
        ("{{$x : 1}}", '1: undefined variable "$x"'),
        ("{{.x : 1}}", "1: expected :="),
        ("{{$x, $y := 1}}", "1: too many declarations in command"),
        ("{{range $a, $b, $c := .x}}{{end}}", "1: too many declarations in range"),
        ("{{.x | 3}}", "1: non executable command in pipeline stage 2"),
        ("{{1.x}}", '1: bad number syntax: "1.x"'),
        ('{{"a".x}}', '1: unexpected . after term "\\"a\\""'),
        ("{{template .x}}", '1: unexpected ".x" in template clause'),
        ("{{define `a`}}1{{end}}{{define `a`}}2{{end}}", '1: template: multiple definition of template "a"'),
        ("{{abcdefghijkl}}", '1: function "abcdefghijkl" not defined'),
        ("{{.x}} {{!}}", '1: unexpected "!" in command'),
    ],
)
def test_compile(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_line_template(text, "line")
    assert str(caught.value) == f"template: line:{reason}"
    assert isinstance(caught.value, QueryError)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "{{ div .a 0 }}",
            '1:3: executing "line" at <div .a 0>: error calling div: runtime error: integer divide by zero',
        ),
        (
            "é\nü{{.a | div 0 | mod 1}}",
            '2:9: executing "line" at <div 0>: error calling div: runtime error: integer divide by zero',
        ),
        ("{{.a.b}}", '1:4: executing "line" at <.a.b>: can\'t evaluate field b in type string'),
        ("{{.a 1}}", '1:2: executing "line" at <.a>: a is not a method but has arguments'),
        ("{{1 | .a}}", '1:6: executing "line" at <.a>: a is not a method but has arguments'),
        ("{{3 .a}}", '1:2: executing "line" at <3>: can\'t give argument to non-function 3'),
        ("{{nil}}", '1:2: executing "line" at <nil>: nil is not a command'),
        ("{{(nil).a}}", '1:3: executing "line" at <nil>: nil is not a command'),
        (
            "{{(fromJson .j).x.y}}",
            '1:15: executing "line" at <(fromJson .j).x.y>: nil pointer evaluating interface {}.y',
        ),
        ("{{trunc .a .b}}", '1:8: executing "line" at <.a>: wrong type for value; expected int; got string'),
        ("{{trunc (add 1 2) .b}}", '1:9: executing "line" at <add 1 2>: wrong type for value; expected int; got int64'),
        ("{{trunc 1.5 .b}}", '1:8: executing "line" at <1.5>: expected integer; found 1.5'),
        ("{{upper 5}}", '1:8: executing "line" at <5>: expected string; found 5'),
        ("{{upper nil}}", '1:8: executing "line" at <nil>: cannot assign nil to string'),
        ("{{fromJson `x` | upper}}", '1:17: executing "line" at <upper>: invalid value; expected string'),
        ("{{upper}}", '1:2: executing "line" at <upper>: wrong number of args for upper: want 1 got 0'),
        ("{{replace .a}}", '1:2: executing "line" at <replace>: wrong number of args for replace: want 3 got 1'),
        ("{{and}}", '1:2: executing "line" at <and>: wrong number of args for and: want at least 1 got 0'),
        ("{{unixEpoch .a}}", '1:12: executing "line" at <.a>: wrong type for value; expected time.Time; got string'),
        ("{{now.Nosuch}}", '1:5: executing "line" at <now.Nosuch>: can\'t evaluate field Nosuch in type time.Time'),
        ("{{index .a 9}}", '1:2: executing "line" at <index .a 9>: error calling index: index out of range: 9'),
        ("{{eq 1 1.0}}", '1:2: executing "line" at <eq 1 1.0>: error calling eq: incompatible types for comparison'),
        ("{{range .a}}{{end}}", '1:8: executing "line" at <.a>: range can\'t iterate over x'),
        (
            "{{range $i, $x := 3}}{{end}}",
            '1:8: executing "line" at <$i, $x := 3>: can\'t use 3 to iterate over more than one variable',
        ),
        ('{{template "no"}}', '1:11: executing "line" at <{{template "no"}}>: template "no" not defined'),
        (
            "{{if .j}}{{$y := 1}}{{else}}{{end}}{{$z := 1}}{{$z = 2}}{{if .no}}{{$v := 1}}{{else}}{{$v}}{{end}}",
            '1:87: executing "line" at <$v>: undefined variable: $v',
        ),
        (
            "{{18446744073709551615}}",
            '1:2: executing "line" at <18446744073709551615>: 18446744073709551615 overflows int',
        ),
        (
            '{{define "t"}}{{div 1 0}}{{end}}{{template "t"}}',
            '1:16: executing "t" at <div 1 0>: error calling div: runtime error: integer divide by zero',
        ),
    ],
)
def test_execute(text: str, reason: str) -> None:
    template = compile_line_template(text, "line")
    with pytest.raises(TemplateError) as caught:
        template.execute({"a": "x", "b": "y", "j": "{}"}, "a line", 0)
    assert str(caught.value) == f"template: line:{reason}"


def test_missing_key_as_error() -> None:
    template = compile_template("{{.a}} {{.b}}", {}, name="t", missing="error")
    with pytest.raises(TemplateError) as caught:
        template.execute(StringMap(a="x"))
    assert str(caught.value) == 'template: t:1:9: executing "t" at <.b>: map has no entry for key "b"'


def test_errors_come_per_value() -> None:
    """The same template fails on one entry and works on the next."""
    template = compile_line_template("{{ div 10 .n }}")
    with pytest.raises(TemplateError):
        template.execute({"n": "0"}, "", 0)
    assert template.execute({"n": "3"}, "", 0) == "3"
