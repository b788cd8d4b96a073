"""Joins two operands to a binary operation, and refuses those that mean nothing.

Loki computes operations on literals while it parses; here they stay in the tree, and only their value
is kept beside it, because `and`, `or` and `unless` refuse a literal leg, computed ones too.
"""

import math
import operator as python_operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sigyn.languages.lexer import Cursor, Token
from sigyn.languages.logql import ast
from sigyn.languages.logql.ast import Span
from sigyn.languages.logql.diagnostics import meaning_error

_SET_OPERATORS = ("or", "and", "unless")
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": python_operator.eq,
    "!=": python_operator.ne,
    ">": python_operator.gt,
    ">=": python_operator.ge,
    "<": python_operator.lt,
    "<=": python_operator.le,
}


@dataclass(frozen=True, slots=True)
class Operand:
    """A query, and its value when it consists of literals alone."""

    query: ast.Query
    literal: float | None = None


def join(
    cursor: Cursor,
    operator: Token,
    left: Operand,
    right: Operand,
    return_bool: bool,
    matching: ast.VectorMatching | None,
) -> Operand:
    """The operation `left operator right`.

    Raises ParseError when a leg is a log query, or a literal where only vectors can stand.
    """
    left_query = _metric_leg(cursor, operator, "left", left)
    right_query = _metric_leg(cursor, operator, "right", right)
    node = ast.BinaryOperation(
        cast(ast.BinaryOperator, operator.kind),
        left_query,
        right_query,
        return_bool,
        matching,
        Span(left_query.span.start, right_query.span.end),
    )
    if left.literal is None or right.literal is None:
        return Operand(node)
    return Operand(node, _compute(operator.kind, left.literal, right.literal))


def _metric_leg(cursor: Cursor, operator: Token, side: str, leg: Operand) -> ast.MetricQuery:
    if isinstance(leg.query, ast.LogQuery | ast.PipedQuery | ast.Let):
        is_selector = isinstance(leg.query, ast.LogQuery) and not leg.query.stages
        kind = "MatchersExpr" if is_selector else "PipelineExpr"
        raise meaning_error(
            cursor.query,
            leg.query.span,
            f"unexpected type for {side} leg of binary operation ({operator.kind}): *syntax.{kind}",
            "operators join metric queries, such as count_over_time({...}[5m])",
        )
    if operator.kind in _SET_OPERATORS and leg.literal is not None:
        value = f"{leg.literal:f}" if math.isfinite(leg.literal) else f"{leg.literal:+}"
        raise meaning_error(
            cursor.query,
            leg.query.span,
            f"unexpected literal for {side} leg of logical/set binary operation ({operator.kind}): {value}",
            f"a literal is no vector: vector({value})",
        )
    return leg.query


def _compute(operator: str, left: float, right: float) -> float:
    if operator in _COMPARISONS:
        return float(_COMPARISONS[operator](left, right))
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "%":
                return math.fmod(left, right)
            case _:
                return math.pow(left, right)
    except (ZeroDivisionError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf
