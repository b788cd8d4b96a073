"""Windows of many steps: a value plays a part in the points whose windows hold it, and in no other."""

import math
from collections.abc import Iterator
from functools import partial

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.engine.grid import buckets
from sigyn.engine.windows import scattered_over_windows, window_extremes, window_sums
from sigyn.model.results import MatrixResult
from sigyn.model.time import SECOND
from sigyn.services.query import QueryRequest
from tests.engine.test_agreement import START, Row, World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(compacted=False)
    yield made
    made.close()


@pytest.mark.parametrize("odd", ["NaN", "+Inf", "1e300"])
@pytest.mark.parametrize(("operator", "rest"), [("sum_over_time", 10), ("avg_over_time", 1), ("rate", 0.1)])
def test_an_odd_value_is_over_when_its_windows_are(world: World, odd: str, operator: str, rest: float) -> None:
    entries = [
        Row(0, START + second * SECOND, f"n={odd if second == 100 else 1}", None, None, 0)
        for second in range(0, 300, 10)
    ]
    tenant = world.fill([(("app", "shop"),)], entries)
    query = f"{operator}({{}} | logfmt | unwrap n [100s])"
    request = QueryRequest(tenant, query, START + 90 * SECOND, START + 290 * SECOND, step=SECOND)
    result = world.loop.run_until_complete(world.lenient.query_range(request)).result
    assert isinstance(result, MatrixResult)
    (series,) = result.series
    points = dict(zip(((series.timestamps - START) // SECOND).tolist(), series.values.tolist(), strict=True))
    assert {second: value for second, value in points.items() if not 100 <= second < 200} == {
        second: pytest.approx(rest) for second in (*range(90, 100), *range(200, 291))
    }
    assert all(not value <= 1e9 for second, value in points.items() if 100 <= second < 200)


@given(
    seed=st.integers(0, 2**32 - 1),
    step=st.integers(1, 5),
    interval=st.integers(1, 500),
    steps=st.integers(1, 300),
    series=st.integers(0, 3),
)
def test_sums_are_those_of_the_buckets_in_the_window(
    seed: int, step: int, interval: int, steps: int, series: int
) -> None:
    runs = buckets(0, steps * step, step, interval, 0)
    random = np.random.default_rng(seed)
    values = random.integers(-100, 100, (series, runs.count)).astype(np.float64)
    values[random.random(values.shape) < 0.01] = np.nan
    values[random.random(values.shape) < 0.01] = np.inf
    expected = [
        [row[first : first + runs.width].sum() for first in range(0, runs.windows * runs.per_step, runs.per_step)]
        for row in values
    ]
    np.testing.assert_array_equal(window_sums(values, runs), np.reshape(expected, (series, runs.windows)))


@given(
    times=st.lists(st.integers(1, 2000), max_size=50, unique=True),
    step=st.integers(1, 20),
    interval=st.integers(1, 1500),
    steps=st.integers(1, 60),
    offset=st.integers(-50, 50),
)
def test_a_window_is_a_run_of_buckets(times: list[int], step: int, interval: int, steps: int, offset: int) -> None:
    runs = buckets(700, 700 + (steps - 1) * step, step, interval, offset)
    assert (runs.windows, runs.count) == (steps, (steps - 1) * runs.per_step + runs.width)
    assert runs.count <= 4 * steps
    ends = [700 - offset + number * step for number in range(steps)]
    assert (runs.origin, runs.end) == (ends[0] - interval, ends[-1])
    inside = np.array([time for time in times if runs.origin < time <= runs.end], np.int64)
    places = runs.of(inside)
    for number, end in enumerate(ends):
        first = number * runs.per_step
        found = inside[(places >= first) & (places < first + runs.width)]
        assert found.tolist() == [time for time in inside.tolist() if end - interval < time <= end]
    sql = duckdb.execute(f"SELECT {runs.sql('t')} FROM (SELECT unnest(?::BIGINT[]) AS t)", [inside.tolist()]).fetchall()
    assert [bucket for (bucket,) in sql] == places.tolist()


@given(
    cells=st.dictionaries(
        st.tuples(st.integers(0, 2), st.integers(0, 70)), st.sampled_from((0.1, 1e16, -3.0, math.inf, math.nan))
    ),
    step=st.integers(1, 9),
    interval=st.integers(1, 60),
)
def test_few_cells_are_joined_as_all_are(cells: dict[tuple[int, int], float], step: int, interval: int) -> None:
    runs = buckets(100, 100 + 20 * step, step, interval, 0)
    cells = {(series, column): value for (series, column), value in cells.items() if column < runs.count}
    places = np.array(list(cells), np.int64).reshape(-1, 2)
    values = np.array(list(cells.values()), np.float64)
    for join, nothing, over_windows in (
        (np.add, 0.0, window_sums),
        (np.fmin, np.nan, partial(window_extremes, reduce=np.fmin)),
        (np.fmax, np.nan, partial(window_extremes, reduce=np.fmax)),
    ):
        every = np.full((3, runs.count), nothing)
        every[places[:, 0], places[:, 1]] = values
        few = np.full((3, runs.windows), nothing)
        with np.errstate(all="ignore"):
            scattered_over_windows(places[:, 0], places[:, 1], values, join, few, runs)
            np.testing.assert_array_equal(few, over_windows(every, runs))
