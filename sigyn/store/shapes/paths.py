"""Where shapes of JSON hold the value at a path of keys."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sigyn.store.shapes.shape import FIELD, RAW, Shape, flattened
from sigyn.store.shapes.values import Flags

_OBJECT = ""


@dataclass(frozen=True, slots=True)
class AtPath:
    """What the shapes of a segment have at a path: a flag for each shape. One with no flag has null there, or nothing.

    name       of the only field that can hold the value
    held       the field holds it
    elsewhere  the field holds a value at another path: `a_b` for `a.b`
    escaped    the value is in no field, for it has escapes to undo
    whole      it is an object or an array
    """

    name: str
    held: Flags
    elsewhere: Flags
    escaped: Flags
    whole: Flags


def at_path(shapes: Sequence[Shape], path: tuple[str, ...]) -> AtPath:
    """What shapes have at a path of keys, at the first place that fits it; shapes of no JSON have nothing."""
    name = flattened(path)
    quoted = f'"{path[-1]}"'
    columns = [_column(shape, path) if _may_have(shape, quoted) else None for shape in shapes]
    held = np.array([column == FIELD + name for column in columns], np.bool_)
    escaped = np.array([column == RAW + name for column in columns], np.bool_)
    whole = np.array([column is not None for column in columns], np.bool_) & ~held & ~escaped
    named = np.array([FIELD + name in shape.columns for shape in shapes], np.bool_)
    return AtPath(name, held, named & ~held, escaped, whole)


def _may_have(shape: Shape, quoted: str) -> bool:
    """Whether a shape may have a key; keys of shapes have no escapes. To read one shape as JSON takes some 10 µs."""
    return shape.syntax == "json" and any(quoted in literal for literal in shape.literals)


def _column(shape: Shape, path: tuple[str, ...]) -> str | None:
    """The column of the value at a path, _OBJECT for an object; None: null or nothing is there."""
    tree = json.loads("0".join(shape.literals), object_pairs_hook=tuple)  # good for a text in quotes, too
    return next((column for at, column in _values(tree, (), iter(shape.columns)) if at == path), None)


def _values(
    tree: tuple[tuple[str, Any], ...], above: tuple[str, ...], columns: Iterator[str]
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Path and column of each value in order, an object before what is in it."""
    for key, value in tree:
        at = (*above, key)
        if isinstance(value, tuple):
            yield at, _OBJECT
            yield from _values(value, at, columns)
        else:
            yield at, next(columns) if value is not None else None
