"""A piece of an answer: the points of a metric query at some steps that follow each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.store.content import Content


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """All series that have points on `grid`, as the tenant's entries were at `content`."""

    grid: StepGrid
    block: SeriesBlock
    content: Content

    @property
    def bytes(self) -> int:
        """Memory that it takes, about."""
        labels = sum(len(name) + len(value) + 130 for series in self.block.labels for name, value in series)
        return self.block.values.nbytes + self.block.present.nbytes + labels + 500


@dataclass(slots=True)
class PieceCounters:
    """What a cache was asked for, had, took in and gave up, in pieces; calls that failed; bytes that it holds."""

    requested: int = 0
    found: int = 0
    stored: int = 0
    evicted: int = 0
    failures: int = 0
    bytes: int = 0


class PieceCache(Protocol):
    """Pieces by key. Safe to use from several threads; it may forget any of them, and never raises."""

    counters: PieceCounters

    def get(self, keys: Sequence[str]) -> Mapping[str, Piece]:
        """Those that it has."""

    def put(self, pieces: Mapping[str, Piece]) -> None:
        """Keeps these in place of older ones."""

    def close(self) -> None:
        """Lets go of everything."""


def part_of(block: SeriesBlock, grid: StepGrid, part: StepGrid) -> SeriesBlock:
    """The columns of a block over `grid` at the steps of `part`, in memory of their own."""
    begin = (part.start - grid.start) // grid.step
    columns = slice(begin, begin + len(part))
    rows = np.flatnonzero(block.present[:, columns].any(axis=1))
    labels = [block.labels[row] for row in rows.tolist()]
    return SeriesBlock(labels, block.values[rows, columns].copy(), block.present[rows, columns].copy())


def side_by_side(parts: Sequence[tuple[StepGrid, SeriesBlock]], grid: StepGrid) -> SeriesBlock:
    """The block over `grid` of parts that fill it, series in the order of their labels."""
    labels = sorted({series for _, block in parts for series in block.labels})
    row_of = {series: row for row, series in enumerate(labels)}
    shape = (len(labels), len(grid))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for part, block in parts:
        rows = np.array([row_of[series] for series in block.labels], np.int64)
        begin = (part.start - grid.start) // grid.step
        columns = slice(begin, begin + len(part))
        values[rows, columns] = block.values
        present[rows, columns] = block.present
    return SeriesBlock(labels, values, present).compact()
