"""Compiled twin of `discovery.level_from_line` for a whole column of lines.

Import this only through `detection.LEVEL_LOOPS`: it imports numba.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.services.discovery import AFTER_WORD, BEFORE_WORD, LEVELS, SPELLINGS, WORDS
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.json_text import is_space
from sigyn.store.shapes.text_ends import quote_after

_QUOTE, _EQUALS, _COLON = 34, 61, 58
_OPEN_BRACE, _CLOSE_BRACE, _OPEN_BRACKET, _CLOSE_BRACKET = 123, 125, 91, 93


class Words:
    """Words as arrays that a loop can compare with: their bytes, where each begins, what each stands for.

    `first` tells for every byte whether a word begins with it; `shortest` and `longest` are lengths.
    """

    def __init__(self, words: Sequence[str], codes: Sequence[int], *, any_case: bool) -> None:
        encoded = [word.encode() for word in words]
        self.text = np.frombuffer(b"".join(encoded), np.uint8)
        self.offsets = np.concatenate([[0], np.cumsum([len(word) for word in encoded])]).astype(np.int64)
        self.codes = np.array(codes, np.int64)
        self.first = np.zeros(256, np.bool_)
        for word in encoded:
            self.first[word[0]] = True
            if any_case:
                self.first[word[:1].upper()[0]] = True


_IS_BEFORE, _IS_AFTER, _IS_FIRST = 1, 2, 4


def _kinds(first: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """For every byte: may it stand before a word, after one, can one begin with it."""
    table = np.zeros(256, np.uint8)
    table[list(BEFORE_WORD.encode())] |= _IS_BEFORE
    table[list(AFTER_WORD.encode())] |= _IS_AFTER
    table[first] |= _IS_FIRST
    return table


_LEVEL_WORDS = Words(WORDS, [LEVELS.index(SPELLINGS[word]) for word in WORDS], any_case=True)
_LEVEL_SPELLINGS = Words(list(SPELLINGS), [LEVELS.index(level) for level in SPELLINGS.values()], any_case=True)
_AROUND = _kinds(_LEVEL_WORDS.first)


@borrowing
def _field(text: Any, start: Any, end: Any, words: Any, offsets: Any, first: Any) -> Any:
    """Whether text[start:end] is one of the words."""
    if start == end or not first[byte_at(text, start)]:
        return False
    for word in range(len(offsets) - 1):
        if offsets[word + 1] - offsets[word] != end - start:
            continue
        same = True
        for i in range(end - start):
            if byte_at(text, start + i) != byte_at(words, offsets[word] + i):
                same = False
                break
        if same:
            return True
    return False


@borrowing
def _spelling(text: Any, start: Any, end: Any, words: Any, offsets: Any, codes: Any, first: Any) -> Any:
    """The code of the word that text[start:end] is, whatever its case; 0 for none."""
    if start == end or not first[byte_at(text, start)]:
        return 0
    for word in range(len(codes)):
        if offsets[word + 1] - offsets[word] != end - start:
            continue
        same = True
        for i in range(end - start):
            byte = byte_at(text, start + i)
            if 65 <= byte <= 90:
                byte += 32
            if byte != byte_at(words, offsets[word] + i):
                same = False
                break
        if same:
            return codes[word]
    return 0


@borrowing
def _after_blanks(text: Any, at: Any, end: Any) -> Any:
    while at < end and is_space(byte_at(text, at)):
        at += 1
    return at


@borrowing
def _from_json(text: Any, at: Any, end: Any, max_depth: Any, fields: Any, spellings: Any) -> Any:
    depth = 0
    array_depth = 0
    while at < end:
        byte = byte_at(text, at)
        at += 1
        if byte == _QUOTE:
            start = at
            close, _ = quote_after(text, at, end)
            if close >= end:
                return 0
            at = _after_blanks(text, close + 1, end)
            if at < end and byte_at(text, at) == _COLON:
                at += 1
                if (
                    fields[2][byte_at(text, start)]
                    and array_depth == 0
                    and (depth <= max_depth or max_depth <= 0)
                    and _field(text, start, close, fields[0], fields[1], fields[2])
                ):
                    value = _after_blanks(text, at, end)
                    if value < end and byte_at(text, value) == _QUOTE:
                        value_end, _ = quote_after(text, value + 1, end)
                        if value_end < end:
                            code = _spelling(
                                text, value + 1, value_end, spellings[0], spellings[1], spellings[2], spellings[3]
                            )
                            if code:
                                return code
        elif byte in (_OPEN_BRACE, _OPEN_BRACKET):
            depth += 1
            if byte == _OPEN_BRACKET and array_depth == 0:
                array_depth = depth
        elif byte in (_CLOSE_BRACE, _CLOSE_BRACKET):
            if depth == array_depth:
                array_depth = 0
            depth -= 1
            if depth <= 0:
                return 0
    return 0


@borrowing
def _from_logfmt(text: Any, at: Any, end: Any, fields: Any, spellings: Any) -> Any:
    while at < end:
        if byte_at(text, at) <= 32 or byte_at(text, at) == _EQUALS:
            at += 1
            continue
        start = at
        while at < end and byte_at(text, at) > 32 and byte_at(text, at) != _EQUALS:
            at += 1
        if at == end or byte_at(text, at) != _EQUALS:
            continue
        key_end = at
        at += 1
        if at < end and byte_at(text, at) == _QUOTE:
            value = at + 1
            value_end, _ = quote_after(text, value, end)
            if value_end >= end:
                return 0
            at = value_end + 1
        else:
            value = at
            while at < end and byte_at(text, at) > 32:
                at += 1
            value_end = at
        if _field(text, start, key_end, fields[0], fields[1], fields[2]):
            code = _spelling(text, value, value_end, spellings[0], spellings[1], spellings[2], spellings[3])
            if code:
                return code
    return 0


@borrowing
def _from_words(text: Any, start: Any, end: Any, words: Any, around: Any) -> Any:
    offsets = words[1]
    previous = _IS_BEFORE
    for at in range(start, end):
        kind = around[byte_at(text, at)]
        if previous & _IS_BEFORE and kind & _IS_FIRST:
            for word in range(len(words[2])):
                length = offsets[word + 1] - offsets[word]
                stop = at + length
                if stop > end or (stop < end and not around[byte_at(text, stop)] & _IS_AFTER):
                    continue
                code = _spelling(
                    text, at, stop, words[0], offsets[word : word + 2], words[2][word : word + 1], words[3]
                )
                if code:
                    return code
        previous = kind
    return 0


@compiled
def find_levels(
    text: Any, offsets: Any, wanted: Any, max_depth: Any, fields: Any, spellings: Any, words: Any, around: Any
) -> Any:
    """The code of each line's level, for the lines that are wanted."""
    codes = np.zeros(len(offsets) - 1, np.int8)
    for line in range(len(offsets) - 1):
        if not wanted[line]:
            continue
        start, end = offsets[line], offsets[line + 1]
        first = _after_blanks(text, start, end)
        if first < end and byte_at(text, first) == _OPEN_BRACE:
            code = _from_json(text, first, end, max_depth, fields, spellings)
        else:
            code = _from_logfmt(text, start, end, fields, spellings)
        if code == 0:
            code = _from_words(text, start, end, words, around)
        codes[line] = code
    return codes


def level_codes(
    text: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    wanted: npt.NDArray[np.bool_],
    fields: tuple[str, ...],
    json_depth: int,
) -> npt.NDArray[np.int8]:
    """For every line that is wanted the index of its level in LEVELS; 0, which is unknown, for the others."""
    named = [field for field in fields if field]
    names = Words(named, [0] * len(named), any_case=False)
    codes: npt.NDArray[np.int8] = find_levels(
        text,
        offsets,
        wanted,
        json_depth,
        (names.text, names.offsets, names.first),
        (_LEVEL_SPELLINGS.text, _LEVEL_SPELLINGS.offsets, _LEVEL_SPELLINGS.codes, _LEVEL_SPELLINGS.first),
        (_LEVEL_WORDS.text, _LEVEL_WORDS.offsets, _LEVEL_WORDS.codes, _LEVEL_WORDS.first),
        _AROUND,
    )
    return codes
