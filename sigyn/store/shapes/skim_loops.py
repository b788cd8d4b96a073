"""Finds the holes of lines: where the values stand in JSON and logfmt, and a hash of all that stands around them.

Lines with equal hashes have, in all likelihood, equal text around their holes; `sigyn.store.shapes.shaping`
verifies it. A line has no shape (hash 0) where LogQL's compiled parsers would leave it to the interpreter.

Most lines are like some before: behind a hole there stands what stood there last time. Such text is remembered by the
hash of all before it, and where it stands there again it is neither read nor hashed anew, only compared.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.comparing import same_bytes
from sigyn.store.shapes.json_text import is_space, scalar_end, string_end
from sigyn.store.shapes.text_ends import quote_after, word_end

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Known = npt.NDArray[np.int64]

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

_PLACES = 4096
"""Of texts that are remembered, in a table of 256 KB: a power of two. The newest takes the place."""

_BEFORE, _BEGIN, _LENGTH, _HASHED, _DEPTH, _NEXT, _COLUMNS = 0, 1, 2, 3, 4, 5, 8
"""Columns of the table: the hash of all before the text, where it was seen, the hash with it, how deep in objects
its end is, and what follows it; the others fill a line of the processor's cache."""

_NOTHING, _QUOTED, _BARE, _END = 0, 1, 2, 3
"""What follows: the place is free; a value behind the quote that ends the text; one without quotes; no more."""


@borrowing
def _mixed(hashed: np.uint64, data: Bytes, begin: int, end: int) -> np.uint64:
    for k in range(begin, end):
        hashed = (hashed ^ np.uint64(byte_at(data, k))) * _PRIME
    return hashed


@borrowing
def _place(hashed: np.uint64, data: Bytes, at: int, end: int) -> Any:
    """Where a text is remembered that is told from others, with the same before them, by its byte at `at` at best."""
    byte = np.uint64(byte_at(data, at)) if at < end else np.uint64(0)
    return np.int64(((hashed >> np.uint64(40)) + byte * np.uint64(0x9E5)) & np.uint64(_PLACES - 1))


@borrowing
def _remember(
    known: Known, place: int, before: np.uint64, begin: int, length: int, hashed: np.uint64, depth: int, then: int
) -> None:
    known[place, _BEFORE], known[place, _HASHED] = np.int64(before), np.int64(hashed)
    known[place, _BEGIN], known[place, _LENGTH] = begin, length
    known[place, _DEPTH], known[place, _NEXT] = depth, then


@borrowing
def _follows(known: Known, place: int, hashed: np.uint64, data: Bytes, at: int, end: int) -> Any:
    """What follows the remembered text, where it stands in a line from `at` to `end`."""
    then = known[place, _NEXT]
    if then == _NOTHING or known[place, _BEFORE] != np.int64(hashed):
        return _NOTHING
    left = end - at - known[place, _LENGTH]
    if left < 0 or (left == 0) != (then == _END):
        return _NOTHING
    return then if same_bytes(data, at, data, known[place, _BEGIN], known[place, _LENGTH]) else _NOTHING


@borrowing
def _skim_json(
    data: Bytes, begin: int, end: int, starts: Integers, lengths: Integers, kinds: Bytes, first: int, known: Known
) -> tuple[np.uint64, int]:  # fmt: skip
    """The hash of what stands around the holes, and the number behind the last hole; hash 0: no shape.

    The line begins with a brace.
    """
    none = (np.uint64(0), first)
    hole = first
    at = begin + 1
    around = begin  # where the text begins that is not hashed yet
    hashed = _SEED
    depth = 0
    arrays = 0
    array_start = 0
    in_array = np.uint64(0)  # bit d: it is an array in which depth d is
    state = _EXPECT_KEY_OR_END
    place, known_to = 0, -1
    behind_hole = True
    while True:
        if behind_hole:
            behind_hole = False
            place = _place(hashed, data, around + 3, end)
            follows = _follows(known, place, hashed, data, around, end)
            known_to = around + known[place, _LENGTH] if follows else -1
            if follows == _END:
                return np.uint64(known[place, _HASHED]), hole
            if follows:
                at = known_to - (follows == _QUOTED)
                depth = known[place, _DEPTH]
                state = _EXPECT_VALUE
        while at < end and is_space(byte_at(data, at)):
            at += 1
        if at >= end:
            return none
        byte = byte_at(data, at)
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
            while at < end and is_space(byte_at(data, at)):
                at += 1
            if at >= end or byte_at(data, at) != 58:
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
                depth += 1
                if byte == 91:
                    if arrays == 0:
                        array_start = at
                    arrays += 1
                    in_array |= np.uint64(1) << np.uint64(depth)
                    state = _EXPECT_VALUE_OR_END
                else:
                    in_array &= ~(np.uint64(1) << np.uint64(depth))
                    state = _EXPECT_KEY_OR_END
                at += 1
            else:
                kind = BARE
                if byte == 34:
                    start = at + 1
                    stop, escaped = string_end(data, start, end)
                    if stop < 0:
                        return none
                    kind = ESCAPED if escaped else TEXT
                    at = stop + 1
                else:
                    start = at
                    stop = scalar_end(data, at, end)
                    if stop == 0:
                        return none
                    at = abs(stop)
                if stop >= 0 and arrays == 0:
                    if hole - first >= MAX_HOLES:
                        return none
                    if start != known_to:
                        before = hashed
                        hashed = _mixed(hashed, data, around, start)
                        follows = _BARE if kind == BARE else _QUOTED
                        _remember(known, place, before, around, start - around, hashed, depth, follows)
                    else:
                        hashed = np.uint64(known[place, _HASHED])
                    hashed = (hashed ^ np.uint64(kind + 1)) * _KIND
                    starts[hole], lengths[hole], kinds[hole] = start, stop - start, kind
                    hole += 1
                    around = stop
                    behind_hole = True
                state = _EXPECT_COMMA_OR_END
        else:
            is_array = (in_array >> np.uint64(depth)) & np.uint64(1) != np.uint64(0)
            if byte == 44:
                at += 1
                state = _EXPECT_VALUE if is_array else _EXPECT_KEY
            elif byte == 125 and not is_array:
                at += 1
                if depth == 0:
                    break
                depth -= 1
            elif byte == 93 and is_array:
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
                behind_hole = True
                in_array = np.uint64(0)
    while at < end and is_space(byte_at(data, at)):
        at += 1
    if at != end or hole == first:
        return none
    before = hashed
    hashed = _mixed(hashed, data, around, end) | np.uint64(1)
    _remember(known, place, before, around, end - around, hashed, depth, _END)
    return hashed, hole


