"""Shapes of structured metadata: objects of JSON that hold texts under names, written without blanks."""

import re

from sigyn.store.shapes.shape import ESCAPED, TEXT, Shape, Skeleton
from sigyn.store.shapes.shaping import ShapeRules

PAIR, RAW_PAIR = "pair.", "raw_pair."
"""How the name of a column begins: of texts, and of texts as JSON writes them, with escapes."""

_MAX_COLUMNS = 64  # in a segment, beside those of lines

_PREFIX = {TEXT: PAIR, ESCAPED: RAW_PAIR}
_KEY = re.compile(r'(?:\{|",)"([a-zA-Z_][a-zA-Z0-9_]*)":"')


def shape_of_pairs(skeleton: Skeleton) -> Shape | None:
    """The shape of objects with this skeleton.

    None when something in it is no text, or stands under a name that is no label's or twice: what is under `a.b` must
    not be taken for what is under `a_b`.
    """
    *before, behind = skeleton.literals
    keys = [_KEY.fullmatch(literal) for literal in before]
    names = [key[1] for key in keys if key is not None]
    if behind != '"}' or len(names) != len(before) or len(set(names)) != len(names):
        return None
    if any(kind not in _PREFIX for kind in skeleton.kinds):
        return None
    columns = tuple(_PREFIX[kind] + name for name, kind in zip(names, skeleton.kinds, strict=True))
    return Shape("json", skeleton.literals, columns)


def name_of(column: str) -> str:
    """The name under which the texts of a column stand."""
    return column.partition(".")[2]


OF_PAIRS = ShapeRules(shape_of_pairs, _MAX_COLUMNS)
