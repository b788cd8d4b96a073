"""Parsers with expressions find the same in columns, in lines and by the interpreter.

`a.b`, `a_b` and the label `app` are easily taken for one another in these lines.
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

texts = st.sampled_from(("x", "7", "1.5", "", 'q"t', "a\ufffdb", "a b", "é"))
values = texts | st.sampled_from((7, 1.5, True, None, [], [{"b": "x"}], {}, {"b": {"b": "x"}}))
nested = st.dictionaries(st.just("b"), values | st.dictionaries(st.just("b"), values, max_size=1), max_size=1)
documents = st.dictionaries(st.sampled_from(("a", "a_b", "a-b", "app")), values | nested, min_size=1, max_size=3)
odd_documents = st.dictionaries(st.sampled_from(("a", "ключ", 'q"t', "", "9")), values | nested, max_size=3)


def _doubled(document: str) -> str:
    """With another value for keys that are there, behind the others."""
    return document.removesuffix("}") + ',"a":{"b":"twice"},"a_b":"again"}'


json = documents.map(lambda document: msgspec.json.encode(document).decode())
logfmt = st.lists(st.tuples(st.sampled_from(("a", "a_b", "a-b", "app", "9")), texts), max_size=4).map(
    lambda pairs: " ".join(f"{key}={msgspec.json.encode(value).decode()}" for key, value in pairs)
)
lines = st.one_of(
    json,
    json,
    json,
    json.map(_doubled),
    odd_documents.map(lambda document: msgspec.json.encode(document).decode()),
    json.map(lambda line: line[:-1]),
    json.map(lambda line: f" {line} tail"),
    logfmt,
    logfmt,
    logfmt,
    st.sampled_from(
        ("", " ", "[1]", '"a":1', "text", "a=1 a", "a= b=2 a=x", 'a="', '{"a":{"b":NaN}}', '{"a":{"\\u0062":"x"}}')
    ),
)
Parser: TypeAlias = ast.JsonParser | ast.LogfmtParser
Stages: TypeAlias = tuple[ast.Stage, ...]


def _extractions(expressions: tuple[str, ...]) -> st.SearchStrategy[tuple[ast.Extraction, ...]]:
    names = st.sampled_from(("t", "u", "t", "u", "a", "app", "trace_id", "app_extracted", "detected_level"))
    extraction = st.builds(ast.Extraction, names, st.sampled_from(expressions))
    return st.lists(extraction, min_size=1, max_size=3, unique_by=lambda each: each.name).map(tuple)


json_extractions = _extractions(("a", "a.b", "a_b", "app")) | _extractions(
    ("a.b.b", '["a-b"]', "b.a", '["ключ"].b', '["q\\"t"]', '[""]', '["9"]', "a[0].b")
)
logfmt_extractions = _extractions(("a", "a_b", "a-b", "app")) | _extractions(("a", "9", ""))
parsers = st.builds(ast.JsonParser, json_extractions) | st.builds(
    ast.LogfmtParser, st.just(False), st.booleans(), logfmt_extractions
)


def _names(parser: Parser) -> st.SearchStrategy[str]:
    """Mostly of labels that the parser gives."""
    given_names = [extraction.name for extraction in parser.extractions]
    return st.sampled_from((*given_names, *given_names, *given_names, "app", "__error__"))


def _filters(parser: Parser) -> st.SearchStrategy[ast.LabelFilter]:
    names = _names(parser)
    return st.one_of(
        st.builds(ast.StringPredicate, names, st.sampled_from(("=", "!=")), texts),
        st.builds(ast.StringPredicate, names, st.just("=~"), st.sampled_from((".+", "x|7", "JSON.*"))),
        st.builds(ast.NumberPredicate, names, st.sampled_from((">", "==")), st.sampled_from((1.0, 7.0))),
    ).map(ast.LabelFilter)


def _log_query(parser: Parser) -> st.SearchStrategy[ast.LogQuery]:
    filters = st.lists(_filters(parser), min_size=1, max_size=2)
    return filters.map(lambda chosen: ast.LogQuery(WIDE, (parser, *chosen)))


def _count(parser: Parser) -> st.SearchStrategy[ast.MetricQuery]:
    filters = st.lists(_filters(parser), max_size=1)
    counts = filters.map(lambda chosen: ast.RangeAggregation("count_over_time", _range((parser, *chosen))))
    by = st.lists(_names(parser), min_size=1, max_size=2, unique=True).map(lambda names: ast.Grouping(tuple(names)))
    summed = st.builds(lambda count, grouping: ast.VectorAggregation("sum", count, grouping=grouping), counts, by)
    return st.one_of(summed, summed, counts)


def _maximum(parser: Parser) -> st.SearchStrategy[ast.MetricQuery]:
    filters = st.lists(_filters(parser), max_size=1)
    unwraps = st.builds(ast.Unwrap, _names(parser), st.sampled_from(("", "", "duration")))
    groupings = st.none() | st.lists(_names(parser), max_size=1).map(lambda names: ast.Grouping(tuple(names)))
    return st.builds(
        lambda chosen, unwrap, grouping: ast.RangeAggregation(
            "max_over_time", _range((parser, *chosen), unwrap), grouping=grouping
        ),
        filters,
        unwraps,
        groupings,
    )


def _range(stages: Stages, unwrap: ast.Unwrap | None = None) -> ast.LogRange:
    return ast.LogRange(ast.LogQuery(WIDE, stages), 5 * MINUTE, unwrap=unwrap)


log_queries = parsers.flatmap(_log_query)
metric_queries = parsers.flatmap(_count) | parsers.flatmap(_maximum)
rows = st.one_of(*(rows_of(lines, own, least=8) for own in (st.none(), st.none(), metadata)))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=streams, entries=rows, query=log_queries, limit=st.sampled_from((1, 100)), backward=st.booleans())
def test_log_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.LogQuery, limit: int, backward: bool
) -> None:
    assert_log_query_agrees(world, labels, entries, query, limit, backward)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=streams, entries=rows, query=metric_queries, strict=st.booleans())
def test_metric_queries_agree(
    world: World, labels: list[Labels], entries: list[Row], query: ast.MetricQuery, strict: bool
) -> None:
    assert_metric_query_agrees(world, labels, entries, query, strict, 90 * SECOND)


WRITTEN = (
    '{"msg":"a\ufffdb","n":1}',
    '{"msg":"c","o":{"x" : [1, {}]},"n":2.50}',
    '{"msg":"c","o.x":1,"o_x":2}',
    '{"msg":null,"o":[1, "z"]}',
    '{"o":{"x":"q\\"t"}}',
    '{"o":{},"o":{"x":"later"}}',
    'msg="a\ufffdb" n=1',
    "msg=y n=2 msg=z",
    "msg=y n=2 msg=",
    '"msg"',
    "text",
    "  ",
    "",
)


@pytest.mark.parametrize(
    "query",
    [
        '| json | msg="a b"',
        '| logfmt | msg="a b"',
        '| json m="msg" | m="a b"',
        '| logfmt m="msg" | m="a b"',
        '| logfmt m="msg" | m="z"',
        '| logfmt m="msg" | m=""',
        '| json m="msg" | m=""',
        '| json m="msg" | __error__!=""',
        '| json m="o" | m=`{"x" : [1, {}]}`',
        '| json m="o" | m=`[1, "z"]`',
        '| json m="o" | m="{}"',
        '| json m="o.x" | m=~".+"',
        '| json m="o.x" | m=`q"t`',
        '| json m="o.x" | m="later"',
        '| json m="o_x" | m="2"',
        '| json m=`["o.x"]` | m="1"',
        '| json m="n" | m="2.50"',
        '| json m="n" | m > 1',
    ],
)
def test_what_is_written_is_found(world: World, query: str) -> None:
    entries = [Row(0, START + place * SECOND, line, None, None, 0) for place, line in enumerate(WRITTEN * 3)]
    parsed = parse(f'{{app="shop"}} {query}')
    assert isinstance(parsed, ast.LogQuery)
    assert_log_query_agrees(world, [(("app", "shop"),)], entries, parsed, 100, backward=False)
