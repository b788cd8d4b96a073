"""`| json` over a column of lines, for the labels that a query needs, flattened or at paths of keys.

The kernel walks a line as strict JSON (RFC 8259) and compares each flattened key with the wanted
labels as it goes, as the interpreter's json stage names them: nested keys are joined by `_`, and a
character that a label name can't hold becomes `_`. The first value of a label wins; null and arrays
give no label. A line is hard when the kernel would have to guess: it is not one strict JSON
object, nests deeper than MAX_DEPTH, has a key that is empty, escaped or may have white space at an
end, or holds a wanted value with an escape or U+FFFD in it.

At paths, keys are compared as they are, byte by byte, and the names of keys are joined by SEPARATOR,
which no text holds; an empty key, a digit or a letter of any script are as good as others. A place in
an array is written as `place_in_array` has it. Null gives the empty text there, objects and arrays
are given as they are written, and a path that leads nowhere gives the empty text.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.engine.kernels.names import may_be_trimmed, name_end
from sigyn.engine.kernels.replaced import has_replaced
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.comparing import same_bytes
from sigyn.store.shapes.json_text import is_space, scalar_end, string_end

MAX_DEPTH = 24

SEPARATOR = b"\xff"
_PLACE = 0xFE  # no text holds it
_PLACE_BYTES = 5
_LAST_PLACE = (1 << 32) - 1

_KEY = MAX_DEPTH

_OPEN = -2  # lengths of values that are objects or arrays, as long as their end is not read: less the depth

_EXPECT_KEY_OR_END = 0
_EXPECT_KEY = 1
_EXPECT_VALUE = 2
_EXPECT_VALUE_OR_END = 3
_EXPECT_COMMA_OR_END = 4

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


def place_in_array(place: int) -> bytes:
    """A step of a path that leads to an element of an array, for the kernel."""
    return bytes((_PLACE,)) + min(place, _LAST_PLACE).to_bytes(_PLACE_BYTES - 1, "little")


@borrowing
def _place_at(wanted: Bytes, at: int) -> int:
    place = 0
    for k in range(_PLACE_BYTES - 1):
        place |= int(wanted[at + 1 + k]) << (8 * k)
    return place


@borrowing
def _enter_array(wanted: Bytes, wanted_ends: Integers, matched: Integers, depth: int, elements: Places) -> None:
    """Note which elements of an array lie on paths that lead to it; it is at this depth."""
    elements[depth, 0] = 0
    for w in range(len(wanted_ends)):
        reach = matched[_KEY, w]
        elements[depth, 1 + w] = -1
        if 0 <= reach < wanted_ends[w] - 1 and wanted[reach] == 255 and wanted[reach + 1] == _PLACE:
            elements[depth, 1 + w] = reach + 1


@borrowing
def _next_element(wanted: Bytes, wanted_ends: Integers, matched: Integers, depth: int, elements: Places) -> None:
    """Set matched[_KEY] for the next element of the array at this depth, as for the key of a value."""
    for w in range(len(wanted_ends)):
        at = elements[depth, 1 + w]
        here = at >= 0 and _place_at(wanted, at) == elements[depth, 0]
        matched[_KEY, w] = at + _PLACE_BYTES if here else -1
    elements[depth, 0] += 1


@borrowing
def _close(starts: Integers, lengths: Integers, row: int, depth: int, at: int) -> None:
    """Set the lengths of values that are the object or array at this depth, which ends before `at`."""
    for w in range(len(lengths)):
        if lengths[w, row] == _OPEN - depth:
            lengths[w, row] = at - starts[w, row]


@borrowing
def _walk(
    data: Bytes,
    begin: int,
    end: int,
    wanted: Bytes,
    wanted_ends: Integers,
    at_paths: bool,
    matched: Integers,
    elements: Places,
    in_object: npt.NDArray[np.bool_],
    starts: Integers,
    lengths: Integers,
    row: int,
) -> bool:
    """Fill starts[:, row] and lengths[:, row]; False: hard.

    `matched` is scratch [depth, wanted], and `elements` [depth, 1 + wanted]: of the arrays around, how many elements
    came, and for each path where in `wanted` the step stands that leads into the array, or -1.
    """
    count = len(wanted_ends)
    between = 255 if at_paths else 95
    at = begin
    while at < end and is_space(byte_at(data, at)):
        at += 1
    if at >= end or byte_at(data, at) != 123:
        return False
    at += 1
    depth = 0
    in_object[0] = True
    for w in range(count):
        matched[0, w] = 0 if w == 0 else wanted_ends[w - 1]
    # matched[depth, w]: how far into `wanted` the names of the enclosing keys reach, or -1 when
    # they can't begin the wanted name; matched[_KEY, w] the same for the key that was just read.
    state = _EXPECT_KEY_OR_END
    while True:
        while at < end and is_space(byte_at(data, at)):
            at += 1
        if at >= end:
            return False
        byte = byte_at(data, at)
        if state == _EXPECT_KEY_OR_END or state == _EXPECT_KEY:
            if byte == 125 and state == _EXPECT_KEY_OR_END:
                at += 1
                if depth == 0:
                    break
                _close(starts, lengths, row, depth, at)
                depth -= 1
                state = _EXPECT_COMMA_OR_END
                continue
            if byte != 34:
                return False
            at += 1
            close, escaped = string_end(data, at, end)
            if close < 0 or escaped:
                return False
            if not at_paths and (close == at or may_be_trimmed(data, at, close)):
                return False
            for w in range(count):
                reach = matched[depth, w]
                stop = wanted_ends[w]
                if reach < 0:
                    matched[_KEY, w] = -1
                elif not at_paths:
                    matched[_KEY, w] = name_end(data, at, close, depth == 0, wanted, reach, stop)
                elif close - at <= stop - reach and same_bytes(data, at, wanted, reach, close - at):
                    matched[_KEY, w] = reach + (close - at)
                else:
                    matched[_KEY, w] = -1
            at = close + 1
            while at < end and is_space(byte_at(data, at)):
                at += 1
            if at >= end or byte_at(data, at) != 58:
                return False
            at += 1
            state = _EXPECT_VALUE
        elif state == _EXPECT_VALUE or state == _EXPECT_VALUE_OR_END:
            if byte == 93 and state == _EXPECT_VALUE_OR_END:
                at += 1
                _close(starts, lengths, row, depth, at)
                depth -= 1
                state = _EXPECT_COMMA_OR_END
                continue
            if at_paths and not in_object[depth]:
                _next_element(wanted, wanted_ends, matched, depth, elements)
            if byte == 123 or byte == 91:
                if depth + 1 >= MAX_DEPTH:
                    return False
                named = at_paths or in_object[depth]
                depth += 1
                at += 1
                in_object[depth] = byte == 123
                for w in range(count):
                    reach = matched[_KEY, w]
                    if at_paths and named and reach == wanted_ends[w] and lengths[w, row] == -1:
                        starts[w, row] = at - 1
                        lengths[w, row] = _OPEN - depth
                    if byte == 123 and named and reach >= 0 and reach < wanted_ends[w] and wanted[reach] == between:
                        matched[depth, w] = reach + 1
                    else:
                        matched[depth, w] = -1
                if at_paths and byte == 91:
                    _enter_array(wanted, wanted_ends, matched, depth, elements)
                state = _EXPECT_KEY_OR_END if byte == 123 else _EXPECT_VALUE_OR_END
                continue
            if byte == 34:
                at += 1
                close, escaped = string_end(data, at, end)
                if close < 0:
                    return False
                start, stop = at, close
                at = close + 1
            else:
                escaped = False
                start = at
                stop = scalar_end(data, at, end)
                if stop == 0:
                    return False
                if stop < 0:
                    at = -stop
                    start, stop = (at, at) if at_paths else (-1, -1)
                else:
                    at = stop
            if start >= 0 and (at_paths or in_object[depth]):
                for w in range(count):
                    if matched[_KEY, w] == wanted_ends[w] and lengths[w, row] == -1:
                        if escaped or has_replaced(data, start, stop):
                            return False
                        starts[w, row] = start
                        lengths[w, row] = stop - start
            state = _EXPECT_COMMA_OR_END
        else:
            if byte == 44:
                at += 1
                state = _EXPECT_KEY if in_object[depth] else _EXPECT_VALUE
            elif (byte == 125 and in_object[depth]) or (byte == 93 and not in_object[depth]):
                at += 1
                if depth == 0:
                    break
                _close(starts, lengths, row, depth, at)
                depth -= 1
            else:
                return False
    while at < end and is_space(byte_at(data, at)):
        at += 1
    return at == end


@compiled
def extract_json(
    data: Bytes,
    offsets: Integers,
    rows: npt.NDArray[np.int64],
    wanted: Bytes,
    wanted_ends: Integers,
    at_paths: bool,
    starts: Integers,
    lengths: Integers,
    hard: npt.NDArray[np.bool_],
    failed: npt.NDArray[np.bool_],
) -> None:
    """Extract labels from the lines `rows` of a string column (`data`, `offsets`).

    `wanted` is the UTF-8 of the wanted label names one after the other, `wanted_ends` where each
    ends; with `at_paths` they are paths. For the i-th of `rows`: starts[w, i] and lengths[w, i]
    place the value of label w in `data` (length -1: the line does not have it); failed[i] says that
    the line does not begin as an object does, so that parsing fails before any label is there (at
    paths nothing fails that begins as an array or a string does, and an empty line has no label);
    hard[i] says that the line must go to the interpreter, and then the others mean nothing.
    """
    count = len(wanted_ends)
    matched = np.empty((MAX_DEPTH + 1, max(count, 1)), np.int32)
    elements = np.empty((MAX_DEPTH + 1, count + 1), np.int64)
    in_object = np.empty(MAX_DEPTH + 1, np.bool_)
    for i in range(len(rows)):
        for w in range(count):
            lengths[w, i] = -1
        begin, end = offsets[rows[i]], offsets[rows[i] + 1]
        while begin < end and is_space(data[begin]):
            begin += 1
        if at_paths:
            if begin == end and begin == offsets[rows[i]]:
                failed[i] = hard[i] = False
                continue
            failed[i] = begin == end or (data[begin] != 123 and data[begin] != 91 and data[begin] != 34)
        else:
            failed[i] = begin < end and data[begin] != 123
        hard[i] = not failed[i] and not _walk(
            data, begin, end, wanted, wanted_ends, at_paths, matched, elements, in_object, starts, lengths, i
        )
        if at_paths and not failed[i]:
            for w in range(count):
                lengths[w, i] = max(lengths[w, i], 0)
