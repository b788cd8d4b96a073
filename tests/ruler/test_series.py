"""Recorded series: kept by tenant, ended, forgotten, and asked in PromQL."""

import math
from collections.abc import Mapping

import pytest

from sigyn.languages.promql import parse_promql
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import ScalarResult, VectorResult
from sigyn.model.time import MINUTE
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.series_query import instant, over_range
from sigyn.ruler.series_store import SeriesStore

from .rules import START, labels

SHOP, TILL = labels(__name__="errors", app="shop"), labels(__name__="errors", app="till")


@pytest.fixture
def store() -> SeriesStore:
    """Two counters for ten minutes, of which one ends in the eighth."""
    series = SeriesStore(RulerDatabase(None))
    for minute in range(11):
        samples: dict[Labels, float] = {SHOP: 60.0 * minute}
        if minute < 8:
            samples[TILL] = 6.0 * minute
        series.append("a", START + minute * MINUTE, samples, [TILL] if minute == 8 else [])
    return series


def ask(store: SeriesStore, query: str, minute: int = 10, tenant: str = "a") -> Mapping[Labels, float] | float:
    result = instant(store, tenant, parse_promql(query), START + minute * MINUTE)
    if isinstance(result, ScalarResult):
        return result.value
    assert isinstance(result, VectorResult)
    return {sample.labels: sample.value for sample in result.samples}


@pytest.mark.parametrize(
    ("query", "minute", "expected"),
    [
        ("errors", 7, {SHOP: 420.0, TILL: 42.0}),
        ("errors", 8, {SHOP: 480.0}),
        ('errors{app="till"} offset 3m', 10, {TILL: 42.0}),
        ('{app=~"s.*"}', 10, {SHOP: 600.0}),
        ("errors > 100", 10, {SHOP: 600.0}),
        ("errors", 15, {}),
        ("errors", 14, {SHOP: 600.0}),
        ("rate(errors[5m])", 7, {labels(app="shop"): 1.0, labels(app="till"): 0.1}),
        ("increase(errors[2m])", 10, {labels(app="shop"): 120.0}),
        ("sum(errors)", 7, {(): 462.0}),
        ("sum by (app) (errors) * 2", 7, {labels(app="shop"): 840.0, labels(app="till"): 84.0}),
        ('errors / on () group_left errors{app="till"}', 7, {labels(app="shop"): 10.0, labels(app="till"): 1.0}),
        ("count_over_time(errors[3m])", 10, {labels(app="shop"): 3.0}),
        ("avg_over_time(errors[3m])", 10, {labels(app="shop"): 540.0}),
        ("absent(missing)", 10, {(): 1.0}),
        ('absent(errors{app="none"})', 10, {labels(app="none"): 1.0}),
        ("absent(errors)", 10, {}),
        ("1 + 1", 10, 2.0),
        ("vector(3)", 10, {(): 3.0}),
        ("topk(1, errors)", 7, {SHOP: 420.0}),
    ],
)
def test_answers(store: SeriesStore, query: str, minute: int, expected: Mapping[Labels, float] | float) -> None:
    assert ask(store, query, minute) == pytest.approx(expected)


def test_one_sample_says_nothing_about_a_rate(store: SeriesStore) -> None:
    assert ask(store, "rate(errors[1m])") == {}


def test_a_quantile_of_recorded_buckets() -> None:
    series = SeriesStore(RulerDatabase(None))
    for minute in (0, 1):
        counts = {"1": 50.0, "2": 100.0, "+Inf": 100.0}
        buckets = {labels(__name__="d_bucket", le=le): count * minute for le, count in counts.items()}
        series.append("a", START + minute * MINUTE, buckets, [])
    assert ask(series, "histogram_quantile(0.5, rate(d_bucket[5m]))", 1) == pytest.approx({(): 1.0})


def test_a_range(store: SeriesStore) -> None:
    result = over_range(store, "a", parse_promql('errors{app="till"}'), START + 6 * MINUTE, START + 9 * MINUTE, MINUTE)
    (series,) = result.series
    assert series.labels == TILL
    assert [(time - START) // MINUTE for time in series.timestamps.tolist()] == [6, 7]
    assert series.values.tolist() == [36.0, 42.0]


def test_tenants_see_their_own_alone(store: SeriesStore) -> None:
    store.append("b", START, {SHOP: 1.0}, [])
    assert ask(store, "errors", 0, "b") == {SHOP: 1.0}
    assert ask(store, "errors", 0, "a") == {SHOP: 0.0, TILL: 0.0}
    assert ask(store, "errors", 0, "c") == {}
    assert store.series("b", [], 0, START + MINUTE) == [SHOP]
    assert not store.has_any("c", ["errors"])


def test_numbers_that_are_none_are_kept() -> None:
    series = SeriesStore(RulerDatabase(None))
    written = {labels(__name__="a"): math.nan, labels(__name__="b"): math.inf, labels(__name__="c"): -math.inf}
    series.append("a", START, written, [])
    got = {name: ask(series, name, 0)[labels(__name__=name)] for name in "abc"}  # type: ignore[index]
    assert math.isnan(got["a"])
    assert (got["b"], got["c"]) == (math.inf, -math.inf)


def test_what_was_written_stays(store: SeriesStore) -> None:
    store.append("a", START, {SHOP: 99.0}, [])
    assert ask(store, "errors", 0) == {SHOP: 0.0, TILL: 0.0}


def test_old_samples_are_forgotten(store: SeriesStore) -> None:
    store.forget_before(START + 9 * MINUTE)
    assert store.series("a", [], 0, START + 20 * MINUTE) == [SHOP]
    assert ask(store, "count_over_time(errors[1h])") == {labels(app="shop"): 2.0}
    store.append("a", START + 11 * MINUTE, {TILL: 1.0}, [])
    assert ask(store, "errors", 11) == {SHOP: 600.0, TILL: 1.0}


def test_two_metrics_in_one_answer(store: SeriesStore) -> None:
    store.append("a", START + 10 * MINUTE, {labels(__name__="warnings", app="shop"): 1.0}, [])
    with pytest.raises(QueryError, match="two metrics have series of the same labels"):
        ask(store, '{app="shop"} + 1')


def test_series_that_were_not_kept_are_made_anew() -> None:
    store = SeriesStore(RulerDatabase(None))
    with pytest.raises(OverflowError):
        store.append("a", 1 << 70, {SHOP: 1.0}, ())  # fails after the series got its number
    store.append("b", START, {TILL: 2.0}, ())
    store.append("a", START + MINUTE, {SHOP: 3.0}, ())
    assert ask(store, "errors", 1, "a") == {SHOP: 3.0}
    assert ask(store, "errors", 1, "b") == {TILL: 2.0}
