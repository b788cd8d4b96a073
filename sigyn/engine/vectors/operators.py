"""Arithmetic and comparison of numbers, element by element."""

import numpy as np
import numpy.typing as npt

from sigyn.engine.vectors.block import Presence, Values

_COMPARE: dict[str, np.ufunc] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
COMPARISONS = frozenset(_COMPARE)
SETS = frozenset({"and", "or", "unless"})


def calculate(operator: str, left: npt.ArrayLike, right: npt.ArrayLike) -> Values:
    """`+ - * / % ^` of float64. Division by zero, also that of the remainder, gives NaN, as in Loki."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    with np.errstate(all="ignore"):
        match operator:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return np.where(b == 0, np.nan, a / b)
            case "%":
                return np.where(b == 0, np.nan, np.fmod(a, b))
            case "^":
                return np.power(a, b)
            case _:
                raise ValueError(operator)


def compare(operator: str, left: npt.ArrayLike, right: npt.ArrayLike) -> Presence:
    """`== != > >= < <=` of float64; NaN differs from everything."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    holds: Presence = _COMPARE[operator](a, b)
    return holds
