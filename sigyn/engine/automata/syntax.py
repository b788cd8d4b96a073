"""The regular expressions that automata understand: a part of RE2's syntax, read as RE2 reads it.

Literals, escapes, classes, groups, alternatives, repetitions, `^`, `$`, `\\b` and `\\B`, the flags `i` and `s`. For
anything else (other flags, Unicode classes, characters beyond ASCII) there is no automaton, and RE2 looks at whole
lines. It does at lines beyond ASCII too, where `(?i)` knows more letters: `k` is also the sign of the kelvin.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

MOST_REPEATS = 64

_DIGITS = frozenset(range(48, 58))
WORD = _DIGITS | frozenset(range(65, 91)) | frozenset(range(97, 123)) | {95}
"""The bytes of words."""

_SPACE = frozenset(b"\t\n\f\r ")
_ASCII = frozenset(range(128))
_CLASSES = {"d": _DIGITS, "w": WORD, "s": _SPACE, "D": _ASCII - _DIGITS, "W": _ASCII - WORD, "S": _ASCII - _SPACE}
_FLAGS = re.compile(r"\?([is]*)(?:-([is]+))?([:)])")
_ESCAPES = {"t": 9, "n": 10, "r": 13, "f": 12, "v": 11, "a": 7}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One byte of a set."""

    bytes: frozenset[int]


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of the line."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of the line."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A place between a byte of a word and another, or the start or end of the line; or, if `negative`, any other."""

    negative: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `least` to `most` times; None: any number of times."""

    part: "Node"
    least: int
    most: int | None


Node: TypeAlias = OneOf | Start | End | Boundary | Sequence | Choice | Repeat


class NotUnderstood(Exception):
    """The expression uses more than this part of the syntax."""


def parse_expression(pattern: str) -> Node:
    """The tree of a regular expression that RE2 accepts. Raises NotUnderstood."""
    if not pattern.isascii():
        raise NotUnderstood(pattern)
    reader = _Reader(pattern)
    node = reader.choice()
    if reader.at < len(pattern):
        raise NotUnderstood(pattern)
    return node


def first_text(tree: Node) -> bytes:
    """Bytes with which everything that an expression finds begins."""
    match tree:
        case OneOf(found) if len(found) == 1:
            return bytes(found)
        case Sequence(parts):
            text = b""
            for part in parts:
                begins = first_text(part)
                text += begins
                if not _is_text(part):
                    break
            return text
        case Repeat(part, least, _) if least:
            return first_text(part)
        case _:
            return b""


def _is_text(tree: Node) -> bool:
    """Whether the expression finds one text alone."""
    match tree:
        case OneOf(found):
            return len(found) == 1
        case Sequence(parts):
            return all(map(_is_text, parts))
        case _:
            return False


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags: frozenset[str] = frozenset()
        """Those that hold from here to the end of the group."""

    def choice(self) -> Node:
        parts = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self) -> str:
        taken = self._next()
        if not taken:
            raise NotUnderstood(self.text)
        self.at += 1
        return taken

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, atom: Node) -> Node:
        while self._next() in ("*", "+", "?", "{"):
            bounds = self._bounds()
            if bounds is None:
                raise NotUnderstood(self.text)  # a brace that stands for itself
            if self._next() == "?":  # fewest first: which text is found, not whether
                self.at += 1
            atom = Repeat(atom, *bounds)
        return atom

    def _bounds(self) -> tuple[int, int | None] | None:
        sign = self._take()
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        inside, closed, _ = self.text[self.at :].partition("}")
        least, comma, most = inside.partition(",")
        if not closed or not least.isdigit() or not (most.isdigit() or not most):
            return None
        self.at += len(inside) + 1
        if max(int(least), int(most or 0)) > MOST_REPEATS:
            raise NotUnderstood(self.text)
        if not comma:
            return int(least), int(least)
        return int(least), int(most) if most else None

    def _atom(self) -> Node:
        sign = self._take()
        match sign:
            case "(":
                return self._group()
            case "[":
                return OneOf(self._set())
            case ".":
                return OneOf(_ASCII if "s" in self.flags else _ASCII - {10})
            case "^":
                return Start()
            case "$":
                return End()
            case "\\" if self._next() in ("b", "B"):
                return Boundary(self._take() == "B")
            case "\\":
                return OneOf(self._escape())
            case "*" | "+" | "?" | "{" | ")":
                raise NotUnderstood(self.text)
            case _:
                return OneOf(self._folded(frozenset((ord(sign),))))

    def _folded(self, found: frozenset[int]) -> frozenset[int]:
        """With the letters of the other case, where case does not matter."""
        if "i" not in self.flags:
            return found
        return found | {ord(chr(byte).swapcase()) for byte in found}

    def _group(self) -> Node:
        flags = self.flags
        if self._next() == "?":
            rest = self.text[self.at :]
            changed = _FLAGS.match(rest)
            if changed:
                self.at += changed.end()
                self.flags = (flags | set(changed[1])) - set(changed[2] or "")
                if changed[3] == ")":  # they hold for what follows
                    return Sequence(())
            elif rest.startswith(("?P<", "?<")) and ">" in rest:
                self.at += rest.index(">") + 1
            else:
                raise NotUnderstood(self.text)
        inside = self.choice()
        if self._take() != ")":
            raise NotUnderstood(self.text)
        self.flags = flags
        return inside

    def _escape(self) -> frozenset[int]:
        sign = self._take()
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _ESCAPES:
            return frozenset((_ESCAPES[sign],))
        if sign.isalnum():
            raise NotUnderstood(self.text)
        return frozenset((ord(sign),))  # no letter

    def _set(self) -> frozenset[int]:
        negated = self._next() == "^"
        self.at += negated
        found: frozenset[int] = frozenset()
        first = True
        while first or self._next() != "]":
            first = False
            if self.text.startswith("[:", self.at):
                raise NotUnderstood(self.text)
            low = self._member()
            if self._next() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1:
                    raise NotUnderstood(self.text)
                low = frozenset(range(min(low), min(high) + 1))
            found |= self._folded(low)
        self.at += 1
        return _ASCII - found if negated else found

    def _member(self) -> frozenset[int]:
        sign = self._take()
        return self._escape() if sign == "\\" else frozenset((ord(sign),))


def required_texts(node: Node) -> list[str]:
    """Texts that stand in everything that matches, as long as they are found without looking far."""
    parts = node.parts if isinstance(node, Sequence) else (node,)
    texts = [""]
    for part in parts:
        match part:
            case OneOf(found) if len(found) == 1:
                texts[-1] += chr(min(found))
            case Sequence():
                texts += [*required_texts(part), ""]
            case Repeat(inside, least, _) if least:
                texts += [*required_texts(inside), ""]
            case _:
                texts.append("")
    return [text for text in texts if text]
