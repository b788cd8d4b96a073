"""Series over the steps of a query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.grouping import are_in_order, order_of_labels
from sigyn.model.labels import Labels
from sigyn.model.results import MatrixResult, Sample, Series, VectorResult

Values: TypeAlias = npt.NDArray[np.float64]
Presence: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SeriesBlock:
    """Series with a value, or none, at each step.

    labels   one set per series, all different
    values   [series, steps]; NaN is a value like any other
    present  same shape; where it is False, there is no value and `values` says nothing
    """

    labels: list[Labels]
    values: Values
    present: Presence

    @classmethod
    def empty(cls, steps: int) -> "SeriesBlock":
        """No series."""
        return cls([], np.empty((0, steps)), np.empty((0, steps), dtype=np.bool_))

    @classmethod
    def constant(cls, value: float, steps: int) -> "SeriesBlock":
        """One series without labels that has the same value at all steps."""
        return cls([()], np.full((1, steps), value), np.ones((1, steps), dtype=np.bool_))

    @classmethod
    def stacked(cls, rows: Iterable[tuple[Labels, Values, Presence]], steps: int) -> "SeriesBlock":
        """The block of these rows, without those that have no value at all."""
        kept = [row for row in rows if row[2].any()]
        if not kept:
            return cls.empty(steps)
        return cls([row[0] for row in kept], np.stack([row[1] for row in kept]), np.stack([row[2] for row in kept]))

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.values.shape[1])

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "SeriesBlock":
        """These series, in this order."""
        index = np.asarray(rows, dtype=np.int64)
        return SeriesBlock([self.labels[row] for row in index.tolist()], self.values[index], self.present[index])

    def where(self, kept: Presence) -> "SeriesBlock":
        """The values at which `kept` is true; series that lose all are left out."""
        return SeriesBlock(self.labels, self.values, self.present & kept).compact()

    def compact(self) -> "SeriesBlock":
        """Without series that have no value at all."""
        alive = self.present.any(axis=1)
        return self if alive.all() else self.take(np.flatnonzero(alive))


def in_order_of_labels(block: SeriesBlock) -> SeriesBlock:
    """The same series, sorted by their labels."""
    return block if are_in_order(block.labels) else block.take(order_of_labels(block.labels))


def any_series(present: Presence) -> Presence:
    """The steps at which some series has a value."""
    anywhere: Presence = np.logical_or.reduce(present, axis=0)
    return anywhere


Value: TypeAlias = SeriesBlock | float
"""What an expression gives: series, or a scalar that is the same at all steps."""


def matrix_of(value: Value, grid: StepGrid) -> MatrixResult:
    """The answer to a range query; a scalar is a series without labels."""
    block = value if isinstance(value, SeriesBlock) else SeriesBlock.constant(value, len(grid))
    times = grid.times
    return MatrixResult(
        [
            Series(labels, times[present], values[present])
            for labels, values, present in zip(block.labels, block.values, block.present, strict=True)
            if present.any()
        ]
    )


def vector_of(block: SeriesBlock, grid: StepGrid) -> VectorResult:
    """The answer to an instant query, in the order of the block."""
    return VectorResult(
        grid.start,
        [
            Sample(labels, float(values[0]))
            for labels, values, present in zip(block.labels, block.values, block.present, strict=True)
            if present[0]
        ],
    )
