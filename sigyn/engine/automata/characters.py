"""Which characters an expression of one character finds, and in which bytes UTF-8 writes them.

RE2 itself is asked, once for each expression: neither its classes nor letters that are one without case stand here.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from sigyn.languages.regex import compile_regex

Characters: TypeAlias = tuple[tuple[int, int], ...]
"""Code points: the first and the last of each range, rising."""

Bytes: TypeAlias = tuple[tuple[int, int], ...]
"""The first and the last of the bytes at each place of a text."""

ASCII_END = 0x80
_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF
_LAST_OF_LETTERS = 0x1FFFF
"""Behind it there are no letters with two cases."""
_LAST_OF_LENGTHS = (0x7F, 0x7FF, 0xFFFF, _LAST)
_CONTINUATION = (0x80, 0xBF)

_EVERY_BEYOND_ASCII: tuple[Bytes, ...] = (
    ((0xC2, 0xDF), _CONTINUATION),
    ((0xE0, 0xEF), _CONTINUATION, _CONTINUATION),
    ((0xF0, 0xF4), _CONTINUATION, _CONTINUATION, _CONTINUATION),
)
"""All characters beyond ASCII; of the texts that these are as well, none is UTF-8."""


@lru_cache(maxsize=1024)
def ascii_found(expression: str) -> frozenset[int]:
    """The characters of ASCII that an expression of one character finds."""
    sought = compile_regex(f"(?:{expression})")
    return frozenset(code for code in range(ASCII_END) if sought.fullmatch(chr(code)))


@lru_cache(maxsize=1024)
def all_found(expression: str, *, is_letter: bool) -> Characters:
    """All characters that an expression of one character finds: some 10 ms for each new expression.

    If it `is_letter`, whatever its case, 1 ms: there are none in the last planes.
    """
    text = _characters(_LAST_OF_LETTERS if is_letter else _LAST)
    spans = (found.span() for found in compile_regex(f"(?:{expression})+").finditer(text))
    return tuple((_code_point(begin), _code_point(end - 1)) for begin, end in spans)


@lru_cache(maxsize=2)
def _characters(last: int) -> str:
    return "".join(chr(code) for code in range(last + 1) if code not in _SURROGATES)


def _code_point(place: int) -> int:
    return place if place < _SURROGATES.start else place + len(_SURROGATES)


def in_utf8(characters: Characters) -> Iterator[Bytes]:
    """Bytes that write these characters and, but for them, nothing that is UTF-8.

    Ranges are cut where the bytes of their ends don't begin alike, as Ken Thompson did for grep
    (https://swtch.com/~rsc/regexp/regexp3.html#step3).
    """
    for first, last in characters:
        if first < ASCII_END:
            yield ((first, min(last, ASCII_END - 1)),)
            first = ASCII_END
        if (first, last) == (ASCII_END, _LAST):
            yield from _EVERY_BEYOND_ASCII
        elif first <= last:
            yield from _cut(first, last)


def _cut(first: int, last: int) -> Iterator[Bytes]:
    for longest in _LAST_OF_LENGTHS:
        if first <= longest < last:
            yield from _cut(first, longest)
            yield from _cut(longest + 1, last)
            return
    for place in range(1, len(_written(last))):
        below = (1 << 6 * place) - 1  # what is written in the last bytes
        if first & ~below == last & ~below:
            continue
        if first & below:
            yield from _cut(first, first | below)
            yield from _cut((first | below) + 1, last)
            return
        if last & below != below:
            yield from _cut(first, (last & ~below) - 1)
            yield from _cut(last & ~below, last)
            return
    yield tuple(zip(_written(first), _written(last), strict=True))


def _written(code: int) -> bytes:
    # Half of a pair of UTF-16 may be the end of a range, and is in no text.
    return chr(code).encode("utf-8", "surrogatepass")
