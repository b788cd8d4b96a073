"""Samples in the order of their series and buckets: all that an operator needs to which the order within is nothing.

There may be a sample for each entry: as many as these are is held only once, beside what is returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from sigyn.compiled.at_need import Loops, are_worth_it
from sigyn.engine.grid import Buckets
from sigyn.engine.samples import SampleColumns, refuse_many
from sigyn.model.labels import Labels

_WORTH_A_LOOP = 1 << 12  # samples of a piece

Ordinals = npt.NDArray[np.int64]


def _exercise(module: ModuleType) -> None:
    cells, numbers, values = np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1)
    module.find_cells(numbers, numbers, 0, 1, 0, 0, 0, 1, cells)
    module.count_cells(cells, numbers, 1, np.zeros(1, np.int64))
    module.place_values(cells, values, numbers, 1, np.zeros(1, np.int64), np.zeros(1))


BUCKET_LOOPS = Loops("sigyn.engine.kernels.buckets", _exercise)


@dataclass(frozen=True, slots=True)
class CellValues:
    """Single values: the series, and for each value its cell, series * buckets + bucket."""

    labels: Sequence[Labels]
    cells: npt.NDArray[np.int32]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlacedValues:
    """Values by cells: those of a cell are values[begins[cell] : begins[cell + 1]], in the order in which they came."""

    values: npt.NDArray[np.float64]
    begins: npt.NDArray[np.int64]


def in_cells(samples: SampleColumns, buckets: Buckets) -> CellValues:
    """The cells of samples. Raises QueryError for more cells than memory allows."""
    refuse_many(len(samples.labels), buckets.count)
    loops = _loops(len(samples.values))
    if loops is None:
        cells = (samples.series * buckets.count + buckets.of(samples.timestamps)).astype(np.int32)
    else:
        cells = np.empty(len(samples.values), np.int32)
        grid = buckets.origin + 1, buckets.step, buckets.phase, buckets.middle, buckets.merged, buckets.count
        loops.find_cells(samples.series, samples.timestamps, *grid, cells)
    return CellValues(samples.labels, cells, samples.values)


def placed(pieces: Sequence[CellValues], numbers: Sequence[Ordinals], series: int, buckets: int) -> PlacedValues:
    """The values of `pieces` by the cells of `series` series; `numbers` says for each piece which of these its are."""
    begins = np.zeros(series * buckets + 1, np.int64)
    values = np.empty(sum(len(piece.values) for piece in pieces))
    for piece, own in zip(pieces, numbers, strict=True):
        loops = _loops(len(piece.values))
        if loops is None:
            begins[1:] += np.bincount(_renumbered(piece, own, buckets), minlength=len(begins) - 1)
        else:
            loops.count_cells(piece.cells, own, buckets, begins[1:])
    np.cumsum(begins, out=begins)
    places = begins[:-1].copy()
    for piece, own in zip(pieces, numbers, strict=True):
        loops = _loops(len(piece.values))
        if loops is None:
            _place(piece.values, _renumbered(piece, own, buckets), places, values)
        else:
            loops.place_values(piece.cells, piece.values, own, buckets, places, values)
    return PlacedValues(values, begins)


def _loops(samples: int) -> ModuleType | None:
    return BUCKET_LOOPS.ready() if samples >= _WORTH_A_LOOP and are_worth_it(samples) else None


def _renumbered(piece: CellValues, numbers: Ordinals, buckets: int) -> Ordinals:
    series, bucket = np.divmod(piece.cells, np.int32(buckets))
    return numbers[series] * buckets + bucket


def _place(values: npt.NDArray[np.float64], cells: Ordinals, places: Ordinals, out: npt.NDArray[np.float64]) -> None:
    """Puts each value at the next place of its cell; `places` are the next ones, and rise."""
    order = np.argsort(cells, kind="stable")
    counts = np.bincount(cells, minlength=len(places))
    before = np.cumsum(counts) - counts
    out[(places - before)[cells[order]] + np.arange(len(order))] = values[order]
    places += counts
