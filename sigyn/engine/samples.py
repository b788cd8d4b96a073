"""What entries contribute to range aggregations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.engine.grid import Buckets
from sigyn.engine.interpreter.errors import keeps_errors
from sigyn.engine.vectors.windows import ORDERLESS
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels

MAX_CELLS = 50_000_000
"""Series times buckets that one range aggregation may have: 400 MB per aggregate."""

SUMMED = frozenset(
    {
        "rate",
        "count_over_time",
        "bytes_rate",
        "bytes_over_time",
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
    }
)
"""Operators whose value follows from count, sum, minimum and maximum per bucket."""


@dataclass(frozen=True, slots=True)
class RangeTask:
    """What one range aggregation asks of the entries.

    hint  labels by which the vector aggregation above lets samples be counted together
    """

    query: ast.RangeAggregation
    hint: ast.Grouping | None
    buckets: Buckets

    @property
    def is_summed(self) -> bool:
        """Whether BucketSums suffice; else SampleColumns are needed."""
        return self.query.operator in SUMMED

    @property
    def is_orderless(self) -> bool:
        """Whether the values of each bucket suffice, in any order."""
        return self.query.operator in ORDERLESS

    @property
    def series_grouping(self) -> ast.Grouping | None:
        """Labels that make up a series; None: all of them."""
        return self.query.grouping or self.hint

    @property
    def unwrapped(self) -> str | None:
        """The unwrapped label."""
        unwrap = self.query.log_range.unwrap
        return unwrap.label if unwrap is not None else None

    @property
    def keeps_errors(self) -> bool:
        """Whether entries with an error count like others."""
        return keeps_errors(self.query, self.hint)

    @property
    def counts_bytes(self) -> bool:
        """Whether an entry counts with the bytes of its line."""
        return self.query.operator in ("bytes_rate", "bytes_over_time")


@dataclass(frozen=True, slots=True)
class BucketSums:
    """Aggregates of entries: one element per series and bucket that has any; a pair may come twice.

    labels         the series
    series         which of them
    buckets        which bucket
    count          entries
    total          sum of their values: unwrapped numbers, or bytes of lines, or 1 each
    least, most    extremes of their values
    """

    labels: Sequence[Labels]
    series: npt.NDArray[np.int64]
    buckets: npt.NDArray[np.int64]
    count: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]
    least: npt.NDArray[np.float64]
    most: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Single values: the series, and for each value which of them, its time (ns) and the number."""

    labels: Sequence[Labels]
    series: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    def sums(self, buckets: Buckets) -> BucketSums:
        """The same values as sums, one element per value."""
        return BucketSums(
            self.labels,
            self.series,
            buckets.of(self.timestamps),
            np.ones(len(self.values)),
            self.values,
            self.values,
            self.values,
        )


def refuse_many(series: int, columns: int) -> None:
    """Raises QueryError for more series and steps, or buckets, than memory allows."""
    if series * columns > MAX_CELLS:
        raise QueryError(
            f"{series} series or more over {columns} steps are more than one query may hold in memory "
            f"({MAX_CELLS} values); aggregate by fewer labels, or ask for a larger step or a shorter time range"
        )
