"""Templates of line_format and label_format as the engine uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.logql import ast, parse
from sigyn.languages.templates import Field, StringMap, TemplateError, compile_template
from sigyn.languages.templates.logql import compile_line_template, logql_functions

CASES = Path(__file__).parents[3].parent / "shared" / "conformance" / "logql" / "cases.jsonl"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("only text", ("only text",)),
        ("{{.a}}", (Field("a"),)),
        ("{{.a}}-{{ .b }}!", (Field("a"), "-", Field("b"), "!")),
        ("x {{- .a -}} y", ("x", Field("a"), "y")),
        ("{{/* nothing */}}a{{.b}}", ("a", Field("b"))),
        ("{{.a.b}}", None),
        ("{{.a | upper}}", None),
        ("{{$x := .a}}", None),
        ("{{if .a}}x{{end}}", None),
        ("{{.}}", None),
        ("{{__line__}}", None),
        ("{{.a 1}}", None),
        ('{{"text"}}', None),
    ],
)
def test_parts(text: str, parts: tuple[str | Field, ...] | None) -> None:
    assert compile_line_template(text).parts() == parts


names = st.sampled_from(["a", "b", "_x", "label_9"])
labels = st.dictionaries(names, st.text(max_size=10))


@given(
    st.lists(st.one_of(names.map(lambda name: f"{{{{.{name}}}}}"), st.text(max_size=5).filter(lambda t: "{" not in t))),
    labels,
)
def test_plain_templates_take_a_short_way_to_the_same_text(pieces: list[str], given_labels: dict[str, str]) -> None:
    text = "".join(pieces)
    template = compile_line_template(text)
    assert template.parts() is not None
    long_way = compile_template(text, logql_functions()).execute(StringMap(given_labels))
    assert template.execute(given_labels, "line", 0) == long_way


def test_missing_labels_are_empty() -> None:
    for text in ("[{{.a}}]", "[{{.a | printf `%s`}}]", "[{{index . `a`}}]", "[{{with .a}}{{end}}]"):
        assert compile_line_template(text).execute({}, "", 0) == "[]"


def test_labels_stay_as_they_are() -> None:
    given_labels = {"a": "1"}
    assert (
        compile_line_template("{{.}} {{range $k, $v := .}}{{$k}}{{$v}}{{end}}").execute(given_labels, "", 0)
        == "map[a:1] a1"
    )
    assert given_labels == {"a": "1"}


def test_the_name_is_in_the_errors() -> None:
    with pytest.raises(TemplateError, match=r"^template: label_format:1: unclosed action$"):
        compile_line_template("{{.a", "label_format")


def recorded() -> list[Any]:
    """Cases whose last stage is a line_format, the only one; the labels of the answer are those that it saw."""
    found = []
    for line in CASES.read_text().splitlines() if CASES.exists() else []:
        case = json.loads(line)
        if case["category"] not in ("line-format", "label-format", "line-filters", "seeds", "real-logs"):
            continue
        if case["expect"].get("resultType") != "streams":
            continue
        query = parse(case["params"]["query"])
        if not isinstance(query, ast.LogQuery) or not query.stages:
            continue
        last = query.stages[-1]
        if isinstance(last, ast.LineFormat) and "__line__" not in last.template:
            found.append(pytest.param(last.template, case["expect"]["result"], id=case["id"]))
    return found


@pytest.mark.skipif(not CASES.exists(), reason="the conformance corpus is not beside the checkout")
@pytest.mark.parametrize(("text", "streams"), recorded())
def test_recorded_lines(text: str, streams: list[dict[str, Any]]) -> None:
    template = compile_line_template(text)
    for stream in streams:
        given_labels = {name: value for name, value in stream["stream"].items() if not name.startswith("__error")}
        for timestamp, line, *_ in stream["values"]:
            if stream["stream"].get("__error__") == "TemplateFormatErr":
                with pytest.raises(TemplateError) as caught:
                    template.execute(given_labels, line, int(timestamp))
                assert str(caught.value) == stream["stream"]["__error_details__"]
            else:
                assert template.execute(given_labels, "", int(timestamp)) == line
