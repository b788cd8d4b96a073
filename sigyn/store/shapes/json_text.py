"""Pieces of JSON text (RFC 8259), found by compiled loops."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, inlined
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.plain_bytes import WIDTH, plain_in_quotes

Bytes = npt.NDArray[np.uint8]

_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))


@inlined
def is_space(byte: int) -> bool:
    """Whether a byte is white space between tokens."""
    return byte == 32 or byte == 10 or byte == 13 or byte == 9


@borrowing
def string_end(data: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Offset of the quote that closes the string begun before `at`, and whether it holds escapes; -1: none."""
    escaped = False
    while at < end:
        if at + WIDTH <= len(data):
            plain = plain_in_quotes(data, at)
            at += plain
            if plain == WIDTH:
                continue
            if at >= end:
                break
        byte = byte_at(data, at)
        if byte == 34:
            return at, escaped
        if byte == 92:
            escaped = True
            at += 1
            if at >= end:
                return -1, escaped
            byte = byte_at(data, at)
            if byte == 117:  # \uXXXX
                if at + 4 >= end:
                    return -1, escaped
                for k in range(1, 5):
                    digit = byte_at(data, at + k)
                    if not ((48 <= digit <= 57) or (97 <= digit <= 102) or (65 <= digit <= 70)):
                        return -1, escaped
                at += 4
            elif not (
                byte == 34
                or byte == 92
                or byte == 47
                or byte == 98
                or byte == 102
                or byte == 110
                or byte == 114
                or byte == 116
            ):
                return -1, escaped
        elif byte < 32:
            return -1, escaped
        at += 1
    return -1, escaped


@borrowing
def _behind(word: Bytes, data: Bytes, at: int, end: int) -> int:
    """Offset behind a word that begins at `at`; 0: it does not."""
    if at + len(word) > end:
        return 0
    for k in range(1, len(word)):
        if byte_at(data, at + k) != word[k]:
            return 0
    return at + len(word)


@borrowing
def scalar_end(data: Bytes, at: int, end: int) -> int:
    """Offset behind the number, true or false that begins at `at`; negative for null; 0: none of them."""
    byte = byte_at(data, at)
    if byte == 116:
        return _behind(_TRUE, data, at, end)
    if byte == 102:
        return _behind(_FALSE, data, at, end)
    if byte == 110:
        return -_behind(_NULL, data, at, end)
    if byte == 45:
        at += 1
        if at >= end:
            return 0
        byte = byte_at(data, at)
    if byte == 48:
        at += 1
    elif 49 <= byte <= 57:
        while at < end and 48 <= byte_at(data, at) <= 57:
            at += 1
    else:
        return 0
    if at < end and byte_at(data, at) == 46:
        at += 1
        if at >= end or not (48 <= byte_at(data, at) <= 57):
            return 0
        while at < end and 48 <= byte_at(data, at) <= 57:
            at += 1
    if at < end and (byte_at(data, at) == 101 or byte_at(data, at) == 69):
        at += 1
        if at < end and (byte_at(data, at) == 43 or byte_at(data, at) == 45):
            at += 1
        if at >= end or not (48 <= byte_at(data, at) <= 57):
            return 0
        while at < end and 48 <= byte_at(data, at) <= 57:
            at += 1
    return at
