"""Compiled loops that read durations and sizes, as far as they are written in the usual way."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.store.shapes.bytes_at import byte_at

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_MOST_DIGITS = 15  # a number of so many is exact as float64
_EXACT = 2.0**53
_POWERS = np.array([10.0**power for power in range(_MOST_DIGITS + 1)])
_THOUSANDS = np.array([1000.0**power for power in range(7)])
_KIBI = np.array([1024.0**power for power in range(7)])

_POINT, _SPACE, _ZERO, _NINE = 46, 32, 48, 57
_LETTER_B, _LETTER_I = 98, 105
_PREFIXES = np.frombuffer(b"kmgtpe", np.uint8)


@borrowing
def _nanoseconds(data: Bytes, at: int, length: int) -> float:
    """Those of the unit at a place; 0: it is none."""
    first = byte_at(data, at)
    if length == 1:
        if first == 115:  # s
            return 1e9
        if first == 109:  # m
            return 6e10
        return 3.6e12 if first == 104 else 0.0  # h
    second = byte_at(data, at + 1)
    if length == 2 and second == 115:  # s
        if first == 109:  # m
            return 1e6
        if first == 117:  # u
            return 1e3
        return 1.0 if first == 110 else 0.0  # n
    is_micro = (first == 0xC2 and second == 0xB5) or (first == 0xCE and second == 0xBC)
    return 1e3 if length == 3 and is_micro and byte_at(data, at + 2) == 115 else 0.0


@borrowing
def _digits(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """The whole number that begins at a place, and how many digits it has: at most one more than can be exact."""
    number, digits = 0, 0
    while at < end and digits <= _MOST_DIGITS and _ZERO <= byte_at(data, at) <= _NINE:
        number = number * 10 + byte_at(data, at) - _ZERO
        digits += 1
        at += 1
    return number, digits


@compiled
def read_durations(data: Bytes, offsets: Integers, nanoseconds: Floats, fits: Flags) -> None:
    """Durations as Go reads them, without a sign, in ns, where these are exact as float64.

    Go cuts the fraction of each part to whole nanoseconds, and multiplies it as float64.
    """
    for i in range(len(fits)):
        at, end = offsets[i], offsets[i + 1]
        total = 0.0
        proper = at < end
        while proper and at < end:
            whole, digits = _digits(data, at, end)
            fraction, places = 0, 0
            at += digits
            if at < end and byte_at(data, at) == _POINT:
                fraction, places = _digits(data, at + 1, end)
                at += 1 + places
            begin = at
            while at < end and byte_at(data, at) != _POINT and not _ZERO <= byte_at(data, at) <= _NINE:
                at += 1
            if digits + places == 0 or digits > _MOST_DIGITS or places > _MOST_DIGITS or at == begin:
                proper = False
                break
            unit = _nanoseconds(data, begin, at - begin)
            total += whole * unit + np.floor(fraction * (unit / _POWERS[places]))
            proper = unit > 0.0 and total <= _EXACT
        fits[i] = proper
        nanoseconds[i] = total


@borrowing
def _scale(data: Bytes, at: int, length: int) -> float:
    """How many bytes the unit at a place stands for; 0: it is none."""
    if length == 0:
        return 1.0
    first = byte_at(data, at) | 32
    if first == _LETTER_B:
        return 1.0 if length == 1 else 0.0
    power = 0
    for place in range(len(_PREFIXES)):
        if _PREFIXES[place] == first:
            power = place + 1
    has_b = byte_at(data, at + length - 1) | 32 == _LETTER_B
    has_i = length > 1 and byte_at(data, at + 1) | 32 == _LETTER_I
    if power == 0 or length != 1 + has_b + has_i:
        return 0.0
    return float(_KIBI[power] if has_i else _THOUSANDS[power])


@compiled
def read_sizes(data: Bytes, offsets: Integers, sizes: Floats, fits: Flags) -> None:
    """Amounts as humanize reads them, without commas, in bytes, where these are exact as float64."""
    for i in range(len(fits)):
        at, end = offsets[i], offsets[i + 1]
        value, digits = _digits(data, at, end)
        fraction, places = 0, 0
        at += digits
        if at < end and byte_at(data, at) == _POINT:
            fraction, places = _digits(data, at + 1, end)
            at += 1 + places
        digits += places
        while at < end and byte_at(data, at) == _SPACE:
            at += 1
        fits[i] = False
        if not 0 < digits <= _MOST_DIGITS:
            continue
        power, scale = _POWERS[places], _scale(data, at, end - at)
        sizes[i] = np.floor((value * power + fraction) / power * scale)
        fits[i] = scale > 0.0 and sizes[i] <= _EXACT
