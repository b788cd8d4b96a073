"""Takes lines apart: which shapes they have, and the columns of their fields."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from sigyn.store.shapes.forms import MISFITS, Form, TextForm, choose_form, letters_of
from sigyn.store.shapes.shape import Shape, Skeleton, columns_of, shape_of
from sigyn.store.shapes.values import ROOM, Columns, Flags, Integers, Longs, string_array, string_buffers, valid_rows

MAX_SHAPES = 1024  # in a segment
MAX_SHAPE_TEXT = 256 << 10  # bytes of all of them: they are read with the footer
MAX_COLUMNS = 128  # in a segment: each costs a reader of other columns some 60 bytes of footer in every row group
LEAST_SHARE = 2000  # one line of so many at least has the shape, or the column, to be worth it


@dataclass(frozen=True, slots=True)
class ShapeTable:
    """Shapes, with what the loops need of them.

    literals, literal_ends   the text of all literals (and some bytes behind it), and where each ends
    first_literal            number of the first literal of each shape, and behind the last
    """

    shapes: tuple[Shape, ...]
    literals: npt.NDArray[np.uint8]
    literal_ends: Longs
    first_literal: Longs

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> "ShapeTable":
        """The table of some shapes."""
        texts = [literal.encode() for shape in shapes for literal in shape.literals]
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64) if texts else np.zeros(0, np.int64)
        counts = [len(shape.literals) for shape in shapes]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(tuple(shapes), np.frombuffer(b"".join(texts) + bytes(ROOM), np.uint8), ends, first)


@dataclass(frozen=True, slots=True)
class Holes:
    """Where the values of lines stand in their column's data; the holes of line i begin at first[i]."""

    first: Integers
    starts: Integers
    lengths: Integers


@dataclass(frozen=True, slots=True)
class ShapedLines:
    """Lines taken apart.

    table    the shapes
    of_line  for each line its shape, -1: it keeps its text
    forms    the form of each column
    columns  the physical columns, null where a line has no such value
    holes    where the values were
    """

    table: ShapeTable
    of_line: Integers
    forms: dict[str, Form]
    columns: Columns
    holes: Holes


@dataclass(frozen=True, slots=True)
class ShapeRules:
    """What may be a shape.

    shape_of      the shape of texts with a skeleton; None: it is none
    most_columns  of all shapes together
    """

    shape_of: Callable[[Skeleton], Shape | None]
    most_columns: int


OF_LINES = ShapeRules(shape_of, MAX_COLUMNS)


def shape_lines(
    lines: pa.StringArray, timestamps: Longs, least: int, rules: ShapeRules = OF_LINES
) -> ShapedLines | None:
    """Takes lines apart; None when no shape has as many as `least` of them, or one in LEAST_SHARE."""
    from sigyn.store.shapes.column_loops import verify

    data, offsets = string_buffers(lines)
    holes, of_line, shapes = _skimmed(data, offsets, least, rules)
    if not shapes:
        return None
    table = ShapeTable.of(shapes)
    verify(
        data, offsets, holes.first, holes.starts, holes.lengths, of_line,
        table.literals, table.literal_ends, table.first_literal,
    )  # fmt: skip
    forms: dict[str, Form] = {}
    columns: Columns = {}
    for name in columns_of(shapes):
        texts = _texts(name, table, of_line, data, holes)
        form, encoded, fits = _encoded(name, texts, timestamps)
        forms[name] = form
        columns |= encoded
        of_line[~fits & valid_rows(texts)] = -1
    shaped = pa.array(of_line >= 0)
    for name, column in columns.items():  # a line that a later column had to leave out is in none
        if column.null_count != len(column) and pc.any(pc.and_(column.is_valid(), pc.invert(shaped))).as_py():
            columns[name] = pc.if_else(shaped, column, None)
    return ShapedLines(table, of_line, forms, columns, holes)


