"""Time steps of a metric query, and the buckets that its windows are made of.

A window of a range aggregation at step t is (t - offset - interval, t - offset]. All windows of a
query end and begin on two lattices of the same step; cut time at the points of both, and every
window is a run of whole buckets. So entries are aggregated once per bucket, however much the
windows overlap. Where windows are much longer than the time from the first to the last, they all share
what is in the middle: that is one bucket, so that their number follows from the steps, not from the windows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of one range aggregation over one grid.

    origin     ns; bucket 0 begins just after it
    step       ns between windows
    phase      interval modulo step, ns; 0: one bucket per step, else two (the first `phase` long)
    windows    number of windows
    first      first bucket of window i is i * per_step
    width      buckets in a window
    merged     buckets of the lattices that the one in the middle has beyond the first; 0: there is none such
    """

    origin: int
    step: int
    phase: int
    windows: int
    width: int
    merged: int = 0

    @property
    def per_step(self) -> int:
        return 2 if self.phase else 1

    @property
    def count(self) -> int:
        """Number of buckets that some window may use."""
        return (self.windows - 1) * self.per_step + self.width

    @property
    def end(self) -> int:
        """ns; the last window ends here (inclusive)."""
        whole, part = divmod(self.width + self.merged, self.per_step)
        return self.origin + (self.windows - 1 + whole) * self.step + (self.phase if part else 0)

    @property
    def middle(self) -> int:
        """The first bucket of the last window, which is the last of the first one where some are merged."""
        return (self.windows - 1) * self.per_step

    def sql(self, timestamp: str) -> str:
        """SQL for the bucket of a timestamp (ns) after `origin`."""
        since = f"({timestamp} - {self.origin + 1})"
        bucket = f"({since} // {self.step})"
        if self.phase:
            later = f"CASE WHEN {since} % {self.step} >= {self.phase} THEN 1 ELSE 0 END"
            bucket = f"(2 * {bucket} + {later})"
        if self.merged:
            bucket = f"least({bucket}, greatest({self.middle}, {bucket} - {self.merged}))"
        return f"{bucket}::INTEGER"

    def of(self, timestamps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The buckets of these timestamps."""
        since = timestamps - (self.origin + 1)
        bucket: npt.NDArray[np.int64] = since // self.step
        if self.phase:
            bucket = 2 * bucket + (since % self.step >= self.phase)
        if self.merged:
            bucket = np.minimum(bucket, np.maximum(self.middle, bucket - self.merged))
        return bucket


def buckets(start: int, end: int, step: int, interval: int, offset: int) -> Buckets:
    """Buckets for windows at start, start + step, ... up to end (all ns; step > 0, interval > 0)."""
    windows = (end - start) // step + 1
    if windows == 1:
        step = interval  # one window is one bucket, however short the step that nobody takes
    whole, phase = divmod(interval, step)
    per_step = 2 if phase else 1
    width = per_step * whole + (per_step - 1)
    merged = max(width - 1 - (windows - 1) * per_step, 0)
    return Buckets(start - offset - interval, step, phase, windows, width - merged, merged)
