"""Samples come in the order of their series and buckets, whoever puts them there: a compiled loop or numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.engine.grid import buckets
from sigyn.engine.placed import BUCKET_LOOPS, in_cells, placed
from sigyn.engine.samples import SampleColumns

_SERIES = 3


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    BUCKET_LOOPS.warm()


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    many=st.booleans(),
    step=st.integers(1, 50),
    interval=st.integers(1, 120),
)
@settings(max_examples=60, deadline=None)
def test_each_bucket_has_its_values_in_the_order_in_which_they_come(
    seed: int, sizes: list[int], many: bool, step: int, interval: int
) -> None:
    """`many` is enough for loops."""
    random = np.random.default_rng(seed)
    grid = buckets(1000, 1000 + 20 * step, step, interval, 0)
    sizes = [size * 1000 if many else size for size in sizes]
    numbers = [np.array([0, 2, 1]), np.array([2, 0, 1])]  # of the series of one piece and of the next
    pieces, cells = [], []
    for number, size in enumerate(sizes):
        times = random.integers(grid.origin + 1, grid.end + 1, size)
        series = random.integers(0, _SERIES, size)
        samples = SampleColumns([()] * _SERIES, series, times, random.random(size))
        pieces.append(in_cells(samples, grid))
        cells.append(numbers[number % 2][series] * grid.count + grid.of(times))
    found = placed(pieces, [numbers[number % 2] for number in range(len(pieces))], _SERIES, grid.count)
    values = np.concatenate([piece.values for piece in pieces])
    expected = np.argsort(np.concatenate(cells), kind="stable")
    assert found.values.tolist() == values[expected].tolist()
    counts = np.bincount(np.concatenate(cells), minlength=_SERIES * grid.count)
    assert np.diff(found.begins).tolist() == counts.tolist()
