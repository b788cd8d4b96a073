"""Range aggregations over the store: the `range_vector` that the walk over a metric query asks for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sigyn.engine.aggregate import Aggregator, Pieces
from sigyn.engine.context import QueryContext
from sigyn.engine.grid import Buckets, buckets
from sigyn.engine.label_columns import numbered_labels
from sigyn.engine.placed import CellValues, placed
from sigyn.engine.samples import MAX_CELLS, BucketSums, RangeTask, SampleColumns, refuse_many
from sigyn.engine.scan import Scan
from sigyn.engine.tallied import sums_from_tallies, tallied_count
from sigyn.engine.vectors.block import Presence, SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.windows import window, window_of_places, windows_of_series
from sigyn.engine.windows import (
    ADDED_WIDTH,
    FEW_CELLS,
    Matrix,
    scattered_over_windows,
    window_extremes,
    window_sums,
)
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError, QueryTimeout
from sigyn.model.labels import Labels
from sigyn.model.time import FIRST, LAST, SECOND

_FEW_SAMPLES = 32
_CELLS_AT_ONCE = 1 << 18

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
    _refuse_ages(task.buckets, scan)
    count = tallied_count(task, scan)
    known: list[BucketSums] = []
    if count is not None:
        known, left = sums_from_tallies(task, count, scan, scan.parts)
        scan = replace(scan, parts=left)
    aggregator = Aggregator(task, scan, context)
    units = scan.units(aggregator.unit_rows)[::-1]  # the newest first: a timeout costs the oldest windows
    found: list[Pieces] = []
    covered = task.buckets.origin
    try:
        series = _SeriesCount(task.buckets.windows)
        for made in (context.one_by_one if aggregator.is_short else context.in_order)(aggregator, units):
            found.append(made)
            series.add(made)
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


def _refuse_ages(buckets: Buckets, scan: Scan) -> None:
    """Raises QueryError where 64 bits don't hold how far entries are from the begin of the first window."""
    last = min(max((part.segment.last for part in scan.parts), default=buckets.origin), buckets.end)
    if scan.parts and (buckets.origin < FIRST or last - buckets.origin > LAST):
        raise QueryError(
            "the windows of this query begin more than 292 years before its last entries; ask for a later start, "
            "or write a shorter range or offset"
        )


class _SeriesCount:
    """Notices long before all entries have been read when there are too many series for so many windows.

    Of labels that each entry has for itself, half a minute of parsing and gigabytes of series came before that.
    """

    def __init__(self, windows: int) -> None:
        self._windows = windows
        self._known: Sequence[Labels] = ()
        self._uncounted: list[Sequence[Labels]] = []
        self._most_uncounted = 0

    def add(self, made: Pieces) -> None:
        """Raises QueryError when these and those before are too many."""
        self._uncounted += [piece.labels for piece in made]
        self._most_uncounted += sum(len(piece.labels) for piece in made)
        known = len(self._known)
        if (known + self._most_uncounted) * self._windows <= MAX_CELLS or self._most_uncounted < known:
            return  # labels are compared where it may matter alone, and not for each few that come
        self._known, _ = numbered_labels([*([self._known] if known else []), *self._uncounted])
        self._uncounted, self._most_uncounted = [], 0
        refuse_many(len(self._known), self._windows)


def _from_sums(task: RangeTask, pieces: Sequence[BucketSums]) -> SeriesBlock:
    labels, numbered = _renumbered(pieces)
    shape = (len(labels), task.buckets.count)
    cells = [series * shape[1] + piece.buckets for piece, series in zip(pieces, numbered, strict=True)]
    few = sum(map(len, cells)) * FEW_CELLS < shape[0] * shape[1] and task.buckets.width <= ADDED_WIDTH
    refuse_many(shape[0], task.buckets.windows if few else shape[1])
    over_windows = _few_over_windows(task.buckets, cells, shape) if few else _over_windows(task.buckets, cells, shape)
    counts = over_windows(np.add, [piece.count for piece in pieces])
    with np.errstate(all="ignore"):
        values = _summed_values(task.query, pieces, counts, over_windows)
    return SeriesBlock(list(labels), values, counts > 0).compact()


_OverWindows = Callable[[np.ufunc, Sequence[Floats]], Matrix]
"""Joins what pieces have of their cells over windows, [series, windows]: by np.add from 0 on, else from NaN."""


def _summed_values(
    query: ast.RangeAggregation, pieces: Sequence[BucketSums], counts: Matrix, over_windows: _OverWindows
) -> Matrix:
    match query.operator:
        case "count_over_time":
            return counts
        case "min_over_time":
            return over_windows(np.fmin, [piece.least for piece in pieces])
        case "max_over_time":
            return over_windows(np.fmax, [piece.most for piece in pieces])
    total = over_windows(np.add, [piece.total for piece in pieces])
    match query.operator:
        case "rate" | "bytes_rate":
            return total / (query.log_range.interval / SECOND)
        case "avg_over_time":
            return total / counts
        case _:
            return total


