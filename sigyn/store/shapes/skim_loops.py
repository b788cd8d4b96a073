"""Finds the holes of lines: where the values stand in JSON and logfmt, and a hash of all that stands around them.

Lines with equal hashes have, in all likelihood, equal text around their holes; `sigyn.store.shapes.shaping`
verifies it. A line has no shape (hash 0) where LogQL's compiled parsers would leave it to the interpreter.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from sigyn.store.shapes.json_text import is_space, scalar_end, string_end

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]

TEXT, BARE, ESCAPED, ARRAY = 0, 1, 2, 3
"""Kinds of holes: inside quotes, as it is; a number, a word; inside quotes, with escapes; an array of JSON."""

MAX_DEPTH = 24
MAX_HOLES = 255  # in a line

_PRIME = np.uint64(0x100000001B3)
_SEED = np.uint64(0xCBF29CE484222325)
_KIND = np.uint64(0x9E3779B97F4A7C15)

_EXPECT_KEY_OR_END = 0
_EXPECT_KEY = 1
_EXPECT_VALUE = 2
_EXPECT_VALUE_OR_END = 3
_EXPECT_COMMA_OR_END = 4


@njit(nogil=True, cache=True)
def _mixed(hashed: np.uint64, data: Bytes, begin: int, end: int) -> np.uint64:
    for k in range(begin, end):
        hashed = (hashed ^ np.uint64(data[k])) * _PRIME
    return hashed


@njit(nogil=True, cache=True)
def _skim_json(
    data: Bytes, begin: int, end: int, starts: Integers, lengths: Integers, kinds: Bytes, first: int,
    in_object: npt.NDArray[np.bool_],
) -> tuple[np.uint64, int]:  # fmt: skip
    """The hash of what stands around the holes, and the number behind the last hole; hash 0: no shape."""
    none = (np.uint64(0), first)
    hole = first
    if begin >= end or data[begin] != 123:
        return none
    at = begin + 1
    around = begin  # where the text begins that is not hashed yet
    hashed = _SEED
    depth = 0
    arrays = 0
    array_start = 0
    in_object[0] = True
    state = _EXPECT_KEY_OR_END
    while True:
        while at < end and is_space(data[at]):
            at += 1
        if at >= end:
            return none
        byte = data[at]
        closed_array = False
        if state == _EXPECT_KEY_OR_END or state == _EXPECT_KEY:
            if byte == 125 and state == _EXPECT_KEY_OR_END:
                at += 1
                if depth == 0:
                    break
                depth -= 1
                state = _EXPECT_COMMA_OR_END
                continue
            if byte != 34:
                return none
            close, _ = string_end(data, at + 1, end)
            if close < 0:
                return none
            at = close + 1
            while at < end and is_space(data[at]):
                at += 1
            if at >= end or data[at] != 58:
                return none
            at += 1
            state = _EXPECT_VALUE
        elif state == _EXPECT_VALUE or state == _EXPECT_VALUE_OR_END:
            if byte == 93 and state == _EXPECT_VALUE_OR_END:
                at += 1
                closed_array = True
                state = _EXPECT_COMMA_OR_END
            elif byte == 123 or byte == 91:
                if depth + 1 >= MAX_DEPTH:
                    return none
                if byte == 91:
                    if arrays == 0:
                        array_start = at
                    arrays += 1
                depth += 1
                at += 1
                in_object[depth] = byte == 123
                state = _EXPECT_KEY_OR_END if byte == 123 else _EXPECT_VALUE_OR_END
            else:
                kind = BARE
                if byte == 34:
                    close, escaped = string_end(data, at + 1, end)
                    if close < 0:
                        return none
                    kind = ESCAPED if escaped else TEXT
                    start, stop = at + 1, close
                    at = close + 1
                else:
                    start = at
                    stop = scalar_end(data, at, end)
                    if stop == 0:
                        return none
                    at = abs(stop)
                if stop >= 0 and arrays == 0:
                    if hole - first >= MAX_HOLES:
                        return none
                    hashed = (_mixed(hashed, data, around, start) ^ np.uint64(kind + 1)) * _KIND
                    starts[hole], lengths[hole], kinds[hole] = start, stop - start, kind
                    hole += 1
                    around = stop
                state = _EXPECT_COMMA_OR_END
        else:
            if byte == 44:
                at += 1
                state = _EXPECT_KEY if in_object[depth] else _EXPECT_VALUE
            elif byte == 125 and in_object[depth]:
                at += 1
                if depth == 0:
                    break
                depth -= 1
            elif byte == 93 and not in_object[depth]:
                at += 1
                closed_array = True
            else:
                return none
        if closed_array:
            depth -= 1
            arrays -= 1
            if arrays == 0:
                if hole - first >= MAX_HOLES:
                    return none
                hashed = (_mixed(hashed, data, around, array_start) ^ np.uint64(ARRAY + 1)) * _KIND
                starts[hole], lengths[hole], kinds[hole] = array_start, at - array_start, ARRAY
                hole += 1
                around = at
    while at < end and is_space(data[at]):
        at += 1
    if at != end or hole == first:
        return none
    return _mixed(hashed, data, around, end) | np.uint64(1), hole


@njit(nogil=True, cache=True)
def _skim_logfmt(
    data: Bytes, begin: int, end: int, starts: Integers, lengths: Integers, kinds: Bytes, first: int
) -> tuple[np.uint64, int]:
    """As `_skim_json`. A line of logfmt has two values at least; an empty value is no hole."""
    none = (np.uint64(0), first)
    hole = first
    around = begin
    hashed = _SEED
    at = begin
    while True:
        while at < end and data[at] <= 32:
            at += 1
        if at >= end:
            break
        key = at
        while at < end and data[at] > 32 and data[at] != 61:
            if data[at] == 34 or data[at] >= 128:
                return none
            at += 1
        if at == key or 48 <= data[key] <= 57:
            return none
        if at >= end or data[at] != 61:
            continue
        at += 1
        kind = BARE
        if at < end and data[at] == 34:
            kind = TEXT
            at += 1
            start = at
            while at < end and data[at] != 34:
                if data[at] == 92:
                    kind = ESCAPED
                    at += 1
                at += 1
            if at >= end:
                return none
            stop = at
            at += 1
            if at < end and data[at] > 32:
                return none
        else:
            start = at
            while at < end and data[at] > 32:
                if data[at] == 61 or data[at] == 34:
                    return none
                at += 1
            stop = at
        if stop > start:
            if hole - first >= MAX_HOLES:
                return none
            hashed = (_mixed(hashed, data, around, start) ^ np.uint64(kind + 1)) * _KIND
            starts[hole], lengths[hole], kinds[hole] = start, stop - start, kind
            hole += 1
            around = stop
    if hole - first < 2:
        return none
    return (_mixed(hashed, data, around, end) | np.uint64(1)), hole


@njit(nogil=True, cache=True)
def skim(
    data: Bytes, offsets: Integers,
    hashes: npt.NDArray[np.uint64], first_hole: Integers, starts: Integers, lengths: Integers, kinds: Bytes,
) -> None:  # fmt: skip
    """For each line of a string column (`data`, `offsets`): hashes[i], 0 for none, and its holes.

    The holes of line i are first_hole[i] to first_hole[i + 1] of starts, lengths (in `data`) and kinds.
    A JSON line begins with `{`; any other may be logfmt. There must be room for a hole every two bytes.
    """
    in_object = np.empty(MAX_DEPTH + 1, np.bool_)
    hole = 0
    first_hole[0] = 0
    for i in range(len(offsets) - 1):
        begin, end = offsets[i], offsets[i + 1]
        if begin < end and data[begin] == 123:
            hashes[i], hole = _skim_json(data, begin, end, starts, lengths, kinds, hole, in_object)
        else:
            hashes[i], hole = _skim_logfmt(data, begin, end, starts, lengths, kinds, hole)
        first_hole[i + 1] = hole
