"""The leaves of a query over recorded series: what a selector finds, and what a function makes of a range."""

import numpy as np

from sigyn.engine.vectors.block import Presence, SeriesBlock, Values
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.windows import Times, window
from sigyn.languages.logql import ast
from sigyn.languages.promql import INSTANT
from sigyn.ruler.series_store import SeriesSamples, SeriesStore


def leaf(store: SeriesStore, tenant: str, node: ast.RangeAggregation, grid: StepGrid) -> SeriesBlock:
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


def _newest(series: SeriesSamples, steps: Times, look_back: int) -> tuple[Values, Presence]:
    """The newest sample at each step, unless it is too old or the series ended with it."""
    place = np.searchsorted(series.timestamps, steps, side="right") - 1
    there = place >= 0
    place = np.maximum(place, 0)
    present = there & (series.timestamps[place] > steps - look_back) & ~series.stale[place]
    return series.values[place], present


def _windows(series: SeriesSamples, steps: Times, node: ast.RangeAggregation) -> tuple[Values, Presence]:
    kept = ~series.stale
    times, values = series.timestamps[kept], series.values[kept]
    interval = node.log_range.interval
    got, present = window(values, times, steps, interval, node.operator, node.parameter)
    if node.operator == "rate_counter":  # one sample says nothing about a rate, for which LogQL has 0
        counts = np.searchsorted(times, steps, "right") - np.searchsorted(times, steps - interval, "right")
        present &= counts > 1
    return got, present
