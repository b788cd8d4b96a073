"""Which labels entries carry."""

import numpy as np

from sigyn.engine.aggregate import Aggregator
from sigyn.engine.context import QueryContext
from sigyn.engine.grid import buckets
from sigyn.engine.placed import CellValues
from sigyn.engine.samples import RangeTask
from sigyn.engine.scan import Scan
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryTimeout
from sigyn.model.labels import Labels


def label_sets(
    query: ast.LogQuery, names: tuple[str, ...], scan: Scan, start: int, end: int, most: int, context: QueryContext
) -> set[Labels] | None:
    """What the entries of start <= t <= end (ns) that a query finds have of these labels; None: more than `most` sets.

    When the time of the context is over, those that were found by then: what was committed last is read first.
    """
    interval = end - start + 1
    counted = ast.RangeAggregation("count_over_time", ast.LogRange(query, interval))
    task = RangeTask(counted, ast.Grouping(names), buckets(end, end, 1, interval, 0))
    aggregator = Aggregator(task, scan, context)
    found: set[Labels] = set()
    try:
        for pieces in context.in_order(aggregator, scan.units()[::-1]):
            for piece in pieces:
                assert not isinstance(piece, CellValues)  # a count is a sum
                labels = list(piece.labels)
                found.update(labels[place] for place in np.unique(piece.series).tolist())
            if len(found) > most:
                return None
    except QueryTimeout:
        pass
    return found
