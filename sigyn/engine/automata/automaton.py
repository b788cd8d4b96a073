"""Automata that find a text or a regular expression anywhere in a line, or a pattern over all of it, byte by byte."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sigyn.engine.automata.characters import ASCII_END, Characters, all_found, ascii_found, in_utf8
from sigyn.engine.automata.line_patterns import COVERED, PatternTable, pattern_table
from sigyn.engine.automata.syntax import (
    WORD,
    Boundary,
    Choice,
    End,
    FirstBytes,
    Node,
    NotUnderstood,
    OneOf,
    Repeat,
    Sequence,
    Start,
    first_bytes,
    parse_expression,
)
from sigyn.engine.automata.texts import matched_behind
from sigyn.languages.logql.pattern import parse_line_pattern
from sigyn.store.shapes.templates import Template

FOUND, UNKNOWN, FIRST = 0, 1, 2
"""States: it was found, and stays so; a character beyond ASCII came which the automaton can't tell from others; the
state at the beginning of a line."""

MOST_STATES = 512
_MOST_PLACES = 2048  # of an expression written out
_REMEMBERED = 4096  # walks: each new segment may bring other texts, and an automaton lives as long as it is asked for
_UNSEEN = -1

_DIGITS, _DECIMALS = (np.isin(np.arange(256), list(letters)) for letters in (b"0123456789", b"0123456789."))


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """table[state, byte] is the state behind a byte; at_end[state] whether the line matches if it ends there.

    What is found begins with `begins`. Where nothing of it has come, which is the state `home`, only where these stand
    it goes on; without any, each byte counts. In the state `lost` nothing that follows matters; -1: there is none.
    """

    table: npt.NDArray[np.int16]
    at_end: npt.NDArray[np.bool_]
    home: int
    begins: FirstBytes
    lost: int = -1
    _rows: dict[int, list[int]] = field(default_factory=dict)
    _after: dict[tuple[int, bytes], int] = field(default_factory=dict)
    _quiet: dict[int, npt.NDArray[np.bool_]] = field(default_factory=dict)
    _common: dict[tuple[int, tuple[bytes, ...], bytes], int | None] = field(default_factory=dict)
    _behind: dict[tuple[int, Template], int | None] = field(default_factory=dict)
    _made_of: dict[tuple[int, bytes, int, bytes], int | None] = field(default_factory=dict)

    def may_change(self, state: int) -> bool:
        """Whether something that follows may still matter."""
        return state >= FIRST and state != self.lost

    def after(self, state: int, text: bytes) -> int:
        """The state behind a text."""
        known = self._after.get((state, text))
        if known is not None:
            return known
        behind = state
        for byte in text:
            row = self._rows.get(behind)
            if row is None:
                row = self._rows[behind] = self.table[behind].tolist()
            behind = row[byte]
        if len(self._after) >= _REMEMBERED:
            self._after.clear()
        self._after[state, text] = behind
        return behind

    def common_after(self, state: int, texts: tuple[bytes, ...], literal: bytes) -> int | None:
        """The state behind any one of some texts with the literal behind it; None when it is not the same for all."""
        key = (state, texts, literal)
        known = self._common.get(key, _UNSEEN)
        if known != _UNSEEN:
            return known
        behind: int | None = self.after(self.after(state, texts[0]), literal)
        if any(self.after(self.after(state, text), literal) != behind for text in texts):
            behind = None
        if len(self._common) >= _REMEMBERED:
            self._common.clear()
        self._common[key] = behind
        return behind

    def behind_template(self, state: int, template: Template) -> int | None:
        """The state behind any text of a template; None when the numbers in it matter."""
        key = (state, template)
        known = self._behind.get(key, _UNSEEN)
        if known != _UNSEEN:
            return known
        behind: int | None = self.after(state, template.literals[0].encode())
        for literal, scale in zip(template.literals[1:], template.scales, strict=True):
            if behind is None or not self.ignores(behind, _DECIMALS if scale else _DIGITS):
                behind = None
                break
            behind = self.after(behind, literal.encode())
        if len(self._behind) >= _REMEMBERED:
            self._behind.clear()
        self._behind[key] = behind
        return behind

    def after_any(self, state: int, alphabet: npt.NDArray[np.bool_], longest: int, literal: bytes) -> int | None:
        """The state behind any text of up to `longest` bytes of an alphabet (256 flags), with the literal behind it.

        None when it is not the same for all.
        """
        key = (state, alphabet.tobytes(), longest, literal)
        known = self._made_of.get(key, _UNSEEN)
        if known != _UNSEEN:
            return known
        reached = np.arange(len(self.table)) == state
        newest = np.flatnonzero(reached)
        for _ in range(longest):
            behind = np.zeros_like(reached)
            behind[self.table[newest][:, alphabet]] = True
            newest = np.flatnonzero(behind & ~reached)
            if not len(newest):
                break
            reached |= behind
        ends = {self.after(each, literal) for each in np.flatnonzero(reached).tolist()}
        found = ends.pop() if len(ends) == 1 else None
        if len(self._made_of) >= _REMEMBERED:
            self._made_of.clear()
        self._made_of[key] = found
        return found

    def ignores(self, state: int, alphabet: npt.NDArray[np.bool_]) -> bool:
        """Whether no byte of an alphabet (256 flags) leads out of the state."""
        quiet = self._quiet.get(state)
        if quiet is None:
            quiet = self._quiet[state] = self.table[state] == state
        return bool(quiet[alphabet].all())


Kind = Literal["text", "expression", "pattern"]
"""What is sought in a line: a text, a regular expression, or a pattern of `|>` that covers it."""


@lru_cache(maxsize=256)
def automaton_of(sought: str, kind: Kind, *, ascii_only: bool = True) -> Automaton | None:
    """The automaton that finds a text, an expression or a pattern; None when there is none that is small enough.

    With `ascii_only` that of an expression is made in less time, by up to tens of ms, but may be UNKNOWN behind
    characters beyond ASCII. Raises PatternError.
    """
    if kind == "text":
        return _of_text(sought.encode())
    if kind == "pattern":
        return _of_pattern(pattern_table(parse_line_pattern(sought)))
    try:
        tree = parse_expression(sought)
        places = _Places(ascii_only=ascii_only)
        first = places.add(tree, places.new())
        return _determined(places, first, first_bytes(tree))
    except NotUnderstood:
        return None


def _of_text(sought: bytes) -> Automaton | None:
    """Finds a text by its bytes, which in UTF-8 is the same: nothing is unknown."""
    if not sought:
        return Automaton(np.zeros((3, 256), np.int16), np.ones(3, np.bool_), FIRST, FirstBytes())
    if len(sought) > MOST_STATES:
        return None
    behind = matched_behind(sought)
    table = _with_ends(np.where(behind < len(sought), FIRST + behind, FOUND))
    at_end = np.zeros(len(table), np.bool_)
    at_end[FOUND] = True
    return Automaton(table, at_end, FIRST, _as_they_are(sought))


def _of_pattern(pattern: PatternTable) -> Automaton | None:
    """Finds the pattern over a whole line."""
    lost = FIRST + len(pattern.behind)
    if lost >= MOST_STATES:
        return None
    moves = np.where(pattern.behind >= 0, FIRST + pattern.behind, np.where(pattern.behind == COVERED, FOUND, lost))
    table = _with_ends(np.concatenate([moves, np.full((1, 256), lost)]))
    at_end = np.array([True, False, *pattern.at_end.tolist(), False])
    return Automaton(table, at_end, FIRST + pattern.home, _as_they_are(pattern.sought), lost)


def _as_they_are(text: bytes) -> FirstBytes:
    return FirstBytes(text, bytes(len(text)))


def _with_ends(moves: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int16]:
    """A table of the states from FIRST on, with those in which nothing changes in front."""
    ends = np.repeat(np.array([[FOUND], [UNKNOWN]], np.int16), 256, axis=1)
    return np.concatenate([ends, moves.astype(np.int16)])


class _Places:
    """The expression as places between bytes. Place 0 is the end of the expression.

    steps[p] are (bytes, place behind them); free[p] are places that p is as well, always, at the
    start of the line alone, at its end alone, or at a boundary of words.

    With `ascii_only` there are steps for characters of ASCII alone; `more` are the places that others may lead from.
    """

    def __init__(self, *, ascii_only: bool) -> None:
        self.ascii_only = ascii_only
        self.more: set[int] = set()
        self.steps: list[list[tuple[frozenset[int], int]]] = []
        self.free: list[list[tuple[Start | End | Boundary | None, int]]] = []

    def new(self) -> int:
        if len(self.steps) >= _MOST_PLACES:
            raise NotUnderstood("too large")
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def add(self, node: Node, behind: int) -> int:
        """Writes a node out in front of the place `behind`; the place in front of it."""
        match node:
            case OneOf():
                return self._character(node, behind)
            case Start() | End() | Boundary():
                place = self.new()
                self.free[place].append((node, behind))
                return place
            case Sequence(parts):
                for part in reversed(parts):
                    behind = self.add(part, behind)
                return behind
            case Choice(parts):
                place = self.new()
                self.free[place] += [(None, self.add(part, behind)) for part in parts]
                return place
            case Repeat(part, least, most):
                if most is None:
                    loop = self.new()
                    self.free[loop] += [(None, self.add(part, loop)), (None, behind)]
                    behind = loop
                for _ in range((most or least) - least):
                    skip = self.new()
                    self.free[skip] += [(None, self.add(part, behind)), (None, behind)]
                    behind = skip
                for _ in range(least):
                    behind = self.add(part, behind)
                return behind

    def _character(self, node: OneOf, behind: int) -> int:
        place = self.new()
        if self.ascii_only:
            if node.text is None:
                self.steps[place].append((ascii_found(node.expression), behind))
            elif node.text.isascii():
                self.steps[place].append((frozenset(node.text.encode()), behind))
            if not node.stays_ascii:
                self.more.add(place)
            return place
        if node.text is not None:
            found: Characters = ((ord(node.text), ord(node.text)),)
        else:
            found = all_found(node.expression, is_letter=node.letter != "")
        known: dict[tuple[tuple[int, int], int], int] = {}
        for first, *others in in_utf8(found):
            at = behind
            for between in reversed(others):
                if (between, at) not in known:
                    known[between, at] = self.new()
                    self.steps[known[between, at]].append((_bytes_of(between), at))
                at = known[between, at]
            self.steps[place].append((_bytes_of(first), at))
        return place

    def closure(
        self, places: Iterable[int], *, at_start: bool = False, at_end: bool = False, at_boundary: bool | None = None
    ) -> frozenset[int]:
        """All places that these are as well; `at_boundary` None: it is not known yet what follows."""
        found = set(places)
        todo = list(found)
        while todo:
            for condition, place in self.free[todo.pop()]:
                match condition:
                    case None:
                        holds = True
                    case Start():
                        holds = at_start
                    case End():
                        holds = at_end
                    case Boundary(negative):
                        holds = at_boundary is not None and at_boundary != negative
                if holds and place not in found:
                    found.add(place)
                    todo.append(place)
        return frozenset(found)

    def wait_for_boundary(self, places: Iterable[int]) -> bool:
        """Whether some place goes on only at a boundary of words, or only where there is none."""
        return any(isinstance(condition, Boundary) for place in places for condition, _ in self.free[place])


def _bytes_of(between: tuple[int, int]) -> frozenset[int]:
    first, last = between
    return frozenset(range(first, last + 1))


def _determined(places: _Places, first: int, begins: FirstBytes) -> Automaton:
    alphabet = _byte_classes(places)
    anywhere = places.closure((first,))
    begin = places.closure((first,), at_start=True)
    # With each state, whether a byte of a word came last, as far as it matters.
    numbers: dict[tuple[frozenset[int], bool], int] = {}
    count = 1
    rows = [np.full(256, FOUND, np.int16), np.full(256, UNKNOWN, np.int16)]
    # A place in front of a `$` is kept: the end may come.
    ends = [True, False]
    todo = [(begin, False)]  # not among `numbers`: what it is at the start of the line, it is nowhere else
    if 0 in begin:
        return Automaton(np.zeros((3, 256), np.int16), np.ones(3, np.bool_), FIRST, FirstBytes())
    while todo:
        state, in_word = todo.pop(0)
        at_start = len(rows) == FIRST
        row = np.empty(256, np.int16)
        # A line of no bytes is at its start and at its end, which is no part of a word.
        ends.append(0 in places.closure(state, at_start=at_start, at_end=True, at_boundary=in_word))
        for members in alphabet:
            example = members[0]
            is_word = example in WORD
            held = places.closure(state, at_start=at_start, at_boundary=is_word != in_word)
            if example >= ASCII_END and not held.isdisjoint(places.more):
                row[members] = UNKNOWN
                continue
            reached = {behind for place in held for found, behind in places.steps[place] if example in found}
            behind = places.closure(reached) | anywhere
            if 0 in held or 0 in behind:
                row[members] = FOUND
                continue
            key = behind, is_word and places.wait_for_boundary(places.closure(behind, at_end=True))
            number = numbers.get(key)
            if number is None:
                if count >= MOST_STATES:
                    raise NotUnderstood("too many states")
                number = numbers[key] = count + FIRST
                count += 1
                todo.append(key)
            row[members] = number
        rows.append(row)
    home = numbers.get((anywhere, False), FIRST)
    lost = numbers.get((frozenset(), False), -1)
    return Automaton(np.stack(rows), np.array(ends, np.bool_), home, begins, lost)


def _byte_classes(places: _Places) -> list[list[int]]:
    """All bytes in classes that the expression does not tell apart."""
    sets = list({found for steps in places.steps for found, _ in steps})
    if places.wait_for_boundary(range(len(places.free))):
        sets.append(WORD)
    if places.more:
        sets.append(frozenset(range(ASCII_END)))
    classes: dict[tuple[bool, ...], list[int]] = {}
    for byte in range(256):
        classes.setdefault(tuple(byte in found for found in sets), []).append(byte)
    return list(classes.values())
