"""Finds where values of logfmt, and other texts with escapes that nobody checks, end in compiled loops."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.plain_bytes import WIDTH, plain_in_quotes, plain_in_word

Bytes = npt.NDArray[np.uint8]


@borrowing
def quote_after(data: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Offset of the next quote without a backslash, `end` or more: there is none; whether backslashes are before it."""
    escaped = False
    while at < end:
        if at + WIDTH <= len(data):
            plain = plain_in_quotes(data, at)
            at += plain
            if plain == WIDTH or at >= end:
                continue
        byte = byte_at(data, at)
        if byte == 34:
            return at, escaped
        if byte == 92:
            escaped = True
            at += 1
        at += 1
    return at, escaped


@borrowing
def word_end(data: Bytes, at: int, end: int) -> int:
    """Offset of the first blank, control character, quote or equals sign; `end`: there is none."""
    while at < end:
        if at + WIDTH <= len(data):
            plain = plain_in_word(data, at)
            at += plain
            if plain < WIDTH:
                break
        else:
            byte = byte_at(data, at)
            if byte <= 32 or byte == 34 or byte == 61:
                break
            at += 1
    return min(at, end)
