"""Metric queries over entries: what is a sample, which series it is of, and what errors do."""

import pytest

from sigyn.engine.interpreter.extraction import Entry
from sigyn.engine.interpreter.reference import Evaluation, evaluate
from sigyn.engine.vectors.block import SeriesBlock
from sigyn.languages.logql import ast, parse
from sigyn.model.errors import QueryError
from sigyn.model.labels import labels_of
from sigyn.model.time import SECOND

STREAM = labels_of({"app": "shop"})


def entries(*lines: str, every: int = 10, metadata: str = "") -> list[Entry]:
    """Lines of one stream, the first at 10 s."""
    own = labels_of({"trace": metadata})
    return [(STREAM, (index + 1) * every * SECOND, line, own) for index, line in enumerate(lines)]


def answer(query: str, data: list[Entry], start: int, end: int, step: int = 10, *, strict: bool = False) -> Evaluation:
    tree = parse(query)
    assert not isinstance(tree, ast.LogQuery)
    return evaluate(tree, data, start * SECOND, end * SECOND, step * SECOND, strict=strict)


def rows(query: str, data: list[Entry], start: int, end: int, step: int = 10) -> dict[str, list[float | None]]:
    """Values by labels, None where there is none."""
    value = answer(query, data, start, end, step).value
    assert isinstance(value, SeriesBlock)
    return {
        " ".join(f"{name}={text}" for name, text in labels): [
            number if there else None for number, there in zip(numbers, present, strict=True)
        ]
        for labels, numbers, present in zip(value.labels, value.values.tolist(), value.present.tolist(), strict=True)
    }


def test_windows_are_open_at_the_left_and_closed_at_the_right() -> None:
    data = entries("a", "b", "c")
    assert rows('count_over_time({app="shop"}[10s])', data, 0, 50) == {"app=shop": [None, 1, 1, 1, None, None]}
    assert rows('count_over_time({app="shop"}[15s])', data, 0, 50) == {"app=shop": [None, 1, 2, 2, 1, None]}
    assert rows('count_over_time({app="shop"}[10s] offset 20s)', data, 0, 50) == {
        "app=shop": [None, None, None, 1, 1, 1]
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("max by (v) (max_over_time(VALUES))", {"": [3]}),
        ("min by (v, app) (min_over_time(VALUES))", {"app=shop": [1]}),
        ("avg by (v) (avg_over_time(VALUES))", {"": [2]}),
        ("count by (v) (sum_over_time(VALUES))", {"": [1]}),
        ("count(count by (v) (sum_over_time(VALUES)))", {"": [1]}),
        ("count(max by (v) (max_over_time(VALUES)))", {"": [1]}),
        ("max_over_time(VALUES) by (v)", {"v=1": [1], "v=2": [2], "v=3": [3]}),
        ("sum by (v) (sum_over_time(VALUES))", {"v=1": [1], "v=2": [2], "v=3": [3]}),
        ("count(sum by (v) (sum_over_time(VALUES)))", {"": [3]}),
    ],
)
def test_series_lack_the_label_that_is_unwrapped(query: str, expected: dict[str, list[float | None]]) -> None:
    """Groups of samples have it, and the groups of a sum are those of its samples, as in Loki."""
    query = query.replace("VALUES", '{app="shop"} | logfmt | unwrap v [1m]')
    assert rows(query, entries("v=1", "v=2", "v=3"), 60, 60) == expected


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("count_over_time(SHOP [1m])", 4),
        ("rate(SHOP [1m])", 4 / 60),
        ("bytes_over_time(SHOP [1m])", 4 * 17),
        ("bytes_rate(SHOP [1m])", 4 * 17 / 60),
        ("bytes_over_time(SHOP | line_format `é{{.app}}` [1m])", 4 * 6),
        ("sum_over_time(SHOP | logfmt | unwrap v [1m])", 10),
        ("rate(SHOP | logfmt | unwrap v [1m])", 10 / 60),
        ("avg_over_time(SHOP | logfmt | unwrap v [1m])", 2.5),
        ("min_over_time(SHOP | logfmt | unwrap v [1m])", 1),
        ("max_over_time(SHOP | logfmt | unwrap v [1m])", 4),
        ("stdvar_over_time(SHOP | logfmt | unwrap v [1m])", 1.25),
        ("stddev_over_time(SHOP | logfmt | unwrap v [1m])", 1.25**0.5),
        ("first_over_time(SHOP | logfmt | unwrap v [1m])", 1),
        ("last_over_time(SHOP | logfmt | unwrap v [1m])", 4),
        ("quantile_over_time(0.5, SHOP | logfmt | unwrap v [1m])", 2.5),
        ("quantile_over_time(2, SHOP | logfmt | unwrap v [1m])", float("inf")),
        ("sum_over_time(SHOP | logfmt | unwrap v | v > 2 [1m])", 7),
        ("sum(sum_over_time(SHOP | logfmt | unwrap bytes(s) [1m]))", 4 * 1024),
        ("sum(sum_over_time(SHOP | logfmt | unwrap duration(d) [1m]))", 6),
    ],
)
def test_what_is_measured(query: str, value: float) -> None:
    data = entries(*(f"v={number} s=1KiB d=1.5s" for number in (1, 2, 3, 4)))
    ((got,),) = rows(query.replace("SHOP", '{app="shop"}'), data, 60, 60).values()
    assert got == pytest.approx(value)