def _over_windows(buckets: Buckets, cells: Sequence[Ordinals], shape: tuple[int, int]) -> _OverWindows:
    def joined(join: np.ufunc, values: Sequence[Floats]) -> Matrix:
        found = _full(join, shape)
        for places, own in zip(cells, values, strict=True):
            join.at(found.reshape(-1), places, own)
        return window_sums(found, buckets) if join is np.add else window_extremes(found, buckets, join)

    return joined


def _few_over_windows(buckets: Buckets, cells: Sequence[Ordinals], shape: tuple[int, int]) -> _OverWindows:
    """The same where most cells have nothing, as of series that each entry has one of."""
    present, place = np.unique(np.concatenate(cells), return_inverse=True)
    series, columns = np.divmod(present, shape[1])

    def joined(join: np.ufunc, values: Sequence[Floats]) -> Matrix:
        found = _full(join, (len(present),))
        join.at(found, place, np.concatenate(values))
        windows = _full(join, (shape[0], buckets.windows))
        scattered_over_windows(series, columns, found, join, windows, buckets)
        return windows

    return joined


def _full(join: np.ufunc, shape: tuple[int, ...]) -> Matrix:
    return np.zeros(shape) if join is np.add else np.full(shape, np.nan)


def _from_samples(task: RangeTask, pieces: Sequence[SampleColumns], grid: StepGrid) -> SeriesBlock:
    labels, numbered = _renumbered(pieces)
    if not labels:
        return SeriesBlock.empty(len(grid))
    refuse_many(len(labels), len(grid))
    series = np.concatenate(numbered)
    times = np.concatenate([piece.timestamps for piece in pieces])
    values = np.concatenate([piece.values for piece in pieces])
    order = np.lexsort((times, series))
    series, times, values = series[order], times[order], values[order]
    bounds = np.searchsorted(series, np.arange(len(labels) + 1))
    query = task.query
    steps = grid.times - query.log_range.offset

    def of(some: slice) -> tuple[Floats, Presence]:
        asked = steps, query.log_range.interval, query.operator, query.parameter
        if some.stop - some.start > 1:
            return windows_of_series(values, times, bounds[some.start : some.stop + 1], *asked)
        own = slice(bounds[some.start], bounds[some.stop])
        return window(values[own], times[own], *asked)

    return _in_runs(list(labels), np.diff(bounds), len(grid), of)


def _from_cells(task: RangeTask, pieces: Sequence[CellValues], grid: StepGrid) -> SeriesBlock:
    labels, numbered = numbered_labels([piece.labels for piece in pieces])
    if not labels:
        return SeriesBlock.empty(len(grid))
    buckets, query = task.buckets, task.query
    refuse_many(len(labels), buckets.count)
    found = placed(pieces, numbered, len(labels), buckets.count)
    first = np.arange(buckets.windows) * buckets.per_step

    def of(some: slice) -> tuple[Floats, Presence]:
        cells = np.arange(some.start, some.stop)[:, np.newaxis] * buckets.count + first
        low, high = found.begins[cells], found.begins[cells + buckets.width]
        return window_of_places(found.values, low, high, query.operator, query.parameter)

    sizes = np.diff(found.begins[:: buckets.count])
    return _in_runs(list(labels), sizes, len(grid), of)


def _in_runs(
    labels: list[Labels], sizes: Ordinals, steps: int, windows: Callable[[slice], tuple[Floats, Presence]]
) -> SeriesBlock:
    """The block of the windows of all series: those of few samples many at a time, each of the others alone.

    A series costs 50 us, however few samples it has, and there may be one for each entry.
    """
    values, present = np.zeros((len(labels), steps)), np.zeros((len(labels), steps), np.bool_)
    is_small = sizes <= _FEW_SAMPLES
    at_once = max(_CELLS_AT_ONCE // steps, 1)
    begin = 0
    while begin < len(labels):
        small = int(np.argmin(is_small[begin : begin + at_once])) or (at_once if is_small[begin] else 1)
        some = slice(begin, min(begin + small, len(labels)))
        values[some], present[some] = windows(some)
        begin = some.stop
    return SeriesBlock(labels, values, present).compact()


def _renumbered(pieces: Sequence[BucketSums | SampleColumns]) -> tuple[Sequence[Labels], list[Ordinals]]:
    """The distinct series of all pieces, and for each element of each piece which of these is its."""
    labels, numbered = numbered_labels([piece.labels for piece in pieces])
    return labels, [places[piece.series] for places, piece in zip(numbered, pieces, strict=True)]
