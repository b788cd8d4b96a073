"""Go's number literals and strconv.ParseInt and FormatFloat."""

import math
import re
from decimal import Decimal

from sigyn.languages.quoting import quote

_INTEGER = re.compile(
    r"([+-]?)(?:0[xX](_?[0-9a-fA-F](?:_?[0-9a-fA-F])*)|0[bB](_?[01](?:_?[01])*)"
    r"|0[oO]?(_?[0-7](?:_?[0-7])*)|(0|[1-9](?:_?[0-9])*))"
)
_DECIMAL_INTEGER = re.compile(r"[+-]?[0-9]+")
SHORTEST_EXPONENT = 6
"""Without a precision, %g writes an exponent from 10^6 on, whatever the number of digits (1.234567e+06)."""

_MANTISSA_BITS = 52
_LEAST_EXPONENT = -1074

INT64_MIN, INT64_MAX, UINT64_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1


def parse_integer_literal(text: str) -> int:
    """An integer as Go writes it, of any size: 12, -0x1f, 0b11, 0o17, 017, 1_000. Raises ValueError."""
    match = _INTEGER.fullmatch(text)
    if not match:
        raise ValueError("invalid syntax")
    for group, radix in ((2, 16), (3, 2), (4, 8), (5, 10)):
        digits = match.group(group)
        if digits is not None:
            value = int(digits.replace("_", ""), radix) if len(digits) < 100 else UINT64_MAX + 1
            return -value if match.group(1) == "-" else value
    raise ValueError("invalid syntax")


def parse_int64(text: str, radix: int = 10) -> int:
    """strconv.ParseInt(text, radix, 64); radix 0 reads the prefixes of literals. Raises ValueError with Go's text."""
    try:
        if radix == 0:
            value = parse_integer_literal(text)
        elif _DECIMAL_INTEGER.fullmatch(text):
            value = int(text) if len(text) < 100 else UINT64_MAX
        else:
            raise ValueError("invalid syntax")
        if not INT64_MIN <= value <= INT64_MAX:
            raise ValueError("value out of range")
    except ValueError as error:
        raise ValueError(f"strconv.ParseInt: parsing {quote(text)}: {error}") from None
    return value


def _shortest_digits(value: float) -> tuple[str, int]:
    """The shortest digits that give `value` back, and where its decimal point is (0.d1d2... * 10^point)."""
    _, digits, exponent = Decimal(repr(abs(value))).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    point = len(text) + int(exponent)
    return (text.rstrip("0") or "0", point) if text else ("0", 1)


def _scientific(digits: str, point: int, letter: str) -> str:
    exponent = point - 1
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return "0" + ("." + "0" * -point + digits if digits != "0" else "")
    whole = digits[:point].ljust(point, "0")
    return whole + (f".{digits[point:]}" if len(digits) > point else "")


def _binary(value: float) -> tuple[int, int]:
    """The mantissa, of 53 bits unless the value is 0, and the exponent of its first bit."""
    mantissa, exponent = math.frexp(abs(value))
    return int(mantissa * (1 << _MANTISSA_BITS + 1)), exponent - 1 if mantissa else 0


def _hexadecimal(value: float, precision: int) -> str:
    """`0x1.8p+01`, rounded to so many digits behind the point, to even ones at halves."""
    mantissa, exponent = _binary(value)
    digits = f"{mantissa % (1 << _MANTISSA_BITS):013x}"
    if precision < 0:
        digits = digits.rstrip("0")
    elif precision < len(digits):
        dropped = _MANTISSA_BITS - 4 * precision
        mantissa, rest = divmod(mantissa, 1 << dropped)
        half = 1 << dropped - 1
        mantissa += rest > half or (rest == half and mantissa % 2 == 1)
        if mantissa >> 4 * precision == 2:
            mantissa, exponent = mantissa >> 1, exponent + 1
        digits = f"{mantissa % (1 << 4 * precision):0{precision}x}" if precision else ""
    point = f".{digits.ljust(precision, '0')}" if digits or precision > 0 else ""
    return f"0x{int(bool(value))}{point}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _power_of_two(value: float) -> str:
    """`4503599627370496p-52`: the mantissa as an integer."""
    mantissa, exponent = _binary(value)
    shift = max(_LEAST_EXPONENT - (exponent - _MANTISSA_BITS), 0) if mantissa else 0
    exponent = exponent - _MANTISSA_BITS + shift if mantissa else _LEAST_EXPONENT
    return f"{mantissa >> shift}p{exponent:+d}"


def format_float(value: float, verb: str = "g", precision: int = -1) -> str:
    """strconv.FormatFloat(value, verb, precision, 64) for the verbs b, e, E, f, g, G, x and X.

    Precision -1 is the fewest digits that give the value back. Infinity is `+Inf` or `-Inf`.
    """
    if precision < 0 and verb == "g" and -1e6 < value < 1e6 and value.is_integer() and value:
        return str(int(value))
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if verb == "b":
        return sign + _power_of_two(value)
    if verb in "xX":
        number = sign + _hexadecimal(value, precision)
        return number.upper() if verb == "X" else number
    if precision >= 0:
        # Go drops the zeros that %g leaves out; C's %g, which Python follows, does the same.
        return sign + format(abs(value), f".{precision}{verb}")
    digits, point = _shortest_digits(value)
    if verb in "eE":
        return sign + _scientific(digits, point, verb)
    if verb in "gG" and not -4 <= point - 1 < SHORTEST_EXPONENT:
        return sign + _scientific(digits, point, "e" if verb == "g" else "E")
    return sign + _plain(digits, point)
