"""A kit for hand-written parsers: tokens with positions, a cursor over them, errors with a caret.

A language brings a function that cuts its text into tokens (the last one is END) and one that makes
the ParseError for a token; the cursor does the rest. A token that can't be read has the kind BAD and
its message as value: it becomes an error only when the parser comes to it, so that an earlier slip is
told first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sigyn.model.errors import ParseError

END = "$end"
BAD = "$bad"

MAX_DEPTH = 150
"""Levels that a tree may have: whoever walks it spends a few of the 1000 frames of Python's stack on each."""

_MAX_DESCENT = 2 * MAX_DEPTH + 10
"""Half levels that a parser may be deep in the text. The canonical text of a tree, which has all
parentheses, takes two for each level of the tree; a half level costs two frames."""

TOO_DEEP = f"the query nests deeper than {MAX_DEPTH} levels"

_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"?|`[^`]*`?|\w+|[|=!<>~]+|\S')


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text at start <= i < end; `text` is what stands there, `value` what it means."""

    kind: str
    text: str
    start: int
    end: int
    value: str = ""


ErrorOf = Callable[[str, Token, str], ParseError]
"""Makes the error for (query, token at fault, what is wrong)."""


@dataclass(slots=True)
class Cursor:
    """Where a parser is in its tokens.

    `extended` lets it take what only our dialect has; then `names` are those that the text has defined,
    and `infos` remarks on how it was read.
    """

    query: str
    tokens: Sequence[Token]
    error_of: ErrorOf
    extended: bool = False
    position: int = 0
    depth: int = field(default=0)
    names: set[str] = field(default_factory=set)
    infos: list[str] = field(default_factory=list)

    @property
    def token(self) -> Token:
        """The next token, not consumed. Raises ParseError when it is unreadable."""
        token = self.tokens[self.position]
        if token.kind == BAD:
            raise self.error_of(self.query, token, token.value)
        return token

    @property
    def kind(self) -> str:
        """The kind of the next token."""
        return self.token.kind

    @property
    def last_end(self) -> int:
        """Where the token before the next one ends."""
        return self.tokens[self.position - 1].end if self.position else 0

    def look(self, ahead: int) -> str:
        """The kind of the token that many places after the next one."""
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)].kind

    def look_text(self, ahead: int) -> str:
        """The text of the token that many places after the next one, in lower case."""
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)].text.lower()

    def advance(self) -> Token:
        """Consume the next token."""
        token = self.token
        if token.kind != END:
            self.position += 1
        return token

    def accept(self, *kinds: str) -> Token | None:
        """Consume the next token if it is one of these."""
        return self.advance() if self.token.kind in kinds else None

    def expect(self, kind: str, *others: str) -> Token:
        """Consume a token of `kind`; `others` are what else could stand here, for the error."""
        if self.token.kind != kind:
            raise self.unexpected(kind, *others)
        return self.advance()

    def unexpected(self, *expected: str) -> ParseError:
        """The error that the next token is none of `expected`."""
        token = self.token
        message = f"syntax error: unexpected {token.kind}"
        # The generated parsers, whose messages people know, name at most four alternatives.
        if 0 < len(expected) <= 4:
            message += f", expecting {' or '.join(expected)}"
        return self.error_of(self.query, token, message)

    def descend(self, half_levels: int = 1) -> None:
        """Go deeper into the text; come back with `ascend`. Raises ParseError where it nests too deep."""
        self.depth += half_levels
        if self.depth > _MAX_DESCENT:
            raise self.error_of(self.query, self.token, TOO_DEEP)

    def ascend(self, half_levels: int = 1) -> None:
        """Come back up."""
        self.depth -= half_levels


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Both from 1, in code points."""
    before = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - before + 1


def render(error: ParseError) -> str:
    """The error for a terminal: message, the line of the query with the place underlined, the hint."""
    parts = [str(error)]
    parts += (f"  {line}" for line in excerpt(error, "~").splitlines())
    if error.hint:
        parts.append(f"  {error.hint}")
    return "\n".join(parts)


def excerpt(error: ParseError, mark: str = "^") -> str:
    """The line of the query that is at fault, and below it marks under the place; empty when there is no place."""
    lines = error.query.split("\n")
    if error.column < 1 or error.line > len(lines):
        return ""
    # Loki's messages say line 0 where it lost count; the column is still that of the line.
    line = lines[max(error.line, 1) - 1].expandtabs(1)
    found = _WORD.match(line, error.column - 1)
    width = error.length or (found.end() - found.start() if found else 1)
    width = max(1, min(width, len(line) - error.column + 1))
    return f"{line}\n{' ' * (error.column - 1)}{mark * width}"
