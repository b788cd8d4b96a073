"""Queries over recorded series: PromQL's leaves from the series store, the rest by the engine that LogQL has."""

from dataclasses import replace

import numpy as np

from sigyn.engine.vectors.block import Presence, SeriesBlock, Value, Values, matrix_of, vector_of
from sigyn.engine.vectors.evaluate import evaluate_metric
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.merging import merge_equal
from sigyn.engine.vectors.windows import window
from sigyn.languages.logql import ast
from sigyn.languages.promql import INSTANT, NAME, keeps_name
from sigyn.model.labels import Labels
from sigyn.model.results import MatrixResult, ScalarResult, VectorResult
from sigyn.ruler.series_store import SeriesSamples, SeriesStore


def instant(store: SeriesStore, tenant: str, query: ast.MetricQuery, time: int) -> VectorResult | ScalarResult:
    """The answer at a moment (ns). Raises QueryError."""
    grid = StepGrid.instant(time)
    value = _evaluate(store, tenant, query, grid)
    return vector_of(value, grid) if isinstance(value, SeriesBlock) else ScalarResult(time, value)


def over_range(
    store: SeriesStore, tenant: str, query: ast.MetricQuery, start: int, end: int, step: int
) -> MatrixResult:
    """The answer at start, start + step, ... up to end (ns). Raises QueryError."""
    grid = StepGrid(start, end, step)
    return matrix_of(_evaluate(store, tenant, query, grid), grid)


def _evaluate(store: SeriesStore, tenant: str, query: ast.MetricQuery, grid: StepGrid) -> Value:
    named = keeps_name(query)

    def leaf(node: ast.RangeAggregation, _grouping: ast.Grouping | None, steps: StepGrid) -> SeriesBlock:
        block = _leaf(store, tenant, node, steps)
        if named:
            return block
        labels = [_unnamed(own) for own in block.labels]
        return merge_equal(
            SeriesBlock(labels, block.values, block.present), "two metrics have series of the same labels"
        )

    value = evaluate_metric(query, leaf, grid)
    if isinstance(value, SeriesBlock) and not named:  # absent() makes labels of its matchers, the name too
        return replace(value, labels=[_unnamed(own) for own in value.labels])
    return value


def _unnamed(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != NAME)


def _leaf(store: SeriesStore, tenant: str, node: ast.RangeAggregation, grid: StepGrid) -> SeriesBlock:
    """The samples of a selector at each step, or what a function makes of those in its range."""
    log_range = node.log_range
    steps = grid.times - log_range.offset
    found = store.select(tenant, log_range.query.selector, int(steps[0]) - log_range.interval, int(steps[-1]))
    newest = log_range.unwrap is not None and log_range.unwrap.label == INSTANT
    rows = []
    for series in found:
        values, present = _newest(series, steps, log_range.interval) if newest else _windows(series, steps, node)
        rows.append((series.labels, values, present))
    return SeriesBlock.stacked(rows, len(grid))


def _newest(
    series: SeriesSamples, steps: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", look_back: int
) -> tuple[Values, Presence]:
    """The newest sample at each step, unless it is too old or the series ended with it."""
    place = np.searchsorted(series.timestamps, steps, side="right") - 1
    there = place >= 0
    place = np.maximum(place, 0)
    present = there & (series.timestamps[place] > steps - look_back) & ~series.stale[place]
    return series.values[place], present


def _windows(
    series: SeriesSamples, steps: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", node: ast.RangeAggregation
) -> tuple[Values, Presence]:
    kept = ~series.stale
    times, values = series.timestamps[kept], series.values[kept]
    interval = node.log_range.interval
    got, present = window(values, times, steps, interval, node.operator, node.parameter)
    if node.operator == "rate_counter":  # one sample says nothing about a rate, for which LogQL has 0
        counts = np.searchsorted(times, steps, "right") - np.searchsorted(times, steps - interval, "right")
        present &= counts > 1
    return got, present
