"""`histogram_quantile(q, ...)`: a quantile from the counts of buckets, as Prometheus estimates it.

Source of the rules: Prometheus' documentation of histogram_quantile for classic histograms. Series are
grouped by all labels but `le`, the upper bound of a bucket; each series counts what is at most `le`.
"""

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.languages.go_numbers import parse_go_float
from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels

BOUND = "le"


def histogram_quantile(quantile: float, block: SeriesBlock) -> SeriesBlock:
    """The quantile of each histogram at each step; series without a readable `le` are left out."""
    histograms: dict[Labels, list[tuple[float, int]]] = {}
    for row, labels in enumerate(block.labels):
        bound = _bound(dict(labels).get(BOUND))
        if bound is not None:
            rest = tuple(pair for pair in labels if pair[0] != BOUND)
            histograms.setdefault(rest, []).append((bound, row))
    rows = []
    for labels, buckets in sorted(histograms.items()):
        buckets.sort()
        values, present = np.full(block.steps, math.nan), np.zeros(block.steps, np.bool_)
        for step in range(block.steps):
            there = [(bound, float(block.values[row, step])) for bound, row in buckets if block.present[row, step]]
            if there:
                values[step], present[step] = bucket_quantile(quantile, there), True
        rows.append((labels, values, present))
    return SeriesBlock.stacked(rows, block.steps)


def bucket_quantile(quantile: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The quantile of one histogram: (upper bound, cumulative count), bounds rising.

    NaN without a bucket `+Inf`, with fewer than two buckets or without observations; infinite for a
    quantile outside 0 to 1.
    """
    if math.isnan(quantile):
        return math.nan
    if not 0 <= quantile <= 1:
        return math.copysign(math.inf, quantile - 0.5)
    bounds, raw = _merged(buckets)
    # Rates of buckets that were not read at quite the same time may fall; they are made to rise again.
    counts = list(accumulate(raw, max))
    if len(bounds) < 2 or bounds[-1] != math.inf or not counts[-1] > 0:
        return math.nan
    rank = quantile * counts[-1]
    place = next(index for index, count in enumerate(counts) if count >= rank)
    if place == len(bounds) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    start = bounds[place - 1] if place else 0.0
    below = counts[place - 1] if place else 0.0
    inside = counts[place] - below
    return start + (bounds[place] - start) * ((rank - below) / inside) if inside else math.nan


def _merged(buckets: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Bounds and counts; buckets of one bound are added up."""
    counts: dict[float, float] = {}
    for bound, count in buckets:
        counts[bound] = counts.get(bound, 0.0) + count
    return list(counts), list(counts.values())


def _bound(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        bound = parse_go_float(text)
    except BadRequest:
        return None
    return None if math.isnan(bound) else bound
