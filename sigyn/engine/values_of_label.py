"""Which values a label has that entries carry."""

import numpy as np

from sigyn.engine.aggregate import Aggregator
from sigyn.engine.context import QueryContext
from sigyn.engine.grid import buckets
from sigyn.engine.placed import CellValues
from sigyn.engine.samples import RangeTask
from sigyn.engine.scan import Scan
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryTimeout


def values_of_label(
    query: ast.LogQuery, name: str, scan: Scan, start: int, end: int, most: int, context: QueryContext
) -> set[str] | None:
    """The values of a label in the entries of start <= t <= end (ns) that a query finds; None: more than `most`.

    When the time of the context is over, those that were found by then: what was committed last is read first.
    """
    interval = end - start + 1
    counted = ast.RangeAggregation("count_over_time", ast.LogRange(query, interval))
    task = RangeTask(counted, ast.Grouping((name,)), buckets(end, end, 1, interval, 0))
    aggregator = Aggregator(task, scan, context)
    values: set[str] = set()
    try:
        for pieces in context.in_order(aggregator, scan.units()[::-1]):
            for piece in pieces:
                assert not isinstance(piece, CellValues)  # a count is a sum
                present = [piece.labels[place] for place in np.unique(piece.series).tolist()]
                values.update(value for labels in present for own, value in labels if own == name)
            if len(values) > most:
                return None
    except QueryTimeout:
        pass
    return values
