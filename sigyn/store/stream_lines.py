"""What all lines of a stream in a segment have in common: where no column has to be read to know how they are held.

Row groups hold several streams as a rule, of different services; a stream's lines are mostly alike.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sigyn.store.shapes.shape import Syntax
from sigyn.store.streams import Int64s

Kinds = npt.NDArray[np.uint8]
"""For each stream one of the letters below."""

TEXT, MIXED = ord("t"), ord("m")
"""No line has a shape; their shapes are of both syntaxes, or some have none."""

KIND_OF: dict[Syntax, int] = {"json": ord("j"), "logfmt": ord("l")}
"""All lines have shapes of this syntax."""


def kinds_of(ordinals: Int64s, shapes: npt.NDArray[np.int32], syntaxes: Sequence[Syntax], streams: int) -> Kinds:
    """The kinds of so many streams from the shapes (-1: none) of lines of streams with these ordinals.

    `syntaxes` are those of the shapes.
    """
    kind_of_shape = np.array([*(KIND_OF[syntax] for syntax in syntaxes), TEXT], np.uint8)  # the last for -1
    kinds = kind_of_shape[shapes]
    least, most = np.full(streams, 255, np.uint8), np.zeros(streams, np.uint8)
    np.minimum.at(least, ordinals, kinds)
    np.maximum.at(most, ordinals, kinds)
    return np.where(least == most, least, np.uint8(MIXED))


def encode_kinds(kinds: Kinds) -> str:
    """A letter for each stream."""
    return kinds.tobytes().decode("ascii")


def decode_kinds(letters: str) -> Kinds | None:
    """What `encode_kinds` was given; None where it was given nothing."""
    return np.frombuffer(letters.encode("ascii"), np.uint8) if letters else None
