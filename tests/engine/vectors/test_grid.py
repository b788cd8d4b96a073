"""Steps of a query."""

import pytest

from sigyn.engine.vectors.grid import StepGrid


@pytest.mark.parametrize(
    ("grid", "times"),
    [
        (StepGrid.instant(17), [17]),
        (StepGrid(3, 10, 3), [3, 6, 9]),
        (StepGrid.aligned(20, 40, 10), [20, 30, 40]),
        (StepGrid.aligned(21, 39, 10), [20, 30, 40]),
        (StepGrid.aligned(25, 25, 10), [20, 30]),
    ],
)
def test_times(grid: StepGrid, times: list[int]) -> None:
    assert grid.times.tolist() == times
    assert len(grid) == len(times)
