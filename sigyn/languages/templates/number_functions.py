"""Arithmetic of LogQL's templates: sprig's functions on integers, floats and decimals."""

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

from sigyn.languages.templates.conversions import to_float64, to_int64
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.values import Function, Int64, wrap_int64

_DIVISION = Decimal((0, (1,), -16))
"""Quotients have 16 digits after the point (shopspring/decimal, which sprig calculates with)."""

_EXACT = Context(prec=4000, Emax=999_999, Emin=-999_999)
"""Holds any sum and product of float64 numbers that a template of some lines can make."""


def _add(*values: object) -> Int64:
    return Int64(wrap_int64(sum(map(to_int64, values))))


def _sub(first: object, second: object) -> Int64:
    return Int64(wrap_int64(to_int64(first) - to_int64(second)))


def _mul(first: object, *others: object) -> Int64:
    product = to_int64(first)
    for other in others:
        product = wrap_int64(product * to_int64(other))
    return Int64(product)


def _quotient_and_rest(first: object, second: object) -> tuple[int, int]:
    """Go's division truncates towards zero; the rest has the sign of the dividend."""
    dividend, divisor = to_int64(first), to_int64(second)
    if not divisor:
        raise FunctionError("runtime error: integer divide by zero")
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    return wrap_int64(quotient), dividend - quotient * divisor


def _div(first: object, second: object) -> Int64:
    return Int64(_quotient_and_rest(first, second)[0])


def _mod(first: object, second: object) -> Int64:
    return Int64(_quotient_and_rest(first, second)[1])


def _max(first: object, *others: object) -> Int64:
    return Int64(max(map(to_int64, (first, *others))))


def _min(first: object, *others: object) -> Int64:
    return Int64(min(map(to_int64, (first, *others))))


def _to_decimal(value: object) -> Decimal:
    number = to_float64(value)
    if not math.isfinite(number):
        name = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
        raise FunctionError(f"Cannot create a Decimal from {name}")
    return Decimal(repr(number))


def _divide(first: Decimal, second: Decimal) -> Decimal:
    if not second:
        raise FunctionError("decimal division by 0")
    quotient = _EXACT.divide(first, second)
    return quotient.quantize(_DIVISION, rounding=ROUND_HALF_UP, context=_EXACT)


def _decimal_function(operate: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    """Work through the arguments as decimals, exactly, and round to float64 once at the end."""

    def calculate(first: object, *others: object) -> float:
        result = _to_decimal(first)
        try:
            for other in others:
                result = operate(result, _to_decimal(other))
        except ArithmeticError:
            raise FunctionError(f"a decimal of more than {_EXACT.prec} digits") from None
        # Go's decimals have no negative zero.
        return float(result) + 0.0

    return calculate


_sum_decimals = _decimal_function(_EXACT.add)


def _addf(*values: object) -> float:
    return _sum_decimals(0.0, *values)


def _maxf(first: object, *others: object) -> float:
    """Go's math.Max: infinity wins, then NaN."""
    numbers = [to_float64(value) for value in (first, *others)]
    if math.inf in numbers:
        return math.inf
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


def _minf(first: object, *others: object) -> float:
    numbers = [to_float64(value) for value in (first, *others)]
    if -math.inf in numbers:
        return -math.inf
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _floor(number: float) -> float:
    return math.copysign(float(math.floor(number)), number) if math.isfinite(number) else number


def _ceil(number: float) -> float:
    return math.copysign(float(math.ceil(number)), number) if math.isfinite(number) else number


def _round(value: object, places: int, *options: float) -> float:
    """Up from `options[0]` (0.5 by default) on; sprig looks at the digits only, so -2.5 becomes -3."""
    threshold = options[0] if options else 0.5
    try:
        power = math.pow(10.0, float(places))
    except OverflowError:
        power = math.inf
    shifted = power * to_float64(value)
    rounded = _ceil(shifted) if math.modf(shifted)[0] >= threshold else _floor(shifted)
    if not power:
        return math.nan if math.isnan(rounded) or not rounded else math.copysign(math.inf, rounded)
    return math.nan if math.isinf(rounded) and math.isinf(power) else rounded / power


NUMBER_FUNCTIONS: Mapping[str, Function] = {
    "int": Function(to_int64, ("any",)),
    "float64": Function(to_float64, ("any",)),
    "add": Function(_add, (), "any"),
    "sub": Function(_sub, ("any", "any")),
    "mul": Function(_mul, ("any",), "any"),
    "div": Function(_div, ("any", "any")),
    "mod": Function(_mod, ("any", "any")),
    "max": Function(_max, ("any",), "any"),
    "min": Function(_min, ("any",), "any"),
    "addf": Function(_addf, (), "any"),
    "subf": Function(_decimal_function(_EXACT.subtract), ("any",), "any"),
    "mulf": Function(_decimal_function(_EXACT.multiply), ("any",), "any"),
    "divf": Function(_decimal_function(_divide), ("any",), "any"),
    "maxf": Function(_maxf, ("any",), "any"),
    "minf": Function(_minf, ("any",), "any"),
    "ceil": Function(lambda value: _ceil(to_float64(value)), ("any",)),
    "floor": Function(lambda value: _floor(to_float64(value)), ("any",)),
    "round": Function(_round, ("any", "int"), "float64"),
}
