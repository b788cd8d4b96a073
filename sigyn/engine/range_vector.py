"""Range aggregations over the store: the `range_vector` that the walk over a metric query asks for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sigyn.engine.aggregate import Aggregator, Pieces
from sigyn.engine.context import QueryContext
from sigyn.engine.grid import buckets
from sigyn.engine.placed import CellValues, placed
from sigyn.engine.samples import BucketSums, RangeTask, SampleColumns, refuse_many
from sigyn.engine.scan import Scan
from sigyn.engine.tallied import sums_from_tallies, tallied_series
from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.windows import window, window_of_places
from sigyn.engine.windows import Matrix, window_extremes, window_sums
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.time import SECOND

Ordinals = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PlanScan = Callable[[ast.LogQuery, int, int], Scan]
"""What has to be read for start <= t < end (ns)."""


def range_vector(
    query: ast.RangeAggregation,
    grouping: ast.Grouping | None,
    grid: StepGrid,
    plan: PlanScan,
    context: QueryContext,
) -> SeriesBlock:
    """The series of a range aggregation; with `grouping`, samples of a group are counted together.

    Raises QueryError for an entry with an error (strict mode), and for more series and steps than
    memory allows.
    """
    log_range = query.log_range
    task = RangeTask(
        query,
        grouping,
        buckets(grid.start, grid.end, grid.step, log_range.interval, log_range.offset),
    )
    scan = plan(log_range.query, task.buckets.origin + 1, task.buckets.end + 1)
    names = tallied_series(task, scan)
    known: list[BucketSums] = []
    if names is not None:
        known, left = sums_from_tallies(task, names, scan, scan.parts)
        scan = replace(scan, parts=left)
    units = scan.units()[::-1]  # what was committed last comes first: a timeout costs the oldest windows
    found: list[Pieces] = []
    covered = task.buckets.origin
    try:
        aggregator = Aggregator(task, scan, context)
        found.extend((context.one_by_one if aggregator.is_short else context.in_order)(aggregator, units))
    except QueryTimeout as timeout:
        _, covered = context.stop_early(timeout, units[len(found) :], anything=bool(found or known))
    pieces = [piece for unit in reversed(found) for piece in unit]
    found.clear()
    if task.is_summed:
        block = _from_sums(task, [*known, *(piece for piece in pieces if isinstance(piece, BucketSums))])
    elif task.is_orderless:
        block = _from_cells(task, [piece for piece in pieces if isinstance(piece, CellValues)], grid)
    else:
        block = _from_samples(task, [piece for piece in pieces if isinstance(piece, SampleColumns)], grid)
    return block.where(grid.times - log_range.offset - log_range.interval >= covered)


def _from_sums(task: RangeTask, pieces: Sequence[BucketSums]) -> SeriesBlock:
    numbers: dict[Labels, int] = {}
    numbered = [_renumbered(piece.labels, piece.series, numbers) for piece in pieces]
    shape = (len(numbers), task.buckets.count)
    refuse_many(*shape)
    cells = [series * shape[1] + piece.buckets for piece, series in zip(pieces, numbered, strict=True)]
    count = _in_cells(np.add, 0.0, cells, [piece.count for piece in pieces], shape)
    counts = window_sums(count, task.buckets)
    with np.errstate(all="ignore"):
        values = _summed_values(task, pieces, cells, counts, shape)
    return SeriesBlock(list(numbers), values, counts > 0).compact()


def _summed_values(
    task: RangeTask, pieces: Sequence[BucketSums], cells: Sequence[Ordinals], counts: Matrix, shape: tuple[int, int]
) -> Matrix:
    query, runs = task.query, task.buckets
    match query.operator:
        case "count_over_time":
            return counts
        case "min_over_time":
            least = _in_cells(np.fmin, np.nan, cells, [piece.least for piece in pieces], shape)
            return window_extremes(least, runs, np.fmin)
        case "max_over_time":
            most = _in_cells(np.fmax, np.nan, cells, [piece.most for piece in pieces], shape)
            return window_extremes(most, runs, np.fmax)
    total = window_sums(_in_cells(np.add, 0.0, cells, [piece.total for piece in pieces], shape), runs)
    match query.operator:
        case "rate" | "bytes_rate":
            return total / (query.log_range.interval / SECOND)
        case "avg_over_time":
            return total / counts
        case _:
            return total


def _in_cells(
    join: np.ufunc, first: float, cells: Sequence[Ordinals], values: Sequence[Floats], shape: tuple[int, int]
) -> Matrix:
    """The values of each cell of a matrix joined in their order; `first` where there are none."""
    joined = np.zeros(shape) if first == 0 else np.full(shape, first)
    for places, own in zip(cells, values, strict=True):
        join.at(joined.reshape(-1), places, own)
    return joined


def _from_samples(task: RangeTask, pieces: Sequence[SampleColumns], grid: StepGrid) -> SeriesBlock:
    numbers: dict[Labels, int] = {}
    numbered = [_renumbered(piece.labels, piece.series, numbers) for piece in pieces]
    if not numbers:
        return SeriesBlock.empty(len(grid))
    refuse_many(len(numbers), len(grid))
    series = np.concatenate(numbered)
    times = np.concatenate([piece.timestamps for piece in pieces])
    values = np.concatenate([piece.values for piece in pieces])
    order = np.lexsort((times, series))
    series, times, values = series[order], times[order], values[order]
    bounds = np.searchsorted(series, np.arange(len(numbers) + 1))
    query = task.query
    steps = grid.times - query.log_range.offset
    rows = []
    for labels, (begin, end) in zip(numbers, pairwise(bounds), strict=True):
        interval, operator, parameter = query.log_range.interval, query.operator, query.parameter
        rows.append((labels, *window(values[begin:end], times[begin:end], steps, interval, operator, parameter)))
    return SeriesBlock.stacked(rows, len(grid))


def _from_cells(task: RangeTask, pieces: Sequence[CellValues], grid: StepGrid) -> SeriesBlock:
    numbers: dict[Labels, int] = {}
    numbered = [_numbers(piece.labels, numbers) for piece in pieces]
    if not numbers:
        return SeriesBlock.empty(len(grid))
    buckets, query = task.buckets, task.query
    refuse_many(len(numbers), buckets.count)
    found = placed(pieces, numbered, len(numbers), buckets.count)
    first = np.arange(buckets.windows) * buckets.per_step
    rows = []
    for number, labels in enumerate(numbers):
        low = found.begins[number * buckets.count + first]
        high = found.begins[number * buckets.count + first + buckets.width]
        rows.append((labels, *window_of_places(found.values, low, high, query.operator, query.parameter)))
    return SeriesBlock.stacked(rows, len(grid))


def _renumbered(labels: Sequence[Labels], series: Ordinals, numbers: dict[Labels, int]) -> Ordinals:
    """Places in `labels` as places in `numbers`, which grows."""
    return _numbers(labels, numbers)[series]


def _numbers(labels: Sequence[Labels], numbers: dict[Labels, int]) -> Ordinals:
    """The place of each in `numbers`, which grows."""
    return np.array([numbers.setdefault(own, len(numbers)) for own in labels], np.int64)
