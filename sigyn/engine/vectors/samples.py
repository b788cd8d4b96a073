"""From the samples of series to the series of a range aggregation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.windows import window
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels


@dataclass(slots=True)
class Samples:
    """Samples of one series: times in ns, and values."""

    timestamps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def range_block(query: ast.RangeAggregation, series: Mapping[Labels, Samples], grid: StepGrid) -> SeriesBlock:
    """The range aggregation of each series. Samples may come in any order; of equal times the order is kept."""
    steps = grid.times - query.log_range.offset
    rows = []
    for labels, samples in sorted(series.items(), key=lambda item: item[0]):
        timestamps = np.asarray(samples.timestamps, dtype=np.int64)
        values = np.asarray(samples.values, dtype=np.float64)
        if (timestamps[1:] < timestamps[:-1]).any():
            order = np.argsort(timestamps, kind="stable")
            timestamps, values = timestamps[order], values[order]
        got = window(values, timestamps, steps, query.log_range.interval, query.operator, query.parameter)
        rows.append((labels, *got))
    return SeriesBlock.stacked(rows, len(grid))
