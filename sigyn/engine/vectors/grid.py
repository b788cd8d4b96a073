"""The times at which a metric query is evaluated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.model.time import SECOND


@dataclass(frozen=True, slots=True)
class StepGrid:
    """start, start + step, ... up to end; all in ns, step > 0. An instant query is a grid of one step."""

    start: int
    end: int
    step: int

    @classmethod
    def instant(cls, time: int) -> "StepGrid":
        """The grid of an instant query."""
        return cls(time, time, SECOND)

    @classmethod
    def aligned(cls, start: int, end: int, step: int) -> "StepGrid":
        """The grid of a range query: start is floored and end ceiled to multiples of step since the epoch."""
        return cls(start - start % step, end + -end % step, step)

    def __len__(self) -> int:
        return (self.end - self.start) // self.step + 1

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """All times, rising."""
        return self.start + np.arange(len(self), dtype=np.int64) * self.step