def test_series_have_all_labels_but_the_unwrapped_one() -> None:
    data = entries("k=x v=1", "k=y v=2", "k=x v=3", metadata="t")
    assert rows('sum_over_time({app="shop"} | logfmt | unwrap v [1m])', data, 60, 60) == {
        "app=shop k=x trace=t": [4],
        "app=shop k=y trace=t": [2],
    }
    assert rows('max_over_time({app="shop"} | logfmt | unwrap v [1m]) by (k)', data, 60, 60) == {"k=x": [3], "k=y": [2]}
    assert rows('max_over_time({app="shop"} | logfmt | unwrap v [1m]) without (k, trace)', data, 60, 60) == {
        "app=shop": [3]
    }
    assert rows('sum by (k) (count_over_time({app="shop"} | logfmt [1m]))', data, 60, 60) == {"k=x": [2], "k=y": [1]}


def test_an_entry_without_the_unwrapped_label_is_no_sample() -> None:
    data = entries("v=1", "k=2", 'v=""')
    assert rows('sum_over_time({app="shop"} | logfmt | unwrap v [1m])', data, 60, 60) == {"app=shop": [1]}
    assert rows('sum_over_time({app="shop"} | logfmt --keep-empty | unwrap v [1m])', data, 60, 60) == {"app=shop": [1]}


def test_last_over_time_goes_by_time_across_streams() -> None:
    other = labels_of({"app": "shop", "pod": "2"})
    data: list[Entry] = [(other, 30 * SECOND, "v=9", ()), *entries("v=1", "v=2")]
    assert rows('last_over_time({app="shop"} | logfmt | unwrap v [1m]) by (app)', data, 60, 60) == {"app=shop": [9]}
    assert rows('first_over_time({app="shop"} | logfmt | unwrap v [1m]) by (app)', data, 60, 60) == {"app=shop": [1]}


def test_rate_counter_counts_over_resets() -> None:
    data = entries("v=10", "v=20", "v=5", "v=15")
    # 25 in 30 s between samples 10 s apart; the window begins 10 s before the first and ends with the last.
    assert rows('rate_counter({app="shop"} | logfmt | unwrap v [40s])', data, 40, 40) == {
        "app=shop": [pytest.approx(25 * (40 / 30) / 40)]
    }
    assert rows('rate_counter({app="shop"} | logfmt | unwrap v [10s])', data, 40, 40) == {"app=shop": [0]}


def test_absent_over_time() -> None:
    data = entries("a", "b")
    assert rows('absent_over_time({app="shop"}[10s])', data, 0, 40) == {"app=shop": [1, None, None, 1, 1]}
    assert rows('absent_over_time({app="x", env=~"y", a="1", a="2"}[10s])', data, 0, 0) == {"app=x": [1]}
    assert rows('absent_over_time({app="shop"} | logfmt | unwrap v [10s])', data, 0, 0) == {"app=shop": [1]}


def test_errors_fail_a_strict_query() -> None:
    data = entries("v=1", "v=five")
    with pytest.raises(QueryError) as caught:
        answer('sum_over_time({app="shop"} | logfmt | unwrap v [1m])', data, 60, 60, strict=True)
    assert str(caught.value).startswith(
        """pipeline error: 'SampleExtractionErr' for series: '{__error__="SampleExtractionErr", """
        """__error_details__="strconv.ParseFloat: parsing \\"five\\": invalid syntax", app="shop", v="five"}'."""
    )


def test_errors_are_left_out_and_counted_otherwise() -> None:
    data = entries("v=1", "v=five", "v=six")
    evaluation = answer('sum_over_time({app="shop"} | logfmt | unwrap v [1m])', data, 60, 60)
    assert isinstance(evaluation.value, SeriesBlock)
    assert evaluation.value.values.tolist() == [[1]]
    assert evaluation.skipped.count == 2
    assert "five" in evaluation.skipped.message


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ('sum(count_over_time({app="shop"} | json [1m]))', {"": [3]}),
        ('sum by () (rate({app="shop"} | json [1m]))', {"": [0.05]}),
        ('sum(count_over_time({app="shop"} | json | a="1" [1m]))', {"": [1]}),
        ('sum by (a) (count_over_time({app="shop"} | json [1m]))', {"a=1": [1], "a=2": [1]}),
        ('max(count_over_time({app="shop"} | json [1m]))', {"": [1]}),
        ('sum by (__error__) (count_over_time({app="shop"} | json [1m]))', {"": [2], "__error__=JSONParserErr": [1]}),
        ('sum by (app) (count_over_time({app="shop"} | json | __error__!="" [1m]))', {"app=shop": [1]}),
        ('sum by (app) (count_over_time({app="shop"} | json | __error__="" [1m]))', {"app=shop": [2]}),
        ('sum by (app) (count_over_time({app="shop"} | json | drop __error__ [1m]))', {"app=shop": [3]}),
    ],
)
def test_which_errors_matter(query: str, value: dict[str, list[float]]) -> None:
    assert rows(query, entries('{"a":1}', "broken", '{"a":2}'), 60, 60) == value
