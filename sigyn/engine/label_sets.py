"""Which labels entries carry."""

from collections.abc import Sequence

import numpy as np

from sigyn.engine.aggregate import Aggregator
from sigyn.engine.context import QueryContext
from sigyn.engine.grid import buckets
from sigyn.engine.label_columns import LabelColumns, Ordinals, numbered_labels
from sigyn.engine.placed import CellValues
from sigyn.engine.samples import RangeTask
from sigyn.engine.scan import Scan
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryTimeout
from sigyn.model.labels import Labels

_FEW = 10_000  # label sets that wait for others before they are compared with those that are known


def label_sets(
    query: ast.LogQuery, names: tuple[str, ...], scan: Scan, start: int, end: int, most: int, context: QueryContext
) -> Sequence[Labels] | None:
    """What the entries of start <= t <= end (ns) that a query finds have of these labels, each once.

    None: there are more than `most`. When the time of the context is over, those that were found by then: what was
    committed last is read first.
    """
    interval = end - start + 1
    counted = ast.RangeAggregation("count_over_time", ast.LogRange(query, interval))
    task = RangeTask(counted, ast.Grouping(names), buckets(end, end, 1, interval, 0))
    aggregator = Aggregator(task, scan, context)
    found: Sequence[Labels] = ()
    fresh: list[Sequence[Labels]] = []
    try:
        for pieces in context.in_order(aggregator, scan.units()[::-1]):
            for piece in pieces:
                assert not isinstance(piece, CellValues)  # a count is a sum
                fresh.append(_of(piece.labels, np.flatnonzero(np.bincount(piece.series))))
            if sum(map(len, fresh)) > max(_FEW, len(found)):
                found, _ = numbered_labels([each for each in (found, *fresh) if each])
                fresh.clear()
                if len(found) > most:
                    return None
    except QueryTimeout:
        pass
    found, _ = numbered_labels([each for each in (found, *fresh) if each])
    return None if len(found) > most else found


def _of(labels: Sequence[Labels], places: Ordinals) -> Sequence[Labels]:
    return labels.take(places) if isinstance(labels, LabelColumns) else [labels[place] for place in places.tolist()]
