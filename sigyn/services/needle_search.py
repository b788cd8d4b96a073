"""Which texts of a column may hold what a rule of redaction hides: one search for the needles of all rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.compiled.at_need import Loops
from sigyn.languages.redaction.needles import Needle, needles_of
from sigyn.languages.redaction.patterns import Pattern

Mask = npt.NDArray[np.bool_]

_COMPILED_FROM_BYTES = 64 << 10
_WORD = 64


@dataclass(frozen=True, slots=True)
class _Needles:
    """Needles in words of bits; `rules` has for each rule the bits that tell of it, None where all texts may."""

    starts: npt.NDArray[np.uint64]
    places: npt.NDArray[np.uint64]
    ends: npt.NDArray[np.uint64]
    rules: tuple[npt.NDArray[np.uint64] | None, ...]


def _exercise(module: ModuleType) -> None:
    text, offsets = np.frombuffer(b"ab1", np.uint8), np.array([0, 3], np.int32)
    needles = _pack([[(frozenset(b"a"),)]])
    module.find_needles(
        text, offsets, needles.starts, needles.places, needles.ends, np.zeros((1, len(needles.starts)), np.uint64)
    )
    module.has_digits(text, offsets, 1, np.zeros(1, np.bool_))


NEEDLE_LOOPS = Loops("sigyn.services.needle_loops", _exercise)


def possible_rows(texts: pa.Array, patterns: Sequence[Pattern]) -> Sequence[Mask | None]:
    """For each pattern in which rows it may be found; None when that is not worth a search, or can't be searched yet.

    `texts` is one array of strings; a null holds nothing.
    """
    if texts.nbytes < _COMPILED_FROM_BYTES or (loops := NEEDLE_LOOPS.ready()) is None:
        return [None] * len(patterns)
    _, offset_bytes, text_bytes = texts.buffers()
    offsets = np.frombuffer(offset_bytes, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    text = np.frombuffer(text_bytes if text_bytes is not None else b"", np.uint8)
    needles = _needles_of(tuple((pattern.expression, pattern.digits) for pattern in patterns))
    found = np.zeros((len(texts), len(needles.starts)), np.uint64)
    loops.find_needles(text, offsets, needles.starts, needles.places, needles.ends, found)
    masks: list[Mask | None] = []
    for pattern, bits in zip(patterns, needles.rules, strict=True):
        if pattern.digits:
            digits = np.zeros(len(texts), np.bool_)
            loops.has_digits(text, offsets, pattern.digits, digits)
            masks.append(digits)
        elif bits is None:
            masks.append(np.ones(len(texts), np.bool_))
        else:
            masks.append(np.any(found & bits, axis=1, out=np.zeros(len(texts), np.bool_)))
    return masks


@lru_cache(maxsize=256)
def _needles_of(patterns: tuple[tuple[str, int], ...]) -> _Needles:
    return _pack(tuple(() if digits else needles_of(expression) for expression, digits in patterns))


def _pack(rules: Sequence[Sequence[Needle]]) -> _Needles:
    """The needles of each rule; a rule without any may be found everywhere."""
    words: list[list[tuple[int, Needle]]] = [[]]
    for rule, needles in enumerate(rules):
        for needle in needles:
            if sum(len(each) for _, each in words[-1]) + len(needle) > _WORD:
                words.append([])
            words[-1].append((rule, needle))
    if len(words) % 2:
        words.append([])
    starts, ends = [0] * len(words), [0] * len(words)
    places = [[0] * 256 for _ in words]
    of_rules = [[0] * len(words) for _ in rules]
    for number, word in enumerate(words):
        position = 0
        for rule, needle in word:
            starts[number] |= 1 << position
            for place in needle:
                for byte in place:
                    places[number][byte] |= 1 << position
                position += 1
            ends[number] |= 1 << (position - 1)
            of_rules[rule][number] |= 1 << (position - 1)
    return _Needles(
        np.array(starts, np.uint64),
        np.array(places, np.uint64),
        np.array(ends, np.uint64),
        tuple(np.array(bits, np.uint64) if needles else None for bits, needles in zip(of_rules, rules, strict=True)),
    )
