"""Metric queries in the plainest way: step by step, series by series, sample by sample.

This module says what a range aggregation is; the kernels of `sigyn.engine.vectors.windows` compute
the same for many steps at once and are tested against it.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sigyn.engine.interpreter.errors import Skipped
from sigyn.engine.interpreter.extraction import Entry, extract_samples
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.engine.vectors.block import SeriesBlock, Value
from sigyn.engine.vectors.evaluate import evaluate_metric
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast
from sigyn.model.time import SECOND


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of a series in (end - interval, end], oldest first; never none. Times in ns."""

    timestamps: Sequence[int]
    values: Sequence[float]
    interval: int
    end: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The value of a metric query, and the entries that were left out because of errors."""

    value: Value
    skipped: Skipped


def evaluate(
    query: ast.MetricQuery, entries: Sequence[Entry], start: int, end: int, step: int, *, strict: bool = False
) -> Evaluation:
    """Evaluate a metric query over entries at start, start + step, ... up to end (ns).

    With `strict`, an entry with an `__error__` fails the query, as in Loki. Raises QueryError.
    """
    skipped = Skipped()

    def range_vector(aggregation: ast.RangeAggregation, grouping: ast.Grouping | None, grid: StepGrid) -> SeriesBlock:
        selector = aggregation.log_range.query.selector
        selected = (entry for entry in entries if selector_matches(selector, entry[0]))
        block, left_out = range_aggregation(aggregation, grouping, grid, selected, strict=strict)
        skipped.message = skipped.message or left_out.message
        skipped.count += left_out.count
        return block

    return Evaluation(evaluate_metric(query, range_vector, StepGrid(start, end, step)), skipped)


def range_aggregation(
    query: ast.RangeAggregation,
    grouping: ast.Grouping | None,
    grid: StepGrid,
    entries: Iterable[Entry],
    *,
    strict: bool = False,
) -> tuple[SeriesBlock, Skipped]:
    """A range aggregation over the entries of its selector, at each step of a grid."""
    extractor = extract_samples(query, grouping, grid, entries, strict=strict)
    aggregate = aggregation_of(query)
    interval, offset = query.log_range.interval, query.log_range.offset
    rows = []
    for labels, samples in sorted(extractor.series.items(), key=lambda item: item[0]):
        by_time = sorted(zip(samples.timestamps, samples.values, strict=True), key=lambda sample: sample[0])
        timestamps, values = [time for time, _ in by_time], [value for _, value in by_time]
        results, present = np.zeros(len(grid)), np.zeros(len(grid), dtype=np.bool_)
        for position, step in enumerate(range(grid.start, grid.end + 1, grid.step)):
            end = step - offset
            first, last = bisect_right(timestamps, end - interval), bisect_right(timestamps, end)
            if first < last:
                results[position] = aggregate(Window(timestamps[first:last], values[first:last], interval, end))
                present[position] = True
        rows.append((labels, results, present))
    return SeriesBlock.stacked(rows, len(grid)), extractor.skipped


def aggregation_of(query: ast.RangeAggregation) -> Callable[[Window], float]:
    """What the operator makes of one window. The value of a counted entry is 1, of a measured one its bytes."""
    match query.operator:
        case "rate" | "bytes_rate":
            return lambda window: _total(window) / (window.interval / SECOND)
        case "quantile_over_time":
            return lambda window: quantile(window.values, query.parameter or 0.0)
        case _:
            return _AGGREGATIONS[query.operator]


def _total(window: Window) -> float:
    total = 0.0
    for value in window.values:
        total += value
    return total


def _average(window: Window) -> float:
    return _total(window) / len(window.values)


def _variance(window: Window) -> float:
    """Of the population."""
    mean = _average(window)
    return sum((value - mean) * (value - mean) for value in window.values) / len(window.values)


def _extreme(choose: Callable[[float, float], float], window: Window) -> float:
    """NaN counts only where there is nothing else."""
    best = math.nan
    for value in window.values:
        if math.isnan(best):
            best = value
        elif not math.isnan(value):
            best = choose(best, value)
    return best


def quantile(values: Sequence[float], q: float) -> float:
    """Interpolated between the two samples nearest in rank; NaN is the smallest; infinite for q outside 0 to 1."""
    if not 0 <= q <= 1:
        return math.nan if math.isnan(q) else math.copysign(math.inf, q)
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = q * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - lower
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def _counter_rate(window: Window) -> float:
    """The rise of a counter per second, extrapolated to the window as Prometheus does it."""
    timestamps, values = window.timestamps, window.values
    if len(values) < 2:
        return 0.0
    rise = values[-1] - values[0]
    for before, after in pairwise(values):
        if after < before:
            rise += before
    sampled = float(timestamps[-1] - timestamps[0])
    if not sampled:
        return math.nan
    gap = sampled / (len(values) - 1)
    to_start = float(timestamps[0] - (window.end - window.interval))
    to_end = float(window.end - timestamps[-1])
    if to_start >= gap * 1.1:
        to_start = gap / 2
    if to_end >= gap * 1.1:
        to_end = gap / 2
    if rise > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * (values[0] / rise))
    stretched = sampled + to_start + to_end
    return rise * (stretched / sampled) / (window.interval / SECOND)


_AGGREGATIONS: dict[str, Callable[[Window], float]] = {
    "count_over_time": lambda window: float(len(window.values)),
    "bytes_over_time": _total,
    "sum_over_time": _total,
    "avg_over_time": _average,
    "min_over_time": lambda window: _extreme(min, window),
    "max_over_time": lambda window: _extreme(max, window),
    "stddev_over_time": lambda window: math.sqrt(_variance(window)),
    "stdvar_over_time": _variance,
    "first_over_time": lambda window: window.values[0],
    "last_over_time": lambda window: window.values[-1],
    "rate_counter": _counter_rate,
}
