"""Range aggregations: one value per window of a series' samples.

The window of a step is (step - interval, step]. What a sample's value is, the engine decides: 1 for
an entry that is counted, the length of a line in bytes, an unwrapped number.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sigyn.engine.vectors.block import Presence, Values
from sigyn.engine.vectors.counters import counter_rates
from sigyn.languages.logql import ast
from sigyn.model.time import SECOND

_LARGE_WINDOW = 128
"""Samples per window from which selecting window by window beats sorting all windows at once (20 us against
0.3 us per sample)."""

Times = npt.NDArray[np.int64]
Bounds = npt.NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)

_SAMPLES_AT_ONCE = 1 << 21
"""Windows overlap; so many samples, repeated ones included, are laid out at a time."""


def window(
    values: Values,
    timestamps: Times,
    steps: Times,
    interval: int,
    operator: ast.RangeOperator,
    parameter: float | None = None,
) -> tuple[Values, Presence]:
    """Value at each step, and whether there is one.

    `timestamps` (ns) and `steps` (ns, offset taken off) rise; `interval` in ns; `parameter` is the
    quantile. Sources: Loki's documentation of its range aggregations and recorded answers.
    """
    first = np.searchsorted(timestamps, steps - interval, side="right").astype(np.int64)
    last = np.searchsorted(timestamps, steps, side="right").astype(np.int64)
    return _windows(values, timestamps, first, last, steps, interval, operator, parameter)


def windows_of_series(
    values: Values,
    timestamps: Times,
    bounds: Bounds,
    steps: Times,
    interval: int,
    operator: ast.RangeOperator,
    parameter: float | None = None,
) -> tuple[Values, Presence]:
    """The same of several series at once, [series, steps]: for many of few samples each.

    Series i has the samples bounds[i] to bounds[i + 1], whose times rise.
    """
    series = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    behind = np.arange(bounds[0], bounds[-1]) + 1
    first, last = (np.repeat(bounds[:-1, np.newaxis], len(steps) + 1, axis=1) for _ in range(2))
    own = slice(bounds[0], bounds[-1])
    # Of samples that come in at the same step, or go, the last one counts: it is written last.
    last[series, np.searchsorted(steps, timestamps[own], side="left")] = behind
    first[series, np.searchsorted(steps, timestamps[own] + interval, side="left")] = behind
    first, last = (np.maximum.accumulate(each, axis=1)[:, :-1] for each in (first, last))
    return _windows(values, timestamps, first, last, np.broadcast_to(steps, first.shape), interval, operator, parameter)


def _windows(
    values: Values,
    timestamps: Times,
    first: Bounds,
    last: Bounds,
    steps: Times,
    interval: int,
    operator: ast.RangeOperator,
    parameter: float | None,
) -> tuple[Values, Presence]:
    """Value of each window values[first:last] that ends at a step, and whether there is one."""
    present = last > first
    result = np.zeros(first.shape)
    if present.any():
        first, last = first[present], last[present]
        with np.errstate(all="ignore"):
            match operator:
                case "rate_counter":
                    got = counter_rates(values, timestamps, first, last, steps[present], interval)
                case "quantile_over_time":
                    got = _quantiles(values, first, last, 0.0 if parameter is None else parameter)
                case "rate" | "bytes_rate":
                    got = _sums(values, first, last) / (interval / SECOND)
                case _:
                    got = _KERNELS[operator](values, first, last)
        result[present] = got
    return result, present


ORDERLESS = frozenset({"quantile_over_time", "stddev_over_time", "stdvar_over_time"})
"""Operators that need all values of a window, in any order."""


def window_of_places(
    values: Values, first: Bounds, last: Bounds, operator: ast.RangeOperator, parameter: float | None
) -> tuple[Values, Presence]:
    """Value of each window values[first:last] for an ORDERLESS operator, and whether there is one; any shape."""
    present = last > first
    result = np.zeros(first.shape)
    if present.any():
        with np.errstate(all="ignore"):
            if operator == "quantile_over_time":
                quantile = 0.0 if parameter is None else parameter
                result[present] = _quantiles(values, first[present], last[present], quantile)
            else:
                result[present] = _KERNELS[operator](values, first[present], last[present])
    return result, present


def _reduce(function: np.ufunc, values: Values, first: Bounds, last: Bounds) -> Values:
    """`function` over each values[first:last], none of which is empty."""
    pairs = np.empty(2 * len(first), dtype=np.int64)
    pairs[0::2], pairs[1::2] = first, last
    # reduceat wants places inside the array; the last window may end behind it.
    padded = np.append(values, 0.0)
    reduced: Values = function.reduceat(padded, pairs)[::2]
    return reduced


def _counts(values: Values, first: Bounds, last: Bounds) -> Values:  # noqa: ARG001
    return (last - first).astype(np.float64)


def _sums(values: Values, first: Bounds, last: Bounds) -> Values:
    return _reduce(np.add, values, first, last)


def _averages(values: Values, first: Bounds, last: Bounds) -> Values:
    return _sums(values, first, last) / (last - first)


def _minima(values: Values, first: Bounds, last: Bounds) -> Values:
    """NaN counts only where there is nothing else."""
    return _reduce(np.fmin, values, first, last)


def _maxima(values: Values, first: Bounds, last: Bounds) -> Values:
    return _reduce(np.fmax, values, first, last)


def _firsts(values: Values, first: Bounds, last: Bounds) -> Values:  # noqa: ARG001
    return values[first]


def _lasts(values: Values, first: Bounds, last: Bounds) -> Values:  # noqa: ARG001
    return values[last - 1]


def _variances(values: Values, first: Bounds, last: Bounds) -> Values:
    """Of the population, not of a sample."""
    counts = last - first
    means = _averages(values, first, last)
    result = np.empty(len(first))
    for chosen, samples, begins in _laid_out(values, first, last):
        deviations = samples - np.repeat(means[chosen], counts[chosen])
        result[chosen] = np.add.reduceat(deviations * deviations, begins) / counts[chosen]
    return result


def _deviations(values: Values, first: Bounds, last: Bounds) -> Values:
    return np.sqrt(_variances(values, first, last))


def _quantiles(values: Values, first: Bounds, last: Bounds, quantile: float) -> Values:
    """Interpolated between the two nearest samples; infinite for a quantile outside 0 to 1. NaN is the smallest."""
    if not 0 <= quantile <= 1:
        return np.full(len(first), np.nan if np.isnan(quantile) else np.copysign(np.inf, quantile))
    counts = last - first
    result = np.empty(len(first))
    if counts.sum() > _LARGE_WINDOW * len(first) and not np.isnan(values).any():
        values, first, last, smaller = _outermost(values, first, last, quantile)
        for position, count in enumerate(counts.tolist()):
            rank = quantile * (count - 1)
            low = int(rank) - int(smaller[position])
            high = low + 1 if int(rank) + 1 < count else low
            ordered = np.partition(values[first[position] : last[position]], (low, high))
            weight = rank - int(rank)
            result[position] = ordered[low] * (1 - weight) + ordered[high] * weight
        return result
    values, first, last = values[first.min() : last.max()], first - first.min(), last - first.min()
    order = np.lexsort((values, ~np.isnan(values)))
    ranks = np.empty(len(values), np.int64)
    ranks[order] = np.arange(len(values))
    for chosen, own_ranks, begins in _laid_out(ranks, first, last):
        # One whole number for window and rank: sorted sooner than samples and the numbers of their windows by turns.
        before = np.repeat(np.arange(len(begins)) * len(values), counts[chosen])
        ordered = values[order[np.sort(own_ranks + before) - before]]
        rank = quantile * (counts[chosen] - 1)
        lower = np.floor(rank)
        weight = rank - lower
        low = begins + lower.astype(np.int64)
        high = begins + np.minimum(counts[chosen] - 1, lower.astype(np.int64) + 1)
        result[chosen] = ordered[low] * (1 - weight) + ordered[high] * weight
    return result


def _outermost(values: Values, first: Bounds, last: Bounds, quantile: float) -> tuple[Values, Bounds, Bounds, Bounds]:
    """Fewer values that have the same quantile in each window, the windows of these, and how many smaller ones
    each window has lost.

    Windows overlap: of each stretch between two bounds only the values count that are among the largest, or
    smallest, of some window. These are found once, and not in each window anew.
    """
    counts = last - first
    lower = (quantile * (counts - 1)).astype(np.int64)
    upwards = quantile >= 0.5
    needed = int((counts - lower).max() if upwards else (lower + 2).max())
    bounds = np.unique(np.concatenate([first, last]))
    kept = []
    for begin, end in pairwise(bounds.tolist()):
        stretch = values[begin:end]
        if len(stretch) > needed:
            cut = len(stretch) - needed if upwards else needed
            parted = np.partition(stretch, cut)
            stretch = parted[cut:] if upwards else parted[:cut]
        kept.append(stretch)
    places = np.concatenate([[0], np.cumsum([len(stretch) for stretch in kept])])
    own_first, own_last = places[np.searchsorted(bounds, first)], places[np.searchsorted(bounds, last)]
    lost = counts - (own_last - own_first) if upwards else np.zeros(len(first), np.int64)
    return np.concatenate(kept), own_first, own_last, lost


def _laid_out(
    values: npt.NDArray[Kind], first: Bounds, last: Bounds
) -> Iterator[tuple[slice, npt.NDArray[Kind], Bounds]]:
    """Runs of windows: which, their samples one window after the other, and where each begins among these."""
    counts = last - first
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(first):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _SAMPLES_AT_ONCE, side="right")))
        chosen = slice(begin, end)
        begins = ends[chosen] - counts[chosen] - done
        places = np.arange(ends[end - 1] - done) + np.repeat(first[chosen] - begins, counts[chosen])
        yield chosen, values[places], begins
        begin = end


_KERNELS: dict[str, Callable[[Values, Bounds, Bounds], Values]] = {
    "count_over_time": _counts,
    "bytes_over_time": _sums,
    "sum_over_time": _sums,
    "avg_over_time": _averages,
    "min_over_time": _minima,
    "max_over_time": _maxima,
    "stddev_over_time": _deviations,
    "stdvar_over_time": _variances,
    "first_over_time": _firsts,
    "last_over_time": _lasts,
}
