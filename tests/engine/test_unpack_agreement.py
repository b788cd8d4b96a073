"""`| unpack` finds the same fast and by the interpreter, whatever stands in the line."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.languages.logql import ast
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

EXAMPLES = 3000 if os.environ.get("SIGYN_LONG") else 15

ESCAPES = (
    "\\n", "\\t", "\\r", "\\b", "\\f", "\\/", "\\\\", '\\"', "\\u003c", "\\u003E", "\\u00e4", "\\u20AC", "\\u0000",
    "\\ufffd", "\\uFFFD", "\\ud83d\\ude00", "\\ud83d", "\\x",
)  # fmt: skip
KEYS = (
    "_entry",
    "_entry",
    "_entry",
    "-entry",
    "\\u005fentry",
    "app",
    "level",
    "pod",
    "p\\u006fd",
    "9lives",
    "",
    " pod",
)
NAMES = ("app", "level", "pod", "_9lives", "_entry", "app_extracted", "__error__", "detected_level")

written_texts = st.lists(
    st.sampled_from((*ESCAPES, "a", "=", "level=error", " ", "ä", "😀", "\ufffd", "{", "}", "7")), max_size=4
).map("".join)
texts = written_texts.map(lambda text: f'"{text}"')
values = st.one_of(
    texts, texts, texts, st.sampled_from(("1", "-0.5e3", "true", "null", "{}", '{"pod":"x"}', "[1]", "x"))
)
spaces = st.sampled_from(("", "", "", " ", "\t", "\n"))
fields = st.builds(
    lambda key, value, space: f'{space}"{key}"{space}:{space}{value}{space}', st.sampled_from(KEYS), values, spaces
)
objects = st.builds(lambda some, space: f"{space}{{{','.join(some)}}}{space}", st.lists(fields, max_size=4), spaces)
lines = st.one_of(
    objects,
    objects,
    objects,
    objects.map(lambda line: line[:-1]),
    objects.map(lambda line: f"{line}more"),
    st.sampled_from(("", " ", "text", "[]", '{"_entry":"x",}', '{"_entry" "x"}', '{,"_entry":"x"}')),
)
filters = st.one_of(
    st.builds(
        ast.StringPredicate,
        st.sampled_from(NAMES),
        st.sampled_from(("=", "!=", "=~")),
        st.sampled_from(("", "a", "level=error", "<", "ä", "7")),
    ).map(ast.LabelFilter),
    st.builds(
        lambda operator, text: ast.LineFilter(operator, (ast.LineOperand(text),)),
        st.sampled_from(("|=", "!=", "|~")),
        st.sampled_from(("a", "<", "ä", "level", "entry")),
    ),
    st.just(ast.LogfmtParser(False, False, ())),
)
stages = st.builds(
    lambda before, after: (*before, ast.Unpack(), *after),
    st.lists(filters, max_size=1),
    st.lists(filters, max_size=3),
)
queries = st.builds(
    lambda stages, grouping: ast.VectorAggregation(
        "sum",
        ast.RangeAggregation("count_over_time", ast.LogRange(ast.LogQuery(WIDE, stages), 5 * MINUTE)),
        grouping=ast.Grouping(tuple(grouping)),
    ),
    stages,
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True),
)
rows = st.one_of(rows_of(lines, st.none(), least=8), rows_of(lines, metadata, least=8))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=streams, entries=rows, chain=stages, limit=st.sampled_from((1, 100)), backward=st.booleans())
def test_log_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], chain: tuple[ast.Stage, ...], limit: int, backward: bool
) -> None:
    assert_log_query_agrees(world, labels, entries, ast.LogQuery(WIDE, chain), limit, backward)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=streams, entries=rows, query=queries, strict=st.sampled_from((False, False, True)))
def test_metric_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.MetricQuery, strict: bool
) -> None:
    assert_metric_query_agrees(world, labels, entries, query, strict, 90 * SECOND)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a\\nb", "a\nb"),
        ("\\b\\f\\r\\t", "\b\f\r\t"),
        ('\\"q\\"', '"q"'),
        ("\\/\\\\u", "/\\u"),
        ("\\u003ca\\u003E", "<a>"),
        ("\\u00e4\\u00FF", "äÿ"),
        ("\\u0800\\u20AC", "\u0800€"),
        ("\\u07ff", "\u07ff"),
        ("\\uFFFC", "\ufffc"),
        ("\\ud83d\\ude00", "😀"),
        ("\\ufffd", " "),
        ("a\ufffdb", "a b"),
        ("ä 😀", "ä 😀"),
        ("", ""),
    ],
)
def test_what_was_packed_is_found(world: World, written: str, meant: str) -> None:
    lines = [f'{{"pod":"p{place % 2}","_entry":"[{written}]","_entry":"({written})"}}' for place in range(24)]
    entries = [Row(0, START + place * SECOND, line, None, None, 0) for place, line in enumerate(lines)]
    stream: Labels = (("app", "shop"),)
    query = ast.LogQuery(WIDE, (ast.Unpack(), ast.LineFilter("|=", (ast.LineOperand(f"({meant})"),))))
    counted = ast.RangeAggregation("count_over_time", ast.LogRange(query, 5 * MINUTE))
    by_pod = ast.VectorAggregation("sum", counted, grouping=ast.Grouping(("pod",)))
    assert_log_query_agrees(world, [stream], entries, query, 100, backward=False)
    assert_metric_query_agrees(world, [stream], entries, by_pod, False, 90 * SECOND)
