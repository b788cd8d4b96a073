"""Pattern expressions: `<ip> - <_> "<method> <path>"` of the `pattern` stage and of `|>`.

A capture is `<name>` or, to skip a text, `<_>`; all else is literal. Between two captures there must
be a literal, else nobody could say where the first one ends.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from sigyn.model.errors import QueryError

_CAPTURE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")


@dataclass(frozen=True, slots=True)
class Capture:
    """`<name>`; the name of `<_>` is None."""

    name: str | None


Piece: TypeAlias = str | Capture


@dataclass(frozen=True, slots=True)
class Pattern:
    """Literals and captures in order; no two literals are neighbours, and no two captures."""

    pieces: tuple[Piece, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the captures, in order."""
        return tuple(piece.name for piece in self.pieces if isinstance(piece, Capture) and piece.name)


class PatternError(QueryError):
    """An expression that breaks the rules; the message is Loki's."""


def parse_pattern(text: str) -> Pattern:
    """The expression of a `pattern` stage.

    Raises PatternError when no capture has a name, two have the same, or two are neighbours.
    """
    pattern = Pattern(_pieces(text))
    if not pattern.names:
        raise PatternError("at least one capture is required")
    _refuse_neighbours(pattern)
    seen: set[str] = set()
    for name in pattern.names:
        if name in seen:
            raise PatternError(f"duplicate capture name ({name}): invalid expression")
        seen.add(name)
    return pattern


def parse_line_pattern(text: str) -> Pattern:
    """The expression of a `|>` or `!>` filter.

    Raises PatternError when a capture has a name or two captures are neighbours.
    """
    pattern = Pattern(_pieces(text))
    if pattern.names:
        raise PatternError("named captures are not allowed")
    _refuse_neighbours(pattern)
    return pattern


def _pieces(text: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    position = 0
    for match in _CAPTURE.finditer(text):
        if position < match.start():
            pieces.append(text[position : match.start()])
        pieces.append(Capture(None if match[1] == "_" else match[1]))
        position = match.end()
    if position < len(text):
        pieces.append(text[position:])
    return tuple(pieces)


def _refuse_neighbours(pattern: Pattern) -> None:
    for piece, following in zip(pattern.pieces, pattern.pieces[1:], strict=False):
        if isinstance(piece, Capture) and isinstance(following, Capture):
            raise PatternError(f"found consecutive capture '<{piece.name or '_'}>': invalid expression")
