"""Vector aggregations: `sum by (a) (...)`, `topk(3, ...)`, `sort(...)`."""

import numpy as np
import numpy.typing as npt

from sigyn.engine.vectors.block import Presence, SeriesBlock, Values, in_order_of_labels
from sigyn.engine.vectors.grouping import group_rows, keeps_all_labels
from sigyn.languages.logql import ast

Rows = npt.NDArray[np.int64]

_ALIKE_ALONE = ("sum", "avg", "min", "max")
"""What gives the value of a series that is a group of its own."""

_CELLS_AT_ONCE = 1 << 22  # of which topk makes copies


def aggregate(
    operator: ast.VectorOperator, block: SeriesBlock, grouping: ast.Grouping | None, parameter: float | None = None
) -> SeriesBlock:
    """The aggregation of a block, step by step; `parameter` is the k of topk and bottomk."""
    match operator:
        case "topk" | "bottomk":
            return _choose(operator, block, grouping, int(parameter or 0))
        case "sort" | "sort_desc":
            return _sort(block, descending=operator == "sort_desc")
        case _:
            return _combine(operator, block, grouping)


def _combine(operator: str, block: SeriesBlock, grouping: ast.Grouping | None) -> SeriesBlock:
    """One series for each group. Sums of fractions depend on the order of the series in their last digits."""
    if operator in _ALIKE_ALONE and keeps_all_labels(block.labels, grouping):  # as of samples that are grouped early
        return in_order_of_labels(block).compact()
    groups = group_rows(block.labels, grouping)
    if not groups:
        return SeriesBlock.empty(block.steps)
    members = np.array([row for rows in groups.values() for row in rows])
    sizes = np.array([len(rows) for rows in groups.values()])
    firsts = np.cumsum(sizes) - sizes
    values, present = block.values[members], block.present[members]
    if operator in _ALIKE_ALONE and len(groups) == len(block):
        return SeriesBlock(list(groups), values, present).compact()
    with np.errstate(all="ignore"):
        combined = _combined(operator, values, present, firsts, sizes)
    return SeriesBlock(list(groups), combined, np.logical_or.reduceat(present, firsts, axis=0)).compact()


def _combined(operator: str, values: Values, present: Presence, firsts: Rows, sizes: Rows) -> Values:
    """For each group, whose rows begin at `firsts`, its value at each step."""
    result: Values
    match operator:
        case "count":
            result = _counts(present, firsts)
        case "sum":
            result = _added(np.where(present, values, 0.0), firsts, sizes)
        case "min":
            # NaN counts only where there is nothing else, as in Prometheus.
            result = np.fmin.reduceat(np.where(present, values, np.nan), firsts, axis=0)
        case "max":
            result = np.fmax.reduceat(np.where(present, values, np.nan), firsts, axis=0)
        case _:
            counts = _counts(present, firsts)
            result = _added(np.where(present, values, 0.0), firsts, sizes) / counts
            if operator != "avg":
                deviations = np.where(present, values - np.repeat(result, sizes, axis=0), 0.0)
                result = _added(deviations * deviations, firsts, sizes) / counts
            if operator == "stddev":
                result = np.sqrt(result)
    return result


def _counts(present: Presence, firsts: Rows) -> Values:
    return np.add.reduceat(present.astype(np.float64), firsts, axis=0)


def _added(values: Values, firsts: Rows, sizes: Rows) -> Values:
    """The sums of the rows of each group, one after the other: numpy's own order depends on the number of steps.

    The first rows of all groups are added at once, then the second ones of those that have any, and so on.
    """
    total = np.zeros((len(sizes), values.shape[1]))
    largest_first = np.argsort(-sizes, kind="stable")
    for place, count in enumerate(len(sizes) - np.searchsorted(np.sort(sizes), np.arange(sizes.max()), side="right")):
        if count == 1:
            group = largest_first[0]
            total[group] += values[firsts[group] + place]
        else:
            some = largest_first[:count]
            total[some] += values[firsts[some] + place]
    return total


def _choose(operator: str, block: SeriesBlock, grouping: ast.Grouping | None, k: int) -> SeriesBlock:
    """The k largest or smallest values of each group at each step, as series with all their labels.

    Of equal values that of the first labels wins, and NaN is worse than any number. On a grid of
    one step the best value comes first.
    """
    block = in_order_of_labels(block)
    descending = operator == "topk"
    chosen: list[SeriesBlock] = []
    for members in group_rows(block.labels, grouping).values():
        own = block if len(members) == len(block) else block.take(members)
        best = _best(own.values, own.present, k, descending=descending)
        rows = np.flatnonzero(best.any(axis=1))
        if block.steps == 1:
            rows = rows[_ranked(own.values[rows], own.present[rows], descending=descending)[:, 0]]
        chosen.append(SeriesBlock(own.labels, own.values, best).take(rows))
    return SeriesBlock(
        [labels for each in chosen for labels in each.labels],
        np.concatenate([np.empty((0, block.steps)), *(each.values for each in chosen)]),
        np.concatenate([np.empty((0, block.steps), np.bool_), *(each.present for each in chosen)]),
    )


def _best(values: Values, present: Presence, k: int, *, descending: bool) -> Presence:
    """Which are among the first k of their step in the order of `_ranked`.

    There may be millions of series, mostly of equal values: they are not sorted, but compared with the k-th value.
    """
    if k <= 0 or k >= len(values):
        return present if k > 0 else np.zeros_like(present)
    best = np.empty_like(present)
    at_once = max(_CELLS_AT_ONCE // len(values), 1)
    for begin in range(0, values.shape[1], at_once):
        some = slice(begin, begin + at_once)
        is_number = present[:, some] & ~np.isnan(values[:, some])
        keys = np.where(is_number, -values[:, some] if descending else values[:, some], np.nan)  # partition's last
        last = np.partition(keys, k - 1, axis=0)[k - 1]
        is_less, is_last = keys < last, keys == last
        few = np.isnan(last)  # steps of fewer numbers than k
        is_less[:, few], is_last[:, few] = is_number[:, few], (present[:, some] & ~is_number)[:, few]
        best[:, some] = is_less | (is_last & (np.cumsum(is_last, axis=0) <= k - is_less.sum(axis=0)))
    return best


def _sort(block: SeriesBlock, *, descending: bool) -> SeriesBlock:
    """The series in the order of their values on a grid of one step, NaN last; a matrix has no order."""
    if block.steps != 1:
        return block
    block = in_order_of_labels(block)
    return block.take(_ranked(block.values, block.present, descending=descending)[:, 0])


def _ranked(values: Values, present: Presence, *, descending: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Rows in the order of their values, step by step: numbers, NaN, absent values."""
    return np.lexsort((-values if descending else values, np.isnan(values), ~present), axis=0)
