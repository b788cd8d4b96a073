"""The kernels of range aggregations do what the plain reference does."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.engine.interpreter.reference import Window, aggregation_of
from sigyn.engine.vectors.windows import window, windows_of_series
from sigyn.languages.logql import ast
from sigyn.model.time import SECOND

OPERATORS: list[ast.RangeOperator] = [
    "rate",
    "rate_counter",
    "count_over_time",
    "bytes_rate",
    "bytes_over_time",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
    "first_over_time",
    "last_over_time",
]

samples = st.lists(
    st.tuples(
        st.integers(0, 200), st.integers(-1000, 1000).map(float) | st.sampled_from([math.nan, math.inf, 0.1, 1e9])
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda sample: sample[0]))


def aggregation(
    operator: ast.RangeOperator, interval: int, offset: int = 0, parameter: float | None = None
) -> ast.RangeAggregation:
    query = ast.LogQuery(ast.Selector((ast.Matcher("a", "=", "b"),)))
    return ast.RangeAggregation(operator, ast.LogRange(query, interval, offset), parameter)


@pytest.mark.parametrize("operator", OPERATORS)
@given(
    data=samples, interval=st.integers(1, 100), step=st.integers(1, 60), parameter=st.sampled_from([0, 0.3, 0.99, 1, 2])
)
def test_kernel_and_reference_agree(
    operator: ast.RangeOperator, data: list[tuple[int, float]], interval: int, step: int, parameter: float
) -> None:
    steps = np.arange(-20, 250, step, dtype=np.int64) * SECOND
    timestamps = np.array([time for time, _ in data], dtype=np.int64) * SECOND
    values = np.array([value for _, value in data], dtype=np.float64)
    got, present = window(values, timestamps, steps, interval * SECOND, operator, parameter)
    plain = aggregation_of(aggregation(operator, interval * SECOND, parameter=parameter))
    for end, result, there in zip(steps.tolist(), got.tolist(), present.tolist(), strict=True):
        inside = [(time * SECOND, value) for time, value in data if end - interval * SECOND < time * SECOND <= end]
        assert there is bool(inside)
        if inside:
            times, numbers = zip(*inside, strict=True)
            want = plain(Window(times, numbers, interval * SECOND, end))
            assert result == pytest.approx(want, rel=1e-9, abs=1e-9, nan_ok=True)


def test_many_overlapping_windows_are_laid_out_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigyn.engine.vectors.windows._SAMPLES_AT_ONCE", 7)
    timestamps = np.arange(40, dtype=np.int64)
    values = (timestamps * 7 % 11).astype(np.float64)
    steps = np.arange(0, 45, 3, dtype=np.int64)
    got, present = window(values, timestamps, steps, 10, "quantile_over_time", 0.5)
    assert present.tolist() == [True] * 15
    assert got.tolist() == [float(np.median(values[(timestamps > end - 10) & (timestamps <= end)])) for end in steps]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.sampled_from((10, 25, 400)),
    st.one_of(st.floats(0, 1), st.sampled_from((0.0, 0.5, 0.99, 1.0))),
)
def test_quantiles_of_overlapping_windows_are_those_of_each(seed: int, steps: int, width: int, quantile: float) -> None:
    random = np.random.default_rng(seed)
    values = np.round(random.exponential(size=4000), 2)
    times = np.sort(random.integers(0, 1000, len(values)))
    grid = np.arange(1, steps + 1) * 25
    got, present = window(values, times, grid, width, "quantile_over_time", quantile)
    for at, found, there in zip(grid, got, present, strict=True):
        own = np.sort(values[(times > at - width) & (times <= at)])
        assert there == bool(len(own))
        if len(own):
            rank = quantile * (len(own) - 1)
            low, weight = int(rank), rank - int(rank)
            assert found == own[low] * (1 - weight) + own[min(low + 1, len(own) - 1)] * weight


@pytest.mark.parametrize("operator", OPERATORS)
@given(
    series=st.lists(samples, min_size=1, max_size=5),
    interval=st.integers(1, 100),
    step=st.integers(1, 60),
    parameter=st.sampled_from([0, 0.3, 0.99, 2]),
)
def test_many_series_at_once_are_as_each_alone(
    operator: ast.RangeOperator, series: list[list[tuple[int, float]]], interval: int, step: int, parameter: float
) -> None:
    steps = np.arange(-20, 250, step, dtype=np.int64) * SECOND
    timestamps = np.array([time for own in series for time, _ in own], dtype=np.int64) * SECOND
    values = np.array([value for own in series for _, value in own], dtype=np.float64)
    bounds = np.cumsum([0, *map(len, series)])
    asked = steps, interval * SECOND, operator, parameter
    got, present = windows_of_series(values, timestamps, bounds, *asked)
    for number in range(len(series)):
        own = slice(bounds[number], bounds[number + 1])
        expected = window(values[own], timestamps[own], *asked)
        np.testing.assert_array_equal((got[number], present[number]), expected)
