"""Binary operations between scalars and series."""

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock, Value, Values
from sigyn.engine.vectors.matching import match_series
from sigyn.engine.vectors.operators import COMPARISONS, SETS, calculate, compare
from sigyn.engine.vectors.sets import combine_sets
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError


def operate(node: ast.BinaryOperation, left: Value, right: Value) -> Value:
    """The result of a binary operation.

    Comparisons between scalars give 0 or 1. With series they keep what they hold for, with its
    value; with `bool` they give 0 or 1 for all. Raises QueryError when series match more than once.
    """
    match left, right:
        case SeriesBlock(), SeriesBlock():
            matching = node.matching or ast.VectorMatching()
            if node.operator in SETS:
                return combine_sets(node.operator, left, right, matching)
            return match_series(node.operator, left, right, matching, return_bool=node.return_bool)
        case _ if node.operator in SETS:
            raise QueryError(f"`{node.operator}` needs series on both sides, not a number")
        case SeriesBlock(), float():
            return _with_scalar(node, left, left.values, right)
        case float(), SeriesBlock():
            return _with_scalar(node, right, left, right.values)
        case float(), float():
            if node.operator in COMPARISONS:
                return float(compare(node.operator, left, right))
            return float(calculate(node.operator, left, right))
        case _:
            raise TypeError(f"a value is series or a float, not {type(left).__name__} and {type(right).__name__}")


def _with_scalar(
    node: ast.BinaryOperation, block: SeriesBlock, left: Values | float, right: Values | float
) -> SeriesBlock:
    """One of `left` and `right` is the scalar, the other the values of `block`."""
    if node.operator not in COMPARISONS:
        return SeriesBlock(block.labels, calculate(node.operator, left, right), block.present)
    holds = compare(node.operator, left, right)
    if node.return_bool:
        return SeriesBlock(block.labels, holds.astype(np.float64), block.present)
    return block.where(holds)