def _skimmed(
    data: npt.NDArray[np.uint8], offsets: Integers, least: int, rules: ShapeRules
) -> tuple[Holes, Integers, list[Shape]]:
    """Where the values of lines are, as far as a skim tells, and what `_frequent` makes of that."""
    from sigyn.store.shapes.skim_loops import skim

    lines = len(offsets) - 1
    room = int(offsets[-1] - offsets[0]) // 2 + 2
    first = np.empty(lines + 1, np.int32)
    hashes = np.empty(lines, np.uint64)
    starts, lengths, kinds = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.uint8)
    skim(data, offsets, hashes, first, starts, lengths, kinds)
    for holed in (starts, lengths, kinds):
        holed.resize(int(first[-1]), refcheck=False)  # in place: a copy would stand beside all the room
    holes = Holes(first, starts, lengths)
    return holes, *_frequent(hashes, least, rules, lambda line: _skeleton(data, offsets, holes, kinds, line))


def _frequent(
    hashes: npt.NDArray[np.uint64], least: int, rules: ShapeRules, skeleton: Callable[[int], Skeleton]
) -> tuple[Integers, list[Shape]]:
    """For each line its shape, -1: none; and the shapes, those of most lines."""
    found, example, number, counts = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    least = max(least, len(hashes) // LEAST_SHARE)
    shapes: list[Shape] = []
    names: set[str] = set()
    weight = 0
    chosen = np.full(len(found), -1, np.int32)
    for place in np.argsort(-counts, kind="stable").tolist():
        if counts[place] < least or len(shapes) >= MAX_SHAPES:
            break
        shape = rules.shape_of(skeleton(int(example[place]))) if found[place] else None
        if shape is None or weight + shape.weight > MAX_SHAPE_TEXT:
            continue
        if len(names.union(shape.columns)) > rules.most_columns:
            continue
        chosen[place] = len(shapes)
        shapes.append(shape)
        names.update(shape.columns)
        weight += shape.weight
    return chosen[number], shapes


def _skeleton(
    data: npt.NDArray[np.uint8], offsets: Integers, holes: Holes, kinds: npt.NDArray[np.uint8], line: int
) -> Skeleton:
    first, last = int(holes.first[line]), int(holes.first[line + 1])
    begins = [int(offsets[line]), *(holes.starts[first:last] + holes.lengths[first:last]).tolist()]
    ends = [*holes.starts[first:last].tolist(), int(offsets[line + 1])]
    literals = tuple(data[begin:end].tobytes().decode() for begin, end in zip(begins, ends, strict=True))
    return Skeleton(literals, tuple(kinds[first:last].tolist()))


def _texts(
    name: str, table: ShapeTable, of_line: Integers, data: npt.NDArray[np.uint8], holes: Holes
) -> pa.StringArray:
    """The texts of a column, null where a line has none."""
    from sigyn.store.shapes.column_loops import gather, pick

    hole_of = np.array([shape.columns.index(name) if name in shape.columns else -1 for shape in table.shapes], np.int32)
    starts, lengths = np.empty(len(of_line), np.int32), np.empty(len(of_line), np.int32)
    pick(of_line, hole_of, holes.first, holes.starts, holes.lengths, starts, lengths)
    offsets = np.zeros(len(of_line) + 1, np.int32)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    gather(data, starts, lengths, offsets, out)
    return string_array(offsets, out, lengths >= 0)


def _encoded(name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Form, Columns, Flags]:
    """A form that holds nearly all of the texts, its columns, and which texts it holds."""
    form = choose_form(texts)
    columns, fits = form.encode(name, texts, timestamps)
    present = len(texts) - texts.null_count
    if present - int(fits.sum()) > MISFITS * present:
        form = TextForm(dictionary=False)
        columns, fits = form.encode(name, texts, timestamps)
    if isinstance(form, TextForm):
        if form.dictionary:
            form, columns = form.with_few(name, columns)
        if not form.few:
            form = structs.replace(form, letters=letters_of(texts))
    return form, columns, fits
