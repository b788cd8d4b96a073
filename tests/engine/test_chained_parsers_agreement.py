"""Parsers behind one another, and behind formats of the line, find the same fast and by the interpreter.

JSON and logfmt leave a label that an earlier parser has made alone; pattern and regexp take it over.
"""

import os
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.languages.logql import ast, parse
from sigyn.model.labels import Labels
from sigyn.model.time import MINUTE, SECOND
from tests.engine.agreement_words import metadata, streams
from tests.engine.test_agreement import (
    START,
    WIDE,
    Row,
    World,
    assert_log_query_agrees,
    assert_metric_query_agrees,
    rows_of,
)

EXAMPLES = 3000 if os.environ.get("SIGYN_LONG") else 45

NAMES = ("a", "b", "app", "level")
Stages: TypeAlias = tuple[ast.Stage, ...]

texts = st.sampled_from(("x", "y", "7", "", "x y", 'q"t', "a=y", "x b=y z", "a\ufffdb"))
fields = st.dictionaries(st.sampled_from(NAMES), texts, max_size=3)
inner_lines = st.one_of(
    fields.map(lambda pairs: msgspec.json.encode(pairs).decode()),
    fields.map(lambda pairs: " ".join(f"{key}={msgspec.json.encode(value).decode()}" for key, value in pairs.items())),
    st.sampled_from(("a=y {", "x b=7", '"a":"x"', "", "x")),
)
lines = st.one_of(
    st.builds(lambda pairs, line: msgspec.json.encode({**pairs, "log": line}).decode(), fields, inner_lines),
    st.builds(lambda pairs, line: msgspec.json.encode({**pairs, "_entry": line}).decode(), fields, inner_lines),
    st.builds(lambda pairs, line: f"{line} {' '.join(f'{k}={v}' for k, v in pairs.items())}", fields, inner_lines),
    inner_lines,
)
parsers = st.one_of(
    st.just(ast.JsonParser(())),
    st.just(ast.Unpack()),
    st.builds(ast.LogfmtParser, st.just(False), st.booleans()),
    st.sampled_from(("<a> <_>", "a=<a> b=<b>", '<_>"<b>"<_>', "<level>=<_>")).map(ast.PatternParser),
    st.sampled_from((r"(?P<a>[xy])", r"b=(?P<b>\w*)", r"(?P<level>\d)?(?P<a>=)", "(?P<app>q)")).map(ast.RegexpParser),
    st.just(ast.JsonParser((ast.Extraction("a", "b"),))),
    st.just(ast.LogfmtParser(False, False, (ast.Extraction("b", "a"),))),
)
formats = st.sampled_from(
    ("{{.log}}", "{{.log}} a={{.a}}", "{{ .log | upper }}", '{"a":"{{.b}}"}', "{{ __line__ }}")
).map(ast.LineFormat)
filters = st.one_of(
    st.builds(ast.StringPredicate, st.sampled_from(NAMES), st.sampled_from(("=", "!=")), texts),
    st.builds(ast.StringPredicate, st.just("__error__"), st.sampled_from(("=", "!=")), st.just("")),
).map(ast.LabelFilter)
choices = st.builds(
    lambda name, value: ast.LabelChoice(name, ast.Matcher(name, "=", value) if value is not None else None),
    st.sampled_from((*NAMES, "app_extracted", "detected_level", "__error__")),
    st.none() | texts,
)
changes = st.one_of(
    st.lists(choices, min_size=1, max_size=2).map(tuple).map(ast.Drop),
    st.lists(choices, min_size=1, max_size=2).map(tuple).map(ast.Keep),
    st.builds(
        ast.LabelAssignment,
        st.sampled_from(NAMES),
        st.sampled_from(("{{.b}}", "x{{.level}}", "", "{{ .a | upper }}")),
        st.just(False),
    ).map(lambda assignment: ast.LabelFormat((assignment,))),
    st.builds(ast.LabelAssignment, st.just("a"), st.sampled_from(("b", "level", "detected_level")), st.just(True)).map(
        lambda assignment: ast.LabelFormat((assignment,))
    ),
)
looks = st.just(ast.LineFilter("|=", (ast.LineOperand("x"),)))
between = st.lists(formats | filters | changes | looks, max_size=2).map(tuple)
stages: st.SearchStrategy[Stages] = st.builds(
    lambda first, some, second, others, third, last: (first, *some, second, *others, *third, *last),
    parsers,
    between,
    parsers,
    between,
    st.lists(parsers, max_size=1),
    st.lists(filters, max_size=1),
)
groupings = st.lists(st.sampled_from((*NAMES, "app_extracted", "__error__")), min_size=1, max_size=3, unique=True).map(
    lambda names: ast.Grouping(tuple(names))
)


