"""`|= ip("...")` over a column of lines, for addresses of IPv4.

Candidates are those of the interpreter's expression (sigyn.engine.interpreter.addresses.CANDIDATE), found as an
expression finds them: from the left, each as long as can be, and none inside of another. What may be an address of
IPv6 is passed over. An address is four numbers up to 255 without zeros in front, as inet_pton(3) has it.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled, inlined
from sigyn.store.shapes.bytes_at import byte_at

Bytes = npt.NDArray[np.uint8]

_COLON, _DOT, _ZERO = 58, 46, 48


@inlined
def _is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@inlined
def _is_hexadecimal(byte: int) -> bool:
    return 48 <= byte <= 57 or 97 <= byte <= 102 or 65 <= byte <= 70


@borrowing
def _address(data: Bytes, begin: int, end: int) -> int:
    """The address that digits and points write, as a number; -1: they write none."""
    address = 0
    at = begin
    for part in range(4):
        if at >= end or not _is_digit(byte_at(data, at)):
            return -1
        number = int(byte_at(data, at)) - _ZERO
        at += 1
        while at < end and _is_digit(byte_at(data, at)):
            if number == 0:
                return -1
            number = number * 10 + int(byte_at(data, at)) - _ZERO
            if number > 255:
                return -1
            at += 1
        address = address << 8 | number
        if part < 3:
            if at >= end or byte_at(data, at) != _DOT:
                return -1
            at += 1
    return address if at == end else -1


@borrowing
def _holds(data: Bytes, begin: int, end: int, firsts: npt.NDArray[np.int64], lasts: npt.NDArray[np.int64]) -> bool:
    at = begin
    while at < end:
        byte = byte_at(data, at)
        if not _is_hexadecimal(byte):
            colons = byte == _COLON and at + 2 < end and byte_at(data, at + 1) == _COLON
            if colons and _is_hexadecimal(byte_at(data, at + 2)):
                at += 3
                while at < end and (
                    _is_hexadecimal(byte_at(data, at)) or byte_at(data, at) == _COLON or byte_at(data, at) == _DOT
                ):
                    at += 1
            else:
                at += 1
            continue
        digits = 0
        while digits < 3 and at + digits < end and _is_digit(byte_at(data, at + digits)):
            digits += 1
        if digits > 0 and at + digits < end and byte_at(data, at + digits) == _DOT:
            first = at
            at += digits + 1
            while at < end and (_is_digit(byte_at(data, at)) or byte_at(data, at) == _DOT):
                at += 1
            address = _address(data, first, at)
            if address >= 0:
                for k in range(len(firsts)):
                    if firsts[k] <= address <= lasts[k]:
                        return True
            continue
        run = digits
        while run < 4 and at + run < end and _is_hexadecimal(byte_at(data, at + run)):
            run += 1
        if at + run < end and byte_at(data, at + run) == _COLON:
            at += run + 1
            while at < end and (
                _is_hexadecimal(byte_at(data, at)) or byte_at(data, at) == _COLON or byte_at(data, at) == _DOT
            ):
                at += 1
        else:
            at += 1
    return False


@compiled
def find_addresses(
    data: Bytes,
    offsets: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.int64],
    lasts: npt.NDArray[np.int64],
    found: npt.NDArray[np.bool_],
) -> None:
    """Say of each of the lines `rows` of a string column (`data`, `offsets`) whether it holds an address of IPv4.

    Those that count are from firsts[k] to lasts[k], for any k, both included.
    """
    for i in range(len(rows)):
        found[i] = _holds(data, offsets[rows[i]], offsets[rows[i] + 1], firsts, lasts)
