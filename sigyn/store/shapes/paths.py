"""Where shapes of JSON hold the value at a path of keys."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeAlias

import numpy as np

from sigyn.store.shapes.shape import ARRAY, FIELD, PREFIX, RAW, Shape, flattened
from sigyn.store.shapes.values import Flags

Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects, and places in arrays."""

_OBJECT = ""
_ARRAY = PREFIX[ARRAY]


@dataclass(frozen=True, slots=True)
class AtPath:
    """What the shapes of a segment have at a path: a flag for each shape. One with no flag has null there, or nothing.

    name       of the only field that can hold the value
    held       the field holds it
    elsewhere  the field holds a value at another path: `a_b` for `a.b`
    escaped    the value is in no field, for it has escapes to undo
    whole      it is an object or an array, or a part of an array
    """

    name: str
    held: Flags
    elsewhere: Flags
    escaped: Flags
    whole: Flags


def at_path(shapes: Sequence[Shape], path: Path) -> AtPath:
    """What shapes have at a path, at the first place that fits it; shapes of no JSON have nothing."""
    keys = tuple(step for step in takewhile(lambda step: isinstance(step, str), path) if isinstance(step, str))
    name = flattened(keys)
    quoted = f'"{keys[-1]}"' if keys else ""
    there = [_columns(shape, keys) if keys and _may_have(shape, quoted) else () for shape in shapes]
    if len(keys) < len(path):
        whole = np.array([any(column and column.startswith(_ARRAY) for column in own) for own in there], np.bool_)
        named = np.array([FIELD + name in shape.columns for shape in shapes], np.bool_)
        return AtPath(name, np.zeros_like(whole), named, np.zeros_like(whole), whole)
    columns = [next(iter(own), None) for own in there]
    held = np.array([column == FIELD + name for column in columns], np.bool_)
    escaped = np.array([column == RAW + name for column in columns], np.bool_)
    whole = np.array([column is not None for column in columns], np.bool_) & ~held & ~escaped
    named = np.array([FIELD + name in shape.columns for shape in shapes], np.bool_)
    return AtPath(name, held, named & ~held, escaped, whole)


def _may_have(shape: Shape, quoted: str) -> bool:
    """Whether a shape may have a key; keys of shapes have no escapes. To read one shape as JSON takes some 10 µs."""
    return shape.syntax == "json" and any(quoted in literal for literal in shape.literals)


def _columns(shape: Shape, path: tuple[str, ...]) -> list[str | None]:
    """The columns of the values at a path of keys, in order: _OBJECT for an object, None for null."""
    tree = json.loads("0".join(shape.literals), object_pairs_hook=tuple)  # good for a text in quotes, too
    return [column for at, column in _values(tree, (), iter(shape.columns)) if at == path]


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