@borrowing
def _skim_logfmt(
    data: Bytes, begin: int, end: int, starts: Integers, lengths: Integers, kinds: Bytes, first: int, known: Known
) -> tuple[np.uint64, int]:  # fmt: skip
    """As `_skim_json`. A line of logfmt has two values at least; an empty value is no hole."""
    none = (np.uint64(0), first)
    hole = first
    around = begin
    hashed = _SEED
    at = begin
    place, known_to = 0, -1
    behind_hole = True
    while True:
        follows = _NOTHING
        if behind_hole:
            behind_hole = False
            place = _place(hashed, data, around + 2, end)
            follows = _follows(known, place, hashed, data, around, end)
            known_to = around + known[place, _LENGTH] if follows else -1
            if follows == _END:
                return np.uint64(known[place, _HASHED]), hole
        if follows:
            at = known_to - (follows == _QUOTED)
        else:
            while at < end and byte_at(data, at) <= 32:
                at += 1
            if at >= end:
                break
            key = at
            while at < end and byte_at(data, at) > 32 and byte_at(data, at) != 61:
                if byte_at(data, at) == 34:
                    return none
                at += 1
            if at == key:
                return none
            if at >= end or byte_at(data, at) != 61:
                continue
            at += 1
        kind = BARE
        if at < end and byte_at(data, at) == 34:
            start = at + 1
            stop, escaped = quote_after(data, start, end)
            if stop >= end:
                return none
            kind = ESCAPED if escaped else TEXT
            at = stop + 1
            if at < end and byte_at(data, at) > 32:
                return none
        else:
            start = at
            stop = word_end(data, start, end)
            if stop < end and byte_at(data, stop) > 32:
                return none
            at = stop
        if stop > start:
            if hole - first >= MAX_HOLES:
                return none
            if start != known_to:
                before = hashed
                hashed = _mixed(hashed, data, around, start)
                follows = _BARE if kind == BARE else _QUOTED
                _remember(known, place, before, around, start - around, hashed, 0, follows)
            else:
                hashed = np.uint64(known[place, _HASHED])
            hashed = (hashed ^ np.uint64(kind + 1)) * _KIND
            starts[hole], lengths[hole], kinds[hole] = start, stop - start, kind
            hole += 1
            around = stop
            behind_hole = True
    if hole - first < 2:
        return none
    before = hashed
    hashed = _mixed(hashed, data, around, end) | np.uint64(1)
    _remember(known, place, before, around, end - around, hashed, 0, _END)
    return hashed, hole


@compiled
def skim(
    data: Bytes, offsets: Integers,
    hashes: npt.NDArray[np.uint64], first_hole: Integers, starts: Integers, lengths: Integers, kinds: Bytes,
) -> None:  # fmt: skip
    """For each line of a string column (`data`, `offsets`): hashes[i], 0 for none, and its holes.

    The holes of line i are first_hole[i] to first_hole[i + 1] of starts, lengths (in `data`) and kinds.
    A JSON line begins with `{`; any other may be logfmt. There must be room for a hole every two bytes.
    """
    known = np.zeros((_PLACES, _COLUMNS), np.int64)
    hole: Any = np.int64(0)  # as are all places: what is called is compiled for each type apart
    first_hole[0] = 0
    for i in range(len(offsets) - 1):
        begin: Any = np.int64(offsets[i])
        end: Any = np.int64(offsets[i + 1])
        if begin < end and byte_at(data, begin) == 123:
            hashes[i], hole = _skim_json(data, begin, end, starts, lengths, kinds, hole, known)
        else:
            hashes[i], hole = _skim_logfmt(data, begin, end, starts, lengths, kinds, hole, known)
        first_hole[i + 1] = hole
