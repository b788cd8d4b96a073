"""Values at paths of keys in lines that are held in shapes and columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.engine.fields import Piece, StoredField
from sigyn.engine.frame import Rows
from sigyn.store.portion import Portion
from sigyn.store.shapes.paths import AtPath, Path, at_path
from sigyn.store.shapes.values import Flags


@dataclass(frozen=True, slots=True)
class StoredValues:
    """`values` of some lines, empty where a line has none; of those that are `hard`, the interpreter has to tell."""

    values: Piece
    hard: Flags


def has_whole(portion: Portion, paths: Sequence[Path], rows: Rows) -> Flags | None:
    """Which of these entries (rising) have an object or array at one of the paths, if they have a shape; None: none.

    These are given as they are written, so that it takes the line to know them.
    """
    if not paths:
        return None
    whole = np.logical_or.reduce([_at(portion, path).whole for path in paths])
    return whole[portion.shapes(rows)] if whole.any() else None


def stored_values(portion: Portion, path: Path, rows: Rows) -> StoredValues:
    """The values at a path of these entries (rising), which have shapes of JSON with no object or array there."""
    found = _at(portion, path)
    field = StoredField(portion, found.name, rows, "")
    replaced = portion.replaced(found.name)
    hard = np.zeros(len(rows), np.bool_) if replaced is None else replaced[rows]
    if not found.escaped.any() and not found.elsewhere.any():
        return StoredValues(field, hard)
    shapes = portion.shapes(rows)
    hard, elsewhere = hard | found.escaped[shapes], found.elsewhere[shapes]
    if not elsewhere.any():
        return StoredValues(field, hard)
    texts = field.texts().cast(pa.string())
    return StoredValues(pc.if_else(pa.array(elsewhere), "", texts), hard)


def _at(portion: Portion, path: Path) -> AtPath:
    assert portion.layout is not None
    return at_path(portion.layout.table.shapes, path)
