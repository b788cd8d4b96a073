"""Patterns of `|>` as automata: what covers a line is known from one look at each of its bytes.

Each literal is taken at its first place behind the one before, and every `<_>` has to cover something. So besides how
much of a literal is matched it counts whether it would be right behind the one before, where it must not be.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.engine.automata.texts import matched_behind
from sigyn.languages.logql.pattern import Capture, Pattern


@dataclass(frozen=True, slots=True)
class PatternTable:
    """The states behind each byte, of which the first is that at the beginning of a line.

    behind  [state, byte]; COVERED and LOST beside the numbers of states
    at_end  whether a line that ends in the state is covered
    home    the state in which nothing of the first literal behind a `<_>` has come; 0 where there is none
    sought  that literal
    """

    behind: npt.NDArray[np.int16]
    at_end: npt.NDArray[np.bool_]
    home: int
    sought: bytes


COVERED, LOST = -1, -2
"""Whatever follows, the line is covered, or it is not."""


def pattern_table(pattern: Pattern) -> PatternTable:
    """The automaton of a pattern: two states for each byte of its literals, and one behind them."""
    pieces = pattern.pieces
    literals = [piece.encode() for piece in pieces if isinstance(piece, str)]
    opens = bool(pieces) and isinstance(pieces[0], str)
    rows: list[npt.NDArray[np.int16]] = []
    first = 0  # state of the literal of which nothing is matched, right behind the one before
    for number, literal in enumerate(literals):
        own = _opening(literal, first) if opens and not number else _searching(literal, first)
        rows.append(own)
        first += len(own)
    covers_rest = bool(pieces) and isinstance(pieces[-1], Capture)
    rows.append(np.full((1, 256), COVERED if covers_rest else LOST, np.int16))
    behind = np.concatenate(rows)
    at_end = np.zeros(len(behind), np.bool_)
    at_end[-1] = not covers_rest
    if len(literals) == opens:
        return PatternTable(behind, at_end, 0, b"")
    return PatternTable(
        behind, at_end, len(literals[0]) + len(literals[1]) if opens else len(literals[0]), literals[opens]
    )


def _opening(literal: bytes, first: int) -> npt.NDArray[np.int16]:
    """States first + matched: the literal begins the line. Behind it comes the state that follows these."""
    rows = np.full((len(literal), 256), LOST, np.int16)
    rows[np.arange(len(literal)), np.frombuffer(literal, np.uint8)] = first + 1 + np.arange(len(literal))
    return rows


def _searching(literal: bytes, first: int) -> npt.NDArray[np.int16]:
    """States first + matched right behind the literal before, first + len(literal) + matched further on."""
    matched = matched_behind(literal)
    further = np.where(matched < len(literal), first + len(literal) + matched, first + 2 * len(literal)).astype(
        np.int16
    )
    close = further.copy()
    places, text = np.arange(len(literal)), np.frombuffer(literal, np.uint8)
    close[places, text] = first + 1 + places
    close[-1, text[-1]] = LOST  # a `<_>` that covers nothing
    return np.concatenate([close, further])
