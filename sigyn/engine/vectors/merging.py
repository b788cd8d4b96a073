"""Series that became equal."""

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock, any_series
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels, format_labels


def merge_equal(block: SeriesBlock, message: str) -> SeriesBlock:
    """The block with one series per label set.

    Raises QueryError with `message` when two series of the same labels have values at the same step.
    """
    rows: dict[Labels, list[int]] = {}
    for row, labels in enumerate(block.labels):
        rows.setdefault(labels, []).append(row)
    if len(rows) == len(block.labels):
        return block.compact()
    merged = []
    for labels, members in rows.items():
        present = block.present[members]
        if (present.sum(axis=0) > 1).any():
            raise QueryError(f"{message}: {format_labels(labels)}")
        merged.append((labels, np.where(present, block.values[members], 0.0).sum(axis=0), any_series(present)))
    return SeriesBlock.stacked(merged, block.steps)
