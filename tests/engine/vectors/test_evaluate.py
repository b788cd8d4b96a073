"""The walk over a metric query: what engines are asked for, label_replace, answers."""

import pytest

from sigyn.engine.vectors.block import SeriesBlock, matrix_of, vector_of
from sigyn.engine.vectors.evaluate import evaluate_metric
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast, parse
from sigyn.model.errors import QueryError
from sigyn.model.time import SECOND
from tests.engine.vectors.blocks import block, evaluated

SUMMED = ast.Grouping(())


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ('rate({a="b"}[1m])', [("rate", None)]),
        ('sum(rate({a="b"}[1m]))', [("rate", SUMMED)]),
        ('sum by (x) (count_over_time({a="b"}[1m]))', [("count_over_time", ast.Grouping(("x",)))]),
        ('sum without (x) (bytes_rate({a="b"}[1m]))', [("bytes_rate", ast.Grouping(("x",), True))]),
        ('sum(sum_over_time({a="b"} | unwrap v [1m]))', [("sum_over_time", SUMMED)]),
        ('max(max_over_time({a="b"} | unwrap v [1m]))', [("max_over_time", SUMMED)]),
        ('max(min_over_time({a="b"} | unwrap v [1m]))', [("min_over_time", None)]),
        ('max(max_over_time({a="b"} | unwrap v [1m]) by (x))', [("max_over_time", None)]),
        ('max by (v) (max_over_time({a="b"} | unwrap v [1m]))', [("max_over_time", None)]),
        ('max without (v) (max_over_time({a="b"} | unwrap v [1m]))', [("max_over_time", ast.Grouping(("v",), True))]),
        ('sum by (v) (sum_over_time({a="b"} | unwrap v [1m]))', [("sum_over_time", ast.Grouping(("v",)))]),
        ('avg(avg_over_time({a="b"} | unwrap v [1m]))', [("avg_over_time", None)]),
        ('count(rate({a="b"}[1m]))', [("rate", None)]),
        ('sum(rate({a="b"}[1m]) > 1)', [("rate", None)]),
        ('count(count by (x) (rate({a="b"}[1m])))', [("rate", ast.Grouping(("x",)))]),
        ('count by (y) (avg without (x) (rate({a="b"}[1m])))', [("rate", ast.Grouping(("x",), True))]),
        ('count(stddev(max_over_time({a="b"} | unwrap v [1m])))', [("max_over_time", SUMMED)]),
        ('count(count by (x) (avg_over_time({a="b"} | unwrap v [1m])))', [("avg_over_time", None)]),
        ('count(count by (v) (sum_over_time({a="b"} | unwrap v [1m])))', [("sum_over_time", None)]),
        ('count(sum by (v) (sum_over_time({a="b"} | unwrap v [1m])))', [("sum_over_time", ast.Grouping(("v",)))]),
        ('count(count by (x) (rate({a="b"}[1m]) > 1))', [("rate", None)]),
        ('count(count by (__error__) (rate({a="b"}[1m])))', [("rate", None)]),
        ('count(topk(1, rate({a="b"}[1m])))', [("rate", None)]),
        ('sum(count by (x) (rate({a="b"}[1m])))', [("rate", None)]),
        ('topk(1, sum by (x) (rate({a="b"}[1m])))', [("rate", ast.Grouping(("x",)))]),
        ('absent_over_time({a="b"}[1m])', [("count_over_time", None)]),
        ('rate({a="b"}[1m]) / rate({a="c"}[1m])', [("rate", None), ("rate", None)]),
    ],
)
def test_what_an_engine_is_asked_for(query: str, asked: list[tuple[str, ast.Grouping | None]]) -> None:
    calls = []

    def range_vector(aggregation: ast.RangeAggregation, grouping: ast.Grouping | None, grid: StepGrid) -> SeriesBlock:
        calls.append((aggregation.operator, grouping))
        return SeriesBlock.empty(len(grid))

    tree = parse(query)
    assert not isinstance(tree, ast.LogQuery)
    evaluate_metric(tree, range_vector, StepGrid.instant(0))
    assert calls == asked


@pytest.mark.parametrize("operator", ["count", "sum", "avg", "min", "max", "stddev", "stdvar"])
@pytest.mark.parametrize("grouped", [True, False])
def test_groups_are_counted_whatever_is_asked_of_them(operator: str, grouped: bool) -> None:
    """Also by an engine that takes no hint."""
    series = block("user=a id=1: 2 -\nuser=a id=2: 3 -\nuser=b id=3: - 0\nuser=c id=4: NaN 5")
    users = block("user=a: 5 -\nuser=b: - 0\nuser=c: NaN 5")
    tree = parse(f'count({operator} by (user) (count_over_time({{a="b"}}[1m])))')
    assert not isinstance(tree, ast.LogQuery)
    value = evaluate_metric(tree, lambda _, hint, __: users if hint and grouped else series, StepGrid(0, 1, 1))
    assert isinstance(value, SeriesBlock)
    assert value.labels == [()]
    assert value.values.tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ('"dst", "x$1", "nosuch", "(.*)"', ["dst=x host=web-1: 1", "dst=x host=db: 2"]),
        ('"dst", "${n}-$1", "host", "(?P<n>[a-z]+)-."', ["dst=web-web host=web-1: 1", "host=db: 2"]),
        ('"dst", "$1", "host", "we"', ["host=web-1: 1", "host=db: 2"]),
        ('"dst", "$$", "host", "db"', ["host=web-1: 1", "dst=$ host=db: 2"]),
        ('"dst", "$1x", "host", "(d)b"', ["host=web-1: 1", "host=db: 2"]),
        ('"host", "h$1", "host", "web-(.)"', ["host=h1: 1", "host=db: 2"]),
        ('"host", "", "host", "d.*"', ["host=web-1: 1", ": 2"]),
    ],
)
def test_label_replace(arguments: str, rows: list[str]) -> None:
    assert evaluated(f"label_replace($v, {arguments})", v="host=web-1: 1\nhost=db: 2") == rows


def test_label_replace_may_not_make_series_equal() -> None:
    with pytest.raises(QueryError, match="the same labels"):
        evaluated('label_replace($v, "host", "", "host", ".*")', v="host=a: 1\nhost=b: 2")
    assert evaluated('label_replace($v, "host", "", "host", ".*")', v="host=a: 1 -\nhost=b: - 2") == [": 1 2"]


@pytest.mark.parametrize("query", ["avg({})", "sort({})", "topk(2, {})", 'label_replace({}, "a", "b", "c", "d")'])
@pytest.mark.parametrize("number", ["5", "(1 + 2)"])
def test_a_number_is_no_series(query: str, number: str) -> None:
    with pytest.raises(QueryError) as caught:
        evaluated(query.format(number))
    assert str(caught.value) == f"expected series, got the number {number}; as a series it is written vector(5)"


def test_answers() -> None:
    grid = StepGrid(SECOND, 3 * SECOND, SECOND)
    series = matrix_of(block("a=1: 1 - 3\na=2: - - -"), grid).series
    assert [(one.labels, one.timestamps.tolist(), one.values.tolist()) for one in series] == [
        ((("a", "1"),), [SECOND, 3 * SECOND], [1.0, 3.0])
    ]
    (constant,) = matrix_of(2.0, grid).series
    assert (constant.labels, constant.values.tolist()) == ((), [2.0, 2.0, 2.0])
    vector = vector_of(block("a=2: 5\na=1: -"), StepGrid.instant(7))
    assert vector.timestamp == 7
    assert [(sample.labels, sample.value) for sample in vector.samples] == [((("a", "2"),), 5.0)]
