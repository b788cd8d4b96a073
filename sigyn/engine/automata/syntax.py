"""The regular expressions that automata understand: a part of RE2's syntax, read as RE2 reads it.

Characters, escapes, classes, groups, alternatives, repetitions, `^`, `$`, `\\b` and `\\B`, the flags `i` and `s`. For
anything else (other flags, other escapes) there is no automaton, and RE2 looks at whole lines.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

MOST_REPEATS = 64

WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""The bytes of words."""

_FLAGS = re.compile(r"\?([is]*)(?:-([is]+))?([:)])")
_CLASS = re.compile(r"\\[dDsSwW]|\\[pP](?:\{[^}]*\}|.)", re.DOTALL)
_CHARACTER = re.compile(r"\\(?:x\{[^}]*\}|x..|[tnrfva]|[^a-zA-Z0-9])", re.DOTALL)
_BOUNDS = re.compile(r"(0|[1-9][0-9]{0,3})(?:(,)(0|[1-9][0-9]{0,3})?)?\}")
"""Behind a brace. To RE2 numbers have digits of ASCII and no zero in front; else the brace stands for itself."""
_OF_ASCII = re.compile(r"\\[dsw]|\[[^\^\[\\][^\[\\]*\]")
_ALSO_BEYOND_ASCII = frozenset("kKsS")
"""The letters of ASCII that without case are others as well: the signs of the kelvin and the long s."""

_LOWER = b"\x20"
"""The bit that a letter of ASCII has in lower case."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the characters that an expression finds.

    text        the only one; None: there are several, or it can't be told at a glance
    stays_ascii whether all are of ASCII, as far as can be told at a glance
    letter      the letter that it is in all its cases; empty: it is something else
    """

    expression: str
    text: str | None
    stays_ascii: bool
    letter: str = ""


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
    reader = _Reader(pattern)
    node = reader.choice()
    if reader.at < len(pattern):
        raise NotUnderstood(pattern)
    return node


@dataclass(frozen=True, slots=True)
class FirstBytes:
    """Bytes with which everything that is found begins: of one that comes, byte | folds is the one in `text`.

    folds  0, or of a letter that may be in upper case the bit that it is without then
    """

    text: bytes = b""
    folds: bytes = b""


def first_bytes(tree: Node) -> FirstBytes:
    """What everything begins with that an expression finds."""
    match tree:
        case OneOf(text=str(text)):
            return FirstBytes(text.encode(), bytes(len(text.encode())))
        case OneOf(letter=letter, stays_ascii=True) if letter:
            return FirstBytes(letter.lower().encode(), _LOWER)
        case Sequence(parts):
            begin = FirstBytes()
            for part in parts:
                own = first_bytes(part)
                begin = FirstBytes(begin.text + own.text, begin.folds + own.folds)
                if not _is_text(part):
                    break
            return begin
        case Repeat(part, least, _) if least:
            return first_bytes(part)
        case _:
            return FirstBytes()


def _is_text(tree: Node) -> bool:
    """Whether the expression finds one text alone, with letters in some case."""
    match tree:
        case OneOf(text=text, letter=letter, stays_ascii=stays_ascii):
            return text is not None or (letter != "" and stays_ascii)
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
        bounds = _BOUNDS.match(self.text, self.at)
        if bounds is None:
            return None
        self.at = bounds.end()
        least, comma, most = bounds.groups()
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
                return self._class(sign + self._set())
            case ".":
                return OneOf("(?s:.)" if "s" in self.flags else ".", None, False)
            case "^":
                return Start()
            case "$":
                return End()
            case "\\" if self._next() in ("b", "B"):
                return Boundary(self._take() == "B")
            case "\\":
                return self._escape()
            case "*" | "+" | "?" | "{" | ")":
                raise NotUnderstood(self.text)
            case _:
                return self._character(sign)

    def _character(self, sign: str) -> OneOf:
        if "i" not in self.flags or (sign.isascii() and not sign.isalpha()):
            return OneOf(re.escape(sign), sign, sign.isascii())
        stays_ascii = sign.isascii() and sign not in _ALSO_BEYOND_ASCII
        return OneOf(f"(?i:{re.escape(sign)})", None, stays_ascii, letter=sign)

    def _class(self, expression: str) -> OneOf:
        is_folded = "i" in self.flags
        stays_ascii = not is_folded and expression.isascii() and _OF_ASCII.fullmatch(expression) is not None
        return OneOf(f"(?i:{expression})" if is_folded else expression, None, stays_ascii)

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

    def _escape(self) -> OneOf:
        """What a backslash begins that was just taken."""
        begin = self.at - 1
        found = _CLASS.match(self.text, begin) or _CHARACTER.match(self.text, begin)
        if found is None:
            raise NotUnderstood(self.text)
        self.at = found.end()
        expression = found[0]
        if len(expression) == 2 and not expression[1].isalnum():  # a sign that stands for itself
            return self._character(expression[1])
        return self._class(expression)

    def _set(self) -> str:
        """The rest of a class, behind its `[`."""
        begin = self.at
        self.at += self._next() == "^"
        self.at += self._next() == "]"  # the first stands for itself
        while (sign := self._take()) != "]":
            if sign == "[" and self._next() == ":" and (end := self.text.find(":]", self.at)) >= 0:
                self.at = end + 2
            elif sign == "\\":
                self._escape()
        return self.text[begin : self.at]


def required_texts(node: Node) -> list[str]:
    """Texts that stand in everything that matches, as long as they are found without looking far."""
    parts = node.parts if isinstance(node, Sequence) else (node,)
    texts = [""]
    for part in parts:
        match part:
            case OneOf(text=str(text)):
                texts[-1] += text
            case Sequence():
                texts += [*required_texts(part), ""]
            case Repeat(inside, least, _) if least:
                texts += [*required_texts(inside), ""]
            case _:
                texts.append("")
    return [text for text in texts if text]
