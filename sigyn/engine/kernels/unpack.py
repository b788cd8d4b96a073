"""`| unpack` over a column of lines: the line that Promtail's pack stage wrapped, and the labels that a query needs.

The kernel reads a line as one flat object of strict JSON (RFC 8259). Only strings count; the first value of a label
wins, the last line. A line is hard when the kernel would have to guess: it is no such object, has text behind it or
a nested value in it, has a key that is empty, escaped or may have white space at an end, or holds U+FFFD, or half of
a surrogate pair, in the line that was packed, or an escape in a wanted label.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.engine.kernels.names import may_be_trimmed, name_end
from sigyn.engine.kernels.replaced import has_replaced
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.comparing import same_bytes
from sigyn.store.shapes.json_text import is_space, scalar_end, string_end

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

PACKED = 0
"""Which of the wanted labels stands for the line that was packed; its name is not looked at."""

_ENTRY = np.frombuffer(b"_entry", np.uint8)


@borrowing
def _behind_space(data: Bytes, at: int, end: int) -> int:
    while at < end and is_space(byte_at(data, at)):
        at += 1
    return at


@borrowing
def _label_at(
    data: Bytes,
    key: int,
    key_end: int,
    start: int,
    stop: int,
    escaped: bool,
    wanted: Bytes,
    wanted_ends: Integers,
    starts: Integers,
    lengths: Integers,
    row: int,
) -> bool:
    """Note the value of a key where it is wanted and the first; False: hard."""
    for w in range(PACKED + 1, len(wanted_ends)):
        if lengths[w, row] == -1 and (
            name_end(data, key, key_end, True, wanted, wanted_ends[w - 1], wanted_ends[w]) == wanted_ends[w]
        ):
            if escaped or has_replaced(data, start, stop):
                return False
            starts[w, row] = start
            lengths[w, row] = stop - start
    return True


@borrowing
def _walk(
    data: Bytes,
    begin: int,
    end: int,
    wanted: Bytes,
    wanted_ends: Integers,
    starts: Integers,
    lengths: Integers,
    escapes: npt.NDArray[np.bool_],
    row: int,
) -> bool:
    """Fill starts[:, row], lengths[:, row] and escapes[row] from the object that begins at `begin`; False: hard."""
    at = _behind_space(data, begin + 1, end)
    if at < end and byte_at(data, at) == 125:
        return _behind_space(data, at + 1, end) == end
    while True:
        if at >= end or byte_at(data, at) != 34:
            return False
        key = at + 1
        key_end, escaped = string_end(data, key, end)
        if key_end <= key or escaped or may_be_trimmed(data, key, key_end):
            return False
        at = _behind_space(data, key_end + 1, end)
        if at >= end or byte_at(data, at) != 58:
            return False
        at = _behind_space(data, at + 1, end)
        if at >= end:
            return False
        if byte_at(data, at) == 34:
            start = at + 1
            stop, escaped = string_end(data, start, end)
            if stop < 0:
                return False
            at = stop + 1
            if key_end - key == len(_ENTRY) and same_bytes(data, key, _ENTRY, 0, len(_ENTRY)):
                if has_replaced(data, start, stop):
                    return False
                starts[PACKED, row] = start
                lengths[PACKED, row] = stop - start
                escapes[row] = escaped
            elif not _label_at(data, key, key_end, start, stop, escaped, wanted, wanted_ends, starts, lengths, row):
                return False
        else:
            at = abs(scalar_end(data, at, end))
            if at == 0:
                return False
        at = _behind_space(data, at, end)
        if at >= end:
            return False
        if byte_at(data, at) == 125:
            return _behind_space(data, at + 1, end) == end
        if byte_at(data, at) != 44:
            return False
        at = _behind_space(data, at + 1, end)


@compiled
def extract_packed(
    data: Bytes,
    offsets: Integers,
    rows: npt.NDArray[np.int64],
    wanted: Bytes,
    wanted_ends: Integers,
    starts: Integers,
    lengths: Integers,
    escapes: npt.NDArray[np.bool_],
    hard: npt.NDArray[np.bool_],
    failed: npt.NDArray[np.bool_],
) -> None:
    """Unpack the lines `rows` of a string column (`data`, `offsets`).

    `wanted` is the UTF-8 of the wanted label names one after the other, `wanted_ends` where each ends; the first,
    PACKED, is the line. For the i-th of `rows`: starts[w, i] and lengths[w, i] place the value of label w in `data`
    (length -1: there is none, as nowhere in an object without a packed line); escapes[i] says that the packed line
    has escapes; failed[i] says that the line does not begin as an object does; hard[i] says that the line must go to
    the interpreter, and then the others mean nothing.
    """
    count = len(wanted_ends)
    for i in range(len(rows)):
        for w in range(count):
            lengths[w, i] = -1
        escapes[i] = hard[i] = failed[i] = False
        begin, end = offsets[rows[i]], offsets[rows[i] + 1]
        if begin == end:
            continue
        begin = _behind_space(data, begin, end)
        if begin == end or data[begin] != 123:
            failed[i] = True
            continue
        hard[i] = not _walk(data, begin, end, wanted, wanted_ends, starts, lengths, escapes, i)
        if hard[i] or lengths[PACKED, i] < 0:
            for w in range(count):
                lengths[w, i] = -1


@borrowing
def _hex_at(data: Bytes, at: int) -> int:
    """The number that four hexadecimal digits write."""
    number = 0
    for k in range(at, at + 4):
        digit = int(byte_at(data, k))
        number = number * 16 + (digit - 48 if digit <= 57 else (digit & 0xDF) - 55)
    return number


@borrowing
def _short(byte: int) -> int:
    """What a letter behind a backslash stands for."""
    if byte == 110:
        return 10
    if byte == 116:
        return 9
    if byte == 114:
        return 13
    if byte == 98:
        return 8
    if byte == 102:
        return 12
    return byte


@compiled
def undo_json_escapes(
    data: Bytes,
    starts: Integers,
    lengths: Integers,
    escapes: npt.NDArray[np.bool_],
    offsets: Integers,
    out: Bytes,
    hard: npt.NDArray[np.bool_],
) -> None:
    """Write each data[start : start + length] to `out` without its escapes, one behind the other.

    Where the length is negative there is nothing. `out` has room for all of them as they are; `offsets`, of one more
    than there are, gets where each begins and ends. hard[i] is set where an escape is half of a surrogate pair or
    U+FFFD.
    """
    to = 0
    for i in range(len(starts)):
        offsets[i] = to
        at = starts[i]
        end = at + max(lengths[i], 0)
        while at < end:
            byte = byte_at(data, at)
            if not escapes[i] or byte != 92:
                out[to] = byte
                to += 1
                at += 1
                continue
            byte = byte_at(data, at + 1)
            at += 2
            if byte != 117:
                out[to] = _short(byte)
                to += 1
                continue
            character = _hex_at(data, at)
            at += 4
            if 0xD800 <= character <= 0xDFFF or character == 0xFFFD:
                hard[i] = True
            elif character < 0x80:
                out[to] = character
                to += 1
            elif character < 0x800:
                out[to] = 0xC0 | character >> 6
                out[to + 1] = 0x80 | character & 0x3F
                to += 2
            else:
                out[to] = 0xE0 | character >> 12
                out[to + 1] = 0x80 | character >> 6 & 0x3F
                out[to + 2] = 0x80 | character & 0x3F
                to += 3
    offsets[len(starts)] = to
