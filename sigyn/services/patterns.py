"""Patterns: what kinds of lines there are, and how many of each over time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.model.results import LineSample
from sigyn.model.time import SECOND
from sigyn.services.alike_lines import ALIKE_LOOPS
from sigyn.services.drain import DRAIN_LOOPS
from sigyn.services.line_clusters import Cluster, cluster_lines

MOST_PATTERNS = 300

_CELLS_AT_ONCE = 1_000_000

Int64s = npt.NDArray[np.int64]

CountsOf = Callable[[Int64s], Int64s]
"""Of some clusters the lines in each step."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of line with its counts: (start of the step in seconds since the epoch, lines)."""

    pattern: str
    level: str
    samples: tuple[tuple[int, int], ...]

    @property
    def lines(self) -> int:
        """Lines over all steps."""
        return sum(count for _, count in self.samples)


def warm() -> None:
    """Compiles what many lines need: seconds the first time on a machine."""
    for loops in (ALIKE_LOOPS, DRAIN_LOOPS):
        loops.warm()


def patterns_of_all(lines: LineSample, step: int) -> list[Pattern]:
    """Patterns of lines, each counted at its own time, per step of `step` ns; those of the most lines first."""
    clusters, of_lines = cluster_lines(lines.lines, lines.levels)
    steps, place = np.unique(lines.timestamps // step * step, return_inverse=True)

    def counts(some: Int64s) -> Int64s:
        rows = np.full(len(clusters), -1, np.int64)
        rows[some] = np.arange(len(some))
        cells = rows[of_lines] * len(steps) + place
        size = len(some) * len(steps)
        return np.bincount(cells[cells >= 0], minlength=size).reshape(len(some), len(steps))

    return _most_frequent(clusters, steps, counts)


def patterns_of_sample(lines: LineSample, times: Int64s, totals: Int64s, step: int) -> list[Pattern]:
    """Patterns of lines that stand for all of their interval, of which there are `totals` at these times (ns, rising).

    A pattern gets the same share of every step of an interval as it has of the interval's lines. Times are `step` ns
    apart, or more; those of the most lines come first.
    """
    clusters, of_lines = cluster_lines(lines.lines, lines.levels)
    sizes = np.diff(lines.firsts)
    interval = np.searchsorted(lines.edges, times, side="right") - 1
    told = sizes[interval] > 0
    times, totals, interval = times[told], totals[told], interval[told]
    of_intervals = np.repeat(np.arange(len(sizes)), sizes)
    seen = np.bincount(of_lines * len(sizes) + of_intervals, minlength=len(clusters) * len(sizes))
    seen = seen.reshape(len(clusters), len(sizes))

    def counts(some: Int64s) -> Int64s:
        return np.rint(totals * seen[some][:, interval] / sizes[interval]).astype(np.int64)

    return _most_frequent(clusters, times // step * step, counts)


def _most_frequent(clusters: Sequence[Cluster], steps: Int64s, counts: CountsOf) -> list[Pattern]:
    lines = np.zeros(len(clusters), np.int64)
    for some in _in_runs(len(clusters), len(steps)):
        lines[some] = counts(some).sum(axis=1)
    texts = [str(cluster) for cluster in clusters]
    shown = [place for place, text in enumerate(texts) if lines[place] and text.strip()]
    shown = sorted(shown, key=lambda place: (-lines[place], texts[place]))[:MOST_PATTERNS]
    seconds = (steps // SECOND).tolist()
    found = []
    for some in _in_runs(len(shown), len(steps)):
        chosen = np.array(shown, np.int64)[some]
        for place, row in zip(chosen.tolist(), counts(chosen).tolist(), strict=True):
            samples = tuple((second, count) for second, count in zip(seconds, row, strict=True) if count)
            found.append(Pattern(texts[place], clusters[place].level, samples))
    return found


def _in_runs(count: int, width: int) -> Iterator[Int64s]:
    """The numbers below `count` in runs of which a row of `width` cells for each takes little memory."""
    size = max(_CELLS_AT_ONCE // max(width, 1), 1)
    for first in range(0, count, size):
        yield np.arange(first, min(first + size, count))