def _count(chain: Stages, grouping: ast.Grouping) -> ast.MetricQuery:
    counted = ast.RangeAggregation("count_over_time", ast.LogRange(ast.LogQuery(WIDE, chain), 5 * MINUTE))
    return ast.VectorAggregation("sum", counted, grouping=grouping)


metric_queries = st.builds(_count, stages, groupings)
rows = st.one_of(*(rows_of(lines, own, least=8) for own in (st.none(), st.none(), metadata)))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=streams, entries=rows, chain=stages, limit=st.sampled_from((1, 100)), backward=st.booleans())
def test_log_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], chain: Stages, limit: int, backward: bool
) -> None:
    assert_log_query_agrees(world, labels, entries, ast.LogQuery(WIDE, chain), limit, backward)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=st.builds(_count, stages, groupings),
    strict=st.sampled_from((False, False, True)),
)
def test_metric_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.MetricQuery, strict: bool
) -> None:
    assert_metric_query_agrees(world, labels, entries, query, strict, 90 * SECOND)


WRITTEN = (
    '{"a":"outer","log":"{\\"a\\":\\"inner\\",\\"b\\":\\"7\\"}"}',
    '{"log":"{\\"a\\":\\"inner\\"}"}',
    '{"a":"outer","log":"a=inner b=7"}',
    '{"a":"outer","log":"{\\"a\\":\\"\\"}"}',
    '{"a":"outer","log":"text"}',
    '{"a":"outer","said":"text b=7 more"}',
    "a=outer b=7",
    '{"a":"outer","_entry":"a=inner b=7"}',
)


@pytest.mark.parametrize(
    "query",
    [
        '| json | line_format "{{.log}}" | json | a="outer"',
        '| json | line_format "{{.log}}" | json | a="inner"',
        '| unpack | logfmt | a="outer" | b="7"',
        '| json | line_format "{{.log}}" | logfmt | a="outer" | b="7"',
        '| json | line_format "{{.log}}" | pattern "a=<a> b=<b>" | a="inner"',
        '| json | line_format "{{.log}}" | regexp "a=(?P<a>[a-z]+)" | a="inner"',
        '| json | line_format "{{.log}}" | regexp "a=(?P<a>[a-z]+)" | a="outer"',
        '| json | line_format "{{.log}}" | json | __error__!=""',
        '| regexp "(?P<a>out)" | json | a="out"',
        '| json | logfmt | b="7"',
        '| logfmt | b="7"',
        '| logfmt | json | __error__=""',
        '| json | logfmt b="b" | b=""',
        '| json a="a" | logfmt | b="7"',
        '| json | line_format "{{.log}}" | json a="a" | a="inner"',
        '| json | line_format "{{.log}}" | json a="a" | a=""',
        '| json | line_format "{{.log}}" | json a="a" | a="outer"',
        '| json | line_format "{{.log}}" | logfmt a="nosuch" | a="outer"',
        '| json | line_format "{{.log}}" | json x="b" | x="7"',
        '| json | line_format "{{.log}}" | logfmt x="b" | x=""',
        '| logfmt | json a="log" | a="text"',
        '| json | json a="nosuch" | a="outer"',
        '| keep app | logfmt | json | a="outer"',
        '| label_format a="x" | logfmt | json | a="x"',
    ],
)
def test_what_is_written_is_found(world: World, query: str) -> None:
    entries = [Row(0, START + place * SECOND, line, None, None, 0) for place, line in enumerate(WRITTEN * 12)]
    parsed = parse(f'{{app="shop"}} {query}')
    assert isinstance(parsed, ast.LogQuery)
    assert_log_query_agrees(world, [(("app", "shop"),)], entries, parsed, 100, backward=False)


@pytest.mark.parametrize("parser", ['regexp "a=(?P<lvl>[a-z]+)"', 'pattern "a=<lvl> <_>"', 'json lvl="a"', "logfmt"])
def test_a_level_that_was_renamed_is_no_parsers(world: World, parser: str) -> None:
    """What was detected is structured metadata under any name, and a parser gives its label another one."""
    entries = [Row(0, START + place * SECOND, line, "info", None, 0) for place, line in enumerate(WRITTEN * 12)]
    parsed = parse(f'{{app="shop"}} | label_format lvl=detected_level | {parser} | lvl="info"')
    assert isinstance(parsed, ast.LogQuery)
    assert_log_query_agrees(world, [(("app", "shop"),)], entries, parsed, 100, backward=False)
