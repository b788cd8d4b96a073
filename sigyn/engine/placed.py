"""Samples in the order of their series and buckets: all that an operator needs to which the order within is nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from sigyn.compiled.at_need import Loops
from sigyn.engine.grid import Buckets
from sigyn.engine.samples import SampleColumns

_WORTH_A_LOOP = 1 << 14  # samples

Ordinals = npt.NDArray[np.int64]


def _exercise(module: ModuleType) -> None:
    numbers = np.zeros(1, np.int64)
    module.count_cells(numbers, numbers, 0, 1, 0, 1, np.zeros(1, np.int64))
    module.place_values(numbers, numbers, np.zeros(1), 0, 1, 0, 1, np.zeros(1, np.int64), np.zeros(1))


BUCKET_LOOPS = Loops("sigyn.engine.kernels.buckets", _exercise)


@dataclass(frozen=True, slots=True)
class PlacedValues:
    """Values by cells: cell series * buckets.count + bucket is values[begins[cell] : begins[cell + 1]]."""

    values: npt.NDArray[np.float64]
    begins: npt.NDArray[np.int64]


def placed(pieces: Sequence[SampleColumns], numbered: Sequence[Ordinals], buckets: Buckets, count: int) -> PlacedValues:
    """The values of `pieces` by the buckets of `count` series; `numbered` has the series of each piece's samples.

    There may be a sample for each entry, so nothing is as long as all of them but what is returned.
    """
    total = sum(len(piece.values) for piece in pieces)
    loops = BUCKET_LOOPS.ready() if total >= _WORTH_A_LOOP else None
    begins = np.zeros(count * buckets.count + 1, np.int64)
    values = np.empty(total)
    grid = buckets.origin + 1, buckets.step, buckets.phase, buckets.count
    for piece, series in zip(pieces, numbered, strict=True):
        if loops is not None:
            loops.count_cells(series, piece.timestamps, *grid, begins[1:])
        else:
            begins[1:] += np.bincount(_cells(piece, series, buckets), minlength=len(begins) - 1)
    np.cumsum(begins, out=begins)
    places = begins[:-1].copy()
    for piece, series in zip(pieces, numbered, strict=True):
        if loops is not None:
            loops.place_values(series, piece.timestamps, piece.values, *grid, places, values)
        else:
            cells = _cells(piece, series, buckets)
            order = np.argsort(cells, kind="stable")
            counts = np.bincount(cells, minlength=len(places))
            first = np.cumsum(counts) - counts
            values[(places - first)[cells[order]] + np.arange(len(order))] = piece.values[order]
            places += counts
    return PlacedValues(values, begins)


def _cells(piece: SampleColumns, series: Ordinals, buckets: Buckets) -> Ordinals:
    return series * buckets.count + buckets.of(piece.timestamps)
