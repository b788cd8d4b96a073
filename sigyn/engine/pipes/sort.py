"""`| sort by a desc, b`.

Numbers come before texts and are compared as numbers, also where a text spells them; a missing value
comes last in either direction. Rows that are equal keep their order.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.pipes.rows import Positions, Rows
from sigyn.engine.pipes.values import numbers_of, texts_of
from sigyn.languages.logql.pipes import Sort


def run_sort(pipe: Sort, rows: Rows) -> Rows:
    """The rows in the order that the pipe asks for."""
    return rows.take(sorted_positions(pipe, rows))


def sorted_positions(pipe: Sort, rows: Rows) -> Positions:
    """Where the rows are now that come first, second, ... then."""
    keys: list[npt.NDArray[np.float64]] = []
    for key in pipe.keys:
        column = rows.column(key.name)
        kind, value = _ranked(column)
        keys += [kind, -value if key.descending else value]
    # lexsort takes the key that decides last.
    return np.lexsort(keys[::-1]).astype(np.int64)


def _ranked(column: pa.Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each value its kind (number, text, missing) and its rank within the kind."""
    if pa.types.is_timestamp(column.type):
        # As float64, times a few hundred ns apart would be equal.
        _, ranks = np.unique(column.cast(pa.int64()).to_numpy(zero_copy_only=False), return_inverse=True)
        return np.zeros(len(column)), ranks.astype(np.float64)
    numbers = numbers_of(column)
    kind = np.where(numbers.there, 0.0, 1.0)
    values = np.where(numbers.there, numbers.values, 0.0)
    kind[numbers.there & np.isnan(values)] = 0.5
    values = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)
    others = np.flatnonzero(~numbers.there)
    if len(others):
        texts = np.array(texts_of(column.take(pa.array(others))), dtype=object)
        distinct, ranks = np.unique(texts, return_inverse=True)
        values[others] = ranks
        kind[others] = np.where(distinct[ranks] == "", 2.0, 1.0)
    return kind, values
