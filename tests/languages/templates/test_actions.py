"""What templates do: text, fields, variables, branches, loops, nested templates."""

import pytest

from sigyn.languages.templates import Function, StringMap, compile_template
from sigyn.languages.templates.logql import logql_functions
from sigyn.languages.templates.site import Missing

LABELS = StringMap(app="shop", level="error", status="500", empty="")
DATA = {
    "name": "ada",
    "list": [1, "two", 3.5, None, True],
    "numbers": [3, 4, 5],
    "map": {"one": 1, "two": {"deep": "yes"}},
    "labels": StringMap(x="1"),
    "nothing": None,
    "no": [],
    "function": Function(lambda first, second: f"<{first}+{second}>", ("string", "string")),
}


def execute(text: str, dot: object = LABELS) -> str:
    return compile_template(text, logql_functions(), name="line").execute(dot)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("just text, 100% of it", "just text, 100% of it"),
        ("{{.app}}", "shop"),
        ("{{ .app }}-{{.level}}", "shop-error"),
        ("{{.nosuch}}|{{.empty}}|", "||"),
        ("{{$.app}}", "shop"),
        ("{{.}}", "map[app:shop empty: level:error status:500]"),
        ("a {{- .app -}} b", "ashopb"),
        ("a\n\t{{- .app }} b", "ashop b"),
        ("{{.app -}}\n  b", "shopb"),
        ("{{/* a comment */}}x", "x"),
        ("x {{- /* a\ncomment */ -}} y", "xy"),
        ("{{\n .app\n}}", "shop"),
        ("{{(.app)}}", "shop"),
        ("{{.app | printf `%q`}}", '"shop"'),
        ("{{.app |}}", "shop"),
        ('{{`raw \\n`}}{{"\\t\\u00e9\\x41"}}', "raw \\n\té\x41"),
        ("{{true}} {{false}}", "true false"),
        ("{{1}} {{-2}} {{1_000}} {{0x1F}} {{0b11}} {{0o17}} {{017}}", "1 -2 1000 31 3 15 15"),
        ("{{1.5}} {{1e3}} {{.5}} {{1.}} {{0x1p4}}", "1.5 1000 0.5 1 16"),
        ("{{'a'}} {{'\\n'}} {{'\\''}} {{'é'}}", "97 10 39 233"),
        ("{{1i}} {{1+2i}} {{-1.5-2i}}", "(0+1i) (1+2i) (-1.5-2i)"),
        ("{{printf `%T %T %T %T` 1 1.0 'a' 0x1e}}", "int float64 int int"),
    ],
)
def test_text_and_values(text: str, expected: str) -> None:
    assert execute(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{$x := .app}}{{$x}}{{$x}}", "shopshop"),
        ("{{$x := 1}}{{$x = 2}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
        ("{{with $x := .app}}{{$x}}{{.}}{{end}}", "shopshop"),
        ("{{if $x := .nosuch}}a{{else}}[{{$x}}]{{end}}", "[]"),
        ("{{if $x := .nosuch}}a{{else if $y := .app}}{{$x}}{{$y}}{{end}}", "shop"),
        ("{{range $i, $x := fromJson `[7, 8]`}}{{$i}}={{$x}} {{end}}", "0=7 1=8 "),
        ("{{$i := 9}}{{$x := 9}}{{range $i, $x = fromJson `[7, 8]`}}{{end}}{{$i}}{{$x}}", "18"),
        ("{{$x := 9}}{{range $x = fromJson `[7, 8]`}}{{end}}{{$x}}", "8"),
        ("{{$x := .nosuch}}{{if $x}}a{{else}}b{{end}}", "b"),
        ("{{print ($x := 5) $x}}", "5 5"),
        ('{{$m := fromJson `{"a":{"b":1}}`}}{{$m.a.b}}', "1"),
    ],
)
def test_variables(text: str, expected: str) -> None:
    assert execute(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{if .app}}yes{{else}}no{{end}}", "yes"),
        ("{{if .nosuch}}yes{{else}}no{{end}}", "no"),
        ("{{if .nosuch}}yes{{end}}", ""),
        ("{{if 0}}a{{else if 0.0}}b{{else if ``}}c{{else if false}}d{{else if 0i}}e{{else}}f{{end}}", "f"),
        ("{{if fromJson `[]`}}a{{else if fromJson `{}`}}b{{else if fromJson `null`}}c{{else}}d{{end}}", "d"),
        ("{{if -1}}a{{end}}{{if 0.1}}b{{end}}{{if fromJson `[0]`}}c{{end}}{{if now}}d{{end}}", "abcd"),
        ("{{if eq .level `info`}}i{{else if eq .level `error`}}e{{end}}", "e"),
        ("{{with .app}}[{{.}}]{{else}}none{{end}}", "[shop]"),
        ("{{with .nosuch}}[{{.}}]{{else}}none of {{.app}}{{end}}", "none of shop"),
        ("{{with .nosuch}}a{{else with .level}}{{.}}{{else}}c{{end}}", "error"),
        ("{{with .nosuch}}a{{else with .none}}b{{else}}c{{end}}", "c"),
        ("{{with .app}}{{$.level}}{{end}}", "error"),
        ("{{and .app .level}} {{and .nosuch .level}}|{{or .nosuch .level}} {{or .app .level}}", "error |error shop"),
        ("{{and true (not false)}} {{or false 0}} {{not 1}}", "true 0 false"),
        ("{{or true (div 1 0)}} {{and false (div 1 0)}}", "true false"),
        ("{{.app | and .level}} {{.nosuch | or .level}}", "shop error"),
    ],
)
def test_branches(text: str, expected: str) -> None:
    assert execute(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{range .numbers}}<{{.}}>{{end}}", "<3><4><5>"),
        ("{{range .no}}x{{else}}empty of {{.name}}{{end}}", "empty of ada"),
        ("{{range .nothing}}x{{else}}empty{{end}}", "empty"),
        ("{{range .nosuch}}x{{end}}", ""),
        ("{{range $k, $v := .map}}{{$k}}:{{$v}} {{end}}", "one:1 two:map[deep:yes] "),
        ("{{range $v := .numbers}}{{$v}}{{$.name}}{{end}}", "3ada4ada5ada"),
        ("{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}{{range 0}}x{{else}}none{{end}}", "01201none"),
        ("{{range .numbers}}{{if eq . 4}}{{continue}}{{end}}{{.}}{{end}}", "35"),
        ("{{range .numbers}}{{if eq . 4}}{{break}}{{end}}{{.}}{{else}}none{{end}}", "3"),
        ("{{range .numbers}}{{range $.numbers}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}};{{end}}", "3;3;3;"),
        ("{{range .numbers}}{{with .}}{{if eq . 4}}{{break}}{{end}}{{end}}{{.}}{{end}}", "3"),
        ("{{range .list}}[{{.}}]{{end}}", "[1][two][3.5][<no value>][true]"),
    ],
)
def test_loops(text: str, expected: str) -> None:
    assert execute(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{.map.two.deep}} {{(.map).one}} {{(index .map `two`).deep}}", "yes 1 yes"),
        ("{{.map.two}} {{.list}} {{.labels}}", "map[deep:yes] [1 two 3.5 <nil> true] map[x:1]"),
        ("{{.labels.nosuch}}|{{.map.nosuch}}|{{.nothing}}", "|<no value>|<no value>"),
        ("{{print .nothing .nosuch}} {{printf `%v %s` .nothing nil}}", "<nil> <nil> <nil> %!s(<nil>)"),
        ("{{(.nothing).a}} {{(index .map `no`).a.b}}", "<no value> <no value>"),
        ("{{call .function .name `b`}}", "<ada+b>"),
        ("{{$x := .map}}{{$x.two.deep}}", "yes"),
    ],
)
def test_structured_data(text: str, expected: str) -> None:
    assert execute(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{define "t"}}[{{.}}]{{end}}{{template "t" .app}}{{template "t"}}', "[shop][<no value>]"),
        ('{{template "later" 1}}{{define "later"}}{{.}}{{$}}{{end}}', "11"),
        ('{{block "b" .app}}<{{.}}>{{end}}', "<shop>"),
        ('{{$x := 1}}{{define "t"}}{{$y := 2}}{{$y}}{{end}}{{template "t"}}{{$x}}', "21"),
        (
            '{{define "down"}}{{.}}{{if gt . 0}}{{template "down" (int (sub . 1))}}{{end}}{{end}}{{template "down" 3}}',
            "3210",
        ),
        ('{{define "line"}}from the definition{{end}}\n', "from the definition"),
        ('{{define "t"}} {{end}}{{define "t"}}second{{end}}{{template "t"}}', "second"),
    ],
)
def test_templates_within_templates(text: str, expected: str) -> None:
    assert execute(text) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("zero", " | <no value>"), ("default", "<no value> | <no value>")],
)
def test_missing_keys(missing: Missing, expected: str) -> None:
    dots = (StringMap(), {})
    shown = [compile_template("{{.a}}", {}, missing=missing).execute(dot) for dot in dots]
    assert " | ".join(shown) == expected


def test_fields_of_what_is_missing() -> None:
    """Promtail's templates go on where LogQL's fail."""
    assert compile_template("{{.a.b.c}}", {}, missing="default").execute({}) == "<no value>"


def test_alert_annotation() -> None:
    prefix = "{{$labels := .Labels}}{{$value := .Value}}"
    text = "{{ $labels.service }} fails: {{ $value }} {{ $labels.nosuch }}{{ printf `%.1f` $value }}"
    dot = {"Labels": StringMap(service="ryot"), "Value": 0.25}
    assert compile_template(prefix + text, {}).execute(dot) == "ryot fails: 0.25 0.2"


def test_functions_may_replace_builtins() -> None:
    functions = {"len": Function(lambda text: f"my {text}", ("string",))}
    assert compile_template("{{len .a}}", functions).execute(StringMap(a="x")) == "my x"


def test_context_reaches_contextual_functions() -> None:
    functions = {"here": Function(lambda context, more: f"{context}{more}", ("int",), contextual=True)}
    template = compile_template("{{here 1}}{{2 | here}}", functions)
    assert template.execute({}, "at ") == "at 1at 2"
