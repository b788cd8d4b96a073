"""Aggregating the entries of a frame without SQL, where each of them is understood."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.frame import Frame
from sigyn.engine.numbering import numbered
from sigyn.engine.samples import BucketSums, RangeTask, SampleColumns
from sigyn.engine.series_keys import SeriesKeys
from sigyn.engine.sql.text import Sql, any_of
from sigyn.model.labels import Labels
from sigyn.store.shapes.values import whole

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Direct:
    """How a frame can be aggregated without SQL.

    keys   columns of labels that make up the series besides those of the stream
    value  column of numbers; None: an entry counts 1
    """

    keys: tuple[str, ...]
    value: str | None


def direct_plan(keys: SeriesKeys, value: Sql) -> Direct | None:
    """The plan for these keys and this value; None when it needs SQL."""
    names = [expression.name for expression in keys.expressions.values()]
    if "" in keys.expressions or (value.columns and value.name is None):
        return None
    known = tuple(name for name in names if name is not None)
    return Direct(known, value.name) if len(known) == len(names) else None


def needs_sql(frame: Frame, conditions: Sequence[Sql]) -> bool:
    """Whether one of these predicates, which take an entry out of the ordinary, holds for some entry."""
    condition = any_of(conditions)
    if not conditions:
        return False
    return condition.test is None or bool(condition.test(frame).any())


def aggregate(frame: Frame, keys: SeriesKeys, plan: Direct, task: RangeTask) -> list[BucketSums] | list[SampleColumns]:
    """What the entries of a frame, at least one, contribute."""
    groups = keys.group_of_stream[frame.column("stream").to_numpy()]
    labels, series = keys.series(groups, [_encoded(frame, name) for name in plan.keys])
    times = frame.column("timestamp").to_numpy()
    values = frame.column(plan.value).to_numpy() if plan.value is not None else None
    if not task.is_summed:
        return [SampleColumns(labels, series, times, values if values is not None else np.ones(len(times)))]
    return [_sums(labels, series, task, times, values)]


def _encoded(frame: Frame, name: str) -> pa.DictionaryArray:
    column = whole(frame.column(name))
    return column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode(null_encoding="mask")


def _sums(
    labels: Sequence[Labels], series: Numbers, task: RangeTask, times: Numbers, values: npt.NDArray[np.float64] | None
) -> BucketSums:
    buckets = task.buckets
    cells = series * buckets.count + buckets.of(times)
    found, place = numbered(cells, len(labels) * buckets.count)
    count = np.bincount(place, minlength=len(found)).astype(np.float64)
    total = least = most = count
    if values is not None:
        total = np.bincount(place, weights=values, minlength=len(found)).astype(np.float64)
        least = most = np.full(len(found), np.nan)
        if task.query.operator == "min_over_time":
            np.fmin.at(least, place, values)
        elif task.query.operator == "max_over_time":
            np.fmax.at(most, place, values)
    return BucketSums(labels, found // buckets.count, found % buckets.count, count, total, least, most)
