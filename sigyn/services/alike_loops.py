"""Compiled loops that tell lines apart by what is left of them without numbers and ids.

Import this only through `alike_lines.ALIKE_LOOPS`: it imports numba.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.store.shapes.bytes_at import byte_at

_ZERO, _HYPHEN, _X = 48, 45, 120
_OTHER, _WORD, _LETTER, _DIGIT, _UNKNOWN = 0, 1, 2, 3, 4
_LEAST_ID = 12  # characters
_UUID = 36
_UUID_HYPHENS = (8, 13, 18, 23)
_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)
_MARK = np.uint64(256)  # no byte: where a number or an id was


def _kinds() -> npt.NDArray[np.uint8]:
    """For every byte: a digit, a letter of hexadecimal numbers, another character of words, none, or who knows.

    Whether a character that is not ASCII belongs to a word is not seen from its bytes.
    """
    table = np.zeros(256, np.uint8)
    table[list(b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_")] = _WORD
    table[list(b"abcdefABCDEF")] = _LETTER
    table[list(b"0123456789")] = _DIGIT
    table[128:] = _UNKNOWN
    return table


KINDS = _kinds()


@borrowing
def _is_hexadecimal(data: Any, at: Any, kinds: Any) -> Any:
    return kinds[byte_at(data, at)] in (_LETTER, _DIGIT)


@borrowing
def _variable_end(data: Any, begin: Any, at: Any, end: Any, kinds: Any) -> Any:
    """Where the number or the id ends that begins at `at`, a hexadecimal digit of the line data[begin:end].

    `at` when there is none, -1 when characters beside it would have to be known.
    """
    if at + _UUID <= end and byte_at(data, at + 8) == _HYPHEN:
        is_uuid = True
        for place in range(_UUID):
            if place in _UUID_HYPHENS:
                is_uuid &= byte_at(data, at + place) == _HYPHEN
            else:
                is_uuid &= _is_hexadecimal(data, at + place, kinds)
        if is_uuid:
            return at + _UUID
    before = kinds[byte_at(data, at - 1)] if at > begin else np.uint8(_OTHER)
    if before in (_OTHER, _UNKNOWN):
        stop = at
        has_digit = False
        while stop < end and _is_hexadecimal(data, stop, kinds):
            has_digit |= kinds[byte_at(data, stop)] == _DIGIT
            stop += 1
        if has_digit and stop - at >= _LEAST_ID:
            after = kinds[byte_at(data, stop)] if stop < end else np.uint8(_OTHER)
            if after == _OTHER and before == _OTHER:
                return stop
            if after in (_OTHER, _UNKNOWN):
                return -1
    if kinds[byte_at(data, at)] != _DIGIT:
        return at
    if byte_at(data, at) == _ZERO and at + 2 < end and byte_at(data, at + 1) == _X:
        stop = at + 2
        while stop < end and _is_hexadecimal(data, stop, kinds):
            stop += 1
        if stop > at + 2:
            return stop
    stop = at + 1
    while stop < end and kinds[byte_at(data, stop)] == _DIGIT:
        stop += 1
    return stop


@borrowing
def _are_equal(data: Any, one: Any, one_end: Any, other: Any, other_end: Any) -> Any:
    """Whether data[one:one_end] and data[other:other_end] are the same."""
    length = one_end - one
    if length != other_end - other:
        return False
    same = 0
    while same < length and byte_at(data, one + same) == byte_at(data, other + same):
        same += 1
    return same == length


@borrowing
def _are_alike(
    data: Any, one: Any, one_end: Any, other: Any, other_end: Any,
    starts: Any, ends: Any, one_spans: Any, other_spans: Any, count: Any,
) -> Any:  # fmt: skip
    """Whether two lines with `count` numbers and ids each, in starts and ends from their first spans on, are alike."""
    for span in range(count):
        first, second = one_spans + span, other_spans + span
        if not _are_equal(data, one, starts[first], other, starts[second]):
            return False
        one, other = ends[first], ends[second]
    return _are_equal(data, one, one_end, other, other_end)


def most_spans(size: int, lines: int) -> int:
    """How many numbers and ids so many lines of `size` bytes have at most: no two but around a UUID touch."""
    return size // 2 + lines


@compiled
def find_alike(
    data: Any, offsets: Any, levels: Any, kinds: Any,
    groups: Any, firsts: Any, span_begins: Any, starts: Any, ends: Any, differs: Any,
) -> Any:  # fmt: skip
    """Numbers lines of one level that differ in numbers and ids only, in the order in which they come up: how many.

    groups       for each line the number, -1 where only characters that are not ASCII could tell
    firsts       for each number its first line; span_begins[number : number + 2] bound that line's numbers and ids in
    starts, ends  where these are in `data`, of which `most_spans` gives the length
    differs      whether they differ among the lines that are alike; all False before
    """
    lines = len(offsets) - 1
    size = 2
    while size < 2 * lines:
        size *= 2
    table = np.full(size, -1, np.int32)
    last_slot = np.uint64(size - 1)
    hashes = np.empty(lines, np.uint64)
    count, used = 0, 0
    span_begins[0] = 0
    for row in range(lines):
        begin, end = offsets[row], offsets[row + 1]
        spans = 0
        state = (_BASIS ^ np.uint64(levels[row])) * _PRIME
        at = begin
        while at < end:
            kind = kinds[byte_at(data, at)]
            stop = at
            if kind in (_LETTER, _DIGIT):
                stop = _variable_end(data, begin, at, end, kinds)
                if stop < 0:
                    break
            if stop == at:
                state = (state ^ np.uint64(byte_at(data, at))) * _PRIME
                at += 1
                continue
            starts[used + spans], ends[used + spans] = at, stop
            spans += 1
            state = (state ^ _MARK) * _PRIME
            at = stop
        groups[row] = -1
        if at < end:
            continue
        slot = (state ^ (state >> np.uint64(32))) & last_slot
        while table[slot] >= 0:
            group = table[slot]
            first, own = firsts[group], span_begins[group]
            if (
                hashes[group] == state
                and levels[first] == levels[row]
                and span_begins[group + 1] - own == spans
                and _are_alike(data, offsets[first], offsets[first + 1], begin, end, starts, ends, own, used, spans)
            ):
                groups[row] = group
                break
            slot = (slot + np.uint64(1)) & last_slot
        if groups[row] < 0:
            table[slot] = groups[row] = count
            hashes[count], firsts[count] = state, row
            used += spans
            count += 1
            span_begins[count] = used
            continue
        own = span_begins[groups[row]]
        for span in range(spans):
            if not differs[own + span]:
                one, other = own + span, used + span
                differs[own + span] = not _are_equal(data, starts[one], ends[one], starts[other], ends[other])
    return count
