"""Compiled loops between texts and templates: what is the same in many texts, and the numbers in them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.comparing import same_bytes
from sigyn.store.shapes.copying import copy_bytes
from sigyn.store.shapes.form_loops import MAX_DIGITS, decimal_length, write_decimal

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Scales = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

MAX_SCALE = 9
NO_TEMPLATE = np.uint64(0)
_DIGITS, _TOO_LONG = -1, -2
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


@borrowing
def _is_digit(byte: np.uint8) -> bool:
    return bool(48 <= byte <= 57)


@borrowing
def _number_at(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Where the number that begins with the digit data[at] ends, and how many of its digits are behind a point.

    _DIGITS: these are digits that no number is written with; _TOO_LONG: a number with more of them than are held.
    """
    stop = at + 1
    while stop < end and _is_digit(byte_at(data, stop)):
        stop += 1
    digits = stop - at
    if digits > MAX_DIGITS or (digits > 1 and byte_at(data, at) == 48):
        return stop, _DIGITS
    if stop + 1 < end and byte_at(data, stop) == 46 and _is_digit(byte_at(data, stop + 1)):
        last = stop + 2
        while last < end and _is_digit(byte_at(data, last)):
            last += 1
        scale = last - stop - 1
        return last, scale if scale <= MAX_SCALE and digits + scale <= MAX_DIGITS else _TOO_LONG
    return stop, 0


@compiled
def hash_templates(data: Bytes, offsets: Integers, most: int, hashes: Hashes) -> None:
    """A hash (FNV-1a) of each text without the digits of its numbers; NO_TEMPLATE where these are more than `most`."""
    for i in range(len(hashes)):
        at: Any = np.int64(offsets[i])
        end = offsets[i + 1]
        hashed = _OFFSET
        count = 0
        while at < end:
            byte = byte_at(data, at)
            if not _is_digit(byte):
                hashed = (hashed ^ np.uint64(byte)) * _PRIME
                at += 1
                continue
            stop, scale = _number_at(data, at, end)
            if scale == _TOO_LONG or (scale >= 0 and count == most):
                break
            if scale >= 0:
                hashed = (hashed ^ np.uint64(256 + scale)) * _PRIME
                count += 1
            else:
                for k in range(at, stop):
                    hashed = (hashed ^ np.uint64(byte_at(data, k))) * _PRIME
            at = stop
        hashes[i] = max(hashed, np.uint64(1)) if at >= end else NO_TEMPLATE


@compiled
def read_templated(
    data: Bytes, offsets: Integers, codes: Integers, literals: Bytes, literal_ends: Longs, first_literal: Longs,
    scales: Scales, numbers: Longs, fits: Flags,
) -> None:  # fmt: skip
    """The numbers of texts: numbers[k, i] is the k-th of text i, whose template is codes[i] (-1: none).

    Literal j of template t is number first_literal[t] + j; `literal_ends` places each in `literals`, and behind it
    stands a number with so many digits behind its point as `scales` has there, but for the last. A text fits that is
    just this.
    """
    for i in range(len(fits)):
        fits[i] = False
        if codes[i] < 0:
            continue
        at: Any = np.int64(offsets[i])
        end = offsets[i + 1]
        first, last = first_literal[codes[i]], first_literal[codes[i] + 1] - 1
        same = True
        for number in range(first, last + 1):
            begin = literal_ends[number - 1] if number > 0 else 0
            length = literal_ends[number] - begin
            if end - at < length or not same_bytes(data, at, literals, begin, length):
                same = False
                break
            at += length
            if number == last:
                break
            if at >= end or not _is_digit(byte_at(data, at)):
                same = False
                break
            stop, scale = _number_at(data, at, end)
            if scale != scales[number]:
                same = False
                break
            value = 0
            for k in range(at, stop):
                byte = byte_at(data, k)
                if byte != 46:
                    value = value * 10 + byte - 48
            numbers[number - first, i] = value
            at = stop
        fits[i] = same and at == end


@compiled
def templated_lengths(
    codes: Integers, literal_ends: Longs, first_literal: Longs, scales: Scales, numbers: Longs, lengths: Integers
) -> None:
    """Bytes of each text; 0 where there is none (code -1)."""
    for i in range(len(codes)):
        lengths[i] = 0
        if codes[i] < 0:
            continue
        first, last = first_literal[codes[i]], first_literal[codes[i] + 1] - 1
        size = literal_ends[last] - (literal_ends[first - 1] if first > 0 else 0)
        for number in range(first, last):
            size += decimal_length(numbers[number - first, i], scales[number])
        lengths[i] = size


@compiled
def write_templated(
    codes: Integers, literals: Bytes, literal_ends: Longs, first_literal: Longs, scales: Scales, numbers: Longs,
    offsets: Integers, out: Bytes,
) -> None:  # fmt: skip
    """Each text at its offset."""
    for i in range(len(codes)):
        if codes[i] < 0:
            continue
        at: Any = np.int64(offsets[i])
        first, last = first_literal[codes[i]], first_literal[codes[i] + 1] - 1
        for number in range(first, last + 1):
            begin = literal_ends[number - 1] if number > 0 else 0
            length = literal_ends[number] - begin
            copy_bytes(out, at, literals, begin, length)
            at += length
            if number < last:
                value, scale = numbers[number - first, i], scales[number]
                length = decimal_length(value, scale)
                write_decimal(value, scale, out, at, at + length)
                at += length
