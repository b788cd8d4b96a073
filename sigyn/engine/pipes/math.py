"""`| math share = errors / total * 100`.

Arithmetic is that of float64: a division by zero gives an infinity or NaN. What is computed from a
missing value, or from a text that is no number, is missing.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sigyn.engine.pipes.rows import Rows
from sigyn.engine.pipes.values import Numbers, numbers_of
from sigyn.languages.logql.pipes import Math
from sigyn.languages.logql.pipes.math import Call, Column, Expression, Literally, Operation

Floats = npt.NDArray[np.float64]

_OPERATORS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
}


def _round(values: Floats) -> Floats:
    """Halves away from zero, as people round."""
    rounded: Floats = np.copysign(np.floor(np.abs(values) + 0.5), values)
    return rounded


_FUNCTIONS: dict[str, Callable[..., Floats]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "round": _round,
    "sqrt": np.sqrt,
    "ln": np.log,
    "min": np.fmin,
    "max": np.fmax,
}


def run_math(pipe: Math, rows: Rows) -> Rows:
    """The rows with the columns that the pipe computes."""
    for assignment in pipe.assignments:
        with np.errstate(all="ignore"):
            rows = rows.with_column(assignment.name, _evaluate(assignment.expression, rows).array())
    return rows


def _evaluate(expression: Expression, rows: Rows) -> Numbers:
    match expression:
        case Literally(value):
            return Numbers(np.full(len(rows), value), np.ones(len(rows), np.bool_))
        case Column(name):
            return numbers_of(rows.column(name))
        case Operation(operator, left, right):
            return _applied(_OPERATORS[operator], [_evaluate(left, rows), _evaluate(right, rows)])
        case Call(function, arguments):
            return _applied(_FUNCTIONS[function], [_evaluate(argument, rows) for argument in arguments])


def _applied(function: Callable[..., Floats], arguments: list[Numbers]) -> Numbers:
    there = np.logical_and.reduce([argument.there for argument in arguments])
    return Numbers(function(*(argument.values for argument in arguments)), there)
