"""What a text must hold for an expression to be found in it: short runs of bytes, of which one at least is there.

A search for all runs of all rules at once is far cheaper than the expressions, which then see few texts.
"""

import re
from collections.abc import Iterator, Sequence
from math import log2
from typing import Any, TypeAlias

from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

Needle: TypeAlias = tuple[frozenset[int], ...]
"""Bytes that may stand at each place of a run."""

LONGEST = 12
"""Places of a run that are looked at."""

_PLENTY = 56.0
"""Bits of a run from which more places would find hardly less: seven letters."""

_WEAK = 4.0
"""Bits of a place that is not worth a place at an end of a run: more than sixteen bytes may be there."""

_ENOUGH = 8.0
"""Bits that a run should have to be worth a search: a letter."""

_MOST = 40
_DIGITS, _SPACES = b"0123456789", b"\t\n\f\r "
_WORDS = _DIGITS + b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
_FOLDED = tuple(tuple(frozenset((byte,)) for byte in text.encode()) for text in ("\u017f", "\u212a"))
"""The two letters beyond ASCII that are an `s` and a `k` where case does not count."""


def needles_of(expression: str) -> tuple[Needle, ...]:
    """Runs of which one is in every text in which the expression is found; empty when none are known."""
    if "[:" in expression:
        return ()  # a class by its name, which Python reads as letters
    try:
        tree = parser.parse(expression)
    except (re.error, RecursionError, OverflowError):
        return ()  # RE2 knows what Python does not
    any_case = bool(tree.state.flags & re.IGNORECASE)
    found = _best(list(tree), any_case)
    if not found or _bits(found) < _ENOUGH or len(found) > _MOST:
        return ()
    return (*found, *_FOLDED) if re.search(r"\(\?[a-zA-Z]*i", expression) else found


def _best(nodes: Sequence[tuple[Any, Any]], any_case: bool) -> tuple[Needle, ...]:
    """The runs of a sequence that tell the most."""
    best: tuple[Needle, ...] = ()
    for each in _choices(nodes, any_case):
        if each and _bits(each) >= _bits(best):
            best = each
    return best


def _choices(nodes: Sequence[tuple[Any, Any]], any_case: bool) -> Iterator[tuple[Needle, ...]]:
    """Runs that a sequence needs, one tuple for each part of it."""
    run: list[frozenset[int]] = []
    for operator, value in nodes:
        name = str(operator)
        one = _bytes_of(name, value, any_case)
        if one is not None:
            run += one
            continue
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = value
            of_inner = [_bytes_of(str(kind), what, any_case) for kind, what in inner]
            if least and len(of_inner) == 1 and of_inner[0] is not None:
                run += of_inner[0] * min(least, LONGEST)
                if least == most and least <= LONGEST:
                    continue
                yield (_window(run),)
                run = of_inner[0] * min(least, LONGEST)
                continue
            if least:
                yield _best(list(inner), any_case)
        elif name == "SUBPATTERN":
            _, added, removed, inner = value
            yield _best(list(inner), bool((any_case or added & re.IGNORECASE) and not removed & re.IGNORECASE))
        elif name == "BRANCH":
            branches = [_best(list(branch), any_case) for branch in value[1]]
            yield tuple(needle for branch in branches for needle in branch) if all(branches) else ()
        elif name == "AT":
            continue  # between two characters, and so no end of a run
        yield (_window(run),) if run else ()
        run = []
    yield (_window(run),) if run else ()


def _bytes_of(name: str, value: Any, any_case: bool) -> list[frozenset[int]] | None:
    """What a node of one character may be, byte by byte; None for others."""
    if name == "LITERAL":
        if value >= 128:
            return None if any_case else [frozenset((byte,)) for byte in chr(value).encode()]
        return [_cased({value}, any_case)]
    if name != "IN":
        return None
    found: set[int] = set()
    for kind, what in value:
        match str(kind):
            case "LITERAL" if what < 128:
                found.add(what)
            case "RANGE" if what[1] < 128:
                found.update(range(what[0], what[1] + 1))
            case "CATEGORY" if str(what) in _CATEGORIES:
                found.update(_CATEGORIES[str(what)])
            case _:
                return None
    return [_cased(found, any_case)]


_CATEGORIES = {"CATEGORY_DIGIT": _DIGITS, "CATEGORY_SPACE": _SPACES, "CATEGORY_WORD": _WORDS}


def _cased(found: set[int], any_case: bool) -> frozenset[int]:
    texts = bytes(found)
    return frozenset((*found, *texts.lower(), *texts.upper())) if any_case else frozenset(found)


def _window(run: Sequence[frozenset[int]]) -> Needle:
    """The part of a run that tells the most; of equals the shortest."""
    spans = [
        tuple(run[begin:end])
        for begin in range(len(run))
        for end in range(begin + 1, min(begin + LONGEST, len(run)) + 1)
        if end == begin + 1 or min(_bits(((run[begin],),)), _bits(((run[end - 1],),))) >= _WEAK
    ]
    return max(spans, key=lambda span: (min(_bits((span,)), _PLENTY), -len(span)))


def _bits(needles: Sequence[Needle]) -> float:
    """How much the least telling of some runs tells."""
    return min((sum(log2(256 / len(place)) for place in needle) for needle in needles), default=0.0)
