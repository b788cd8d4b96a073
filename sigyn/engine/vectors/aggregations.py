"""Vector aggregations: `sum by (a) (...)`, `topk(3, ...)`, `sort(...)`."""

import numpy as np

from sigyn.engine.vectors.block import Presence, SeriesBlock, Values, any_series, in_order_of_labels
from sigyn.engine.vectors.grouping import group_rows
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError


def aggregate(
    operator: ast.VectorOperator, block: SeriesBlock, grouping: ast.Grouping | None, parameter: float | None = None
) -> SeriesBlock:
    """The aggregation of a block, step by step; `parameter` is the k of topk and bottomk.

    Raises QueryError for approx_topk, as Loki does unless it is told otherwise.
    """
    match operator:
        case "topk" | "bottomk":
            return _choose(operator, block, grouping, int(parameter or 0))
        case "sort" | "sort_desc":
            return _sort(block, descending=operator == "sort_desc")
        case "approx_topk":
            raise QueryError("approx_topk is not enabled. See -limits.shard_aggregations")
        case _:
            rows = []
            block = in_order_of_labels(block)  # sums of fractions depend on the order in their last digits
            with np.errstate(all="ignore"):
                for labels, members in group_rows(block.labels, grouping).items():
                    present = block.present[members]
                    rows.append((labels, _combine(operator, block.values[members], present), any_series(present)))
            return SeriesBlock.stacked(rows, block.steps)


def _combine(operator: str, values: Values, present: Presence) -> Values:
    counts = present.sum(axis=0).astype(np.float64)
    result: Values
    match operator:
        case "count":
            result = counts
        case "sum":
            result = _added(np.where(present, values, 0.0))
        case "avg":
            result = _added(np.where(present, values, 0.0)) / counts
        case "min":
            # NaN counts only where there is nothing else, as in Prometheus.
            result = np.fmin.reduce(np.where(present, values, np.nan), axis=0)
        case "max":
            result = np.fmax.reduce(np.where(present, values, np.nan), axis=0)
        case _:
            means = _added(np.where(present, values, 0.0)) / counts
            deviations = np.where(present, values - means, 0.0)
            result = _added(deviations * deviations) / counts
            if operator == "stddev":
                result = np.sqrt(result)
    return result


def _added(values: Values) -> Values:
    """The sum of the rows, one after the other: numpy's own order depends on the number of steps."""
    total = np.zeros(values.shape[1])
    for row in values:
        total += row
    return total


def _choose(operator: str, block: SeriesBlock, grouping: ast.Grouping | None, k: int) -> SeriesBlock:
    """The k largest or smallest values of each group at each step, as series with all their labels.

    Of equal values that of the first labels wins, and NaN is worse than any number. On a grid of
    one step the best value comes first.
    """
    block = in_order_of_labels(block)
    chosen = np.zeros_like(block.present)
    order: list[int] = []
    for members in group_rows(block.labels, grouping).values():
        ranked = _ranked(block.values[members], block.present[members], descending=operator == "topk")
        best = np.asarray(members)[ranked[: max(k, 0)]]
        chosen[best, np.arange(block.steps)] = True
        order.extend(best[:, 0] if block.steps == 1 else members)
    return SeriesBlock(block.labels, block.values, block.present & chosen).take(order).compact()


def _sort(block: SeriesBlock, *, descending: bool) -> SeriesBlock:
    """The series in the order of their values on a grid of one step, NaN last; a matrix has no order."""
    if block.steps != 1:
        return block
    block = in_order_of_labels(block)
    return block.take(_ranked(block.values, block.present, descending=descending)[:, 0])


def _ranked(values: Values, present: Presence, *, descending: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Rows in the order of their values, step by step: numbers, NaN, absent values."""
    return np.lexsort((-values if descending else values, np.isnan(values), ~present), axis=0)
