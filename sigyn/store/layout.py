"""How a sorted segment holds what was taken apart, its lines or structured metadata, as its footer says it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from sigyn.store.shapes.forms import Form, TextForm
from sigyn.store.shapes.shape import Shape, Syntax
from sigyn.store.shapes.shaping import ShapeTable
from sigyn.store.shapes.templates import Template, TemplatedForm
from sigyn.store.shapes.values import Flags

_BEGIN_JSON = ("", "{", "[", '"')
"""What the parser of JSON looks further behind."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sorted segment holds its lines; of structured metadata, `line` means the text of an entry's.

    codes      for each syntax which shapes are of it, and behind them that lines without a shape are not
    literals   the texts around the values of each shape
    alphabets  the bytes (256 flags) that the texts of each column are made of; None: any
    longest    bytes of a text of each column, at most; None: any
    few        all texts of a column, where they are few; empty: they are not
    with_dictionary  columns of texts that are held with a dictionary
    blank      for each syntax the shapes of the other one, as in `codes`, in whose lines its parser finds nothing
    """

    table: ShapeTable
    forms: dict[str, Form]
    codes: dict[str, Flags]
    literals: tuple[tuple[bytes, ...], ...]
    alphabets: dict[str, Flags | None]
    longest: dict[str, int | None]
    few: dict[str, tuple[bytes, ...]]
    with_dictionary: frozenset[str]
    blank: dict[str, Flags]

    @classmethod
    def of(cls, shapes: bytes, forms: bytes) -> "Layout":
        """The layout from what the footer says."""
        table = ShapeTable.of(msgspec.json.decode(shapes, type=tuple[Shape, ...]))
        syntaxes = np.array([shape.syntax for shape in table.shapes])
        # One place more for -1, the lines without a shape.
        codes = {name: np.append(syntaxes == name, False) for name in ("json", "logfmt")}
        of_column = msgspec.json.decode(forms, type=dict[str, Form])
        literals = tuple(tuple(literal.encode() for literal in shape.literals) for shape in table.shapes)
        alphabets = {name: form.alphabet() for name, form in of_column.items()}
        longest = {name: form.longest for name, form in of_column.items()}
        few = {
            name: tuple(text.encode() for text in form.few) if isinstance(form, TextForm) else ()
            for name, form in of_column.items()
        }
        with_dictionary = frozenset(
            name
            for name, form in of_column.items()
            if isinstance(form, TextForm) and form.dictionary and not form.coded
        )
        held = {name: _may_hold(few[name], alphabets[name], b"=") for name in of_column}
        blank = {
            "logfmt": codes["json"] & _flags(table, lambda shape: not _has_pairs(shape, held)),
            "json": codes["logfmt"] & _flags(table, lambda shape: shape.literals[0].lstrip()[:1] not in _BEGIN_JSON),
        }
        return cls(table, of_column, codes, literals, alphabets, longest, few, with_dictionary, blank)

    def templates(self, column: str) -> tuple[Template, ...]:
        """What the texts of a column are but for their numbers, where it holds places among these; else empty."""
        form = self.forms[column]
        return form.templates if isinstance(form, TemplatedForm) else ()

    def coded_texts(self, column: str) -> tuple[bytes, ...]:
        """The texts of a column, where it holds places among these; else empty."""
        form = self.forms[column]
        return self.few[column] if isinstance(form, TextForm) and form.coded else ()

    def may_hold(self, column: str, text: bytes) -> bool:
        """Whether this may stand in some text of a column, as far as the footer tells."""
        return _may_hold(self.few[column], self.alphabets[column], text)

    def is_known_to(self, parsers: Collection[Syntax]) -> bool:
        """Whether the columns hold all that each of these parsers finds in lines that have a shape."""
        return all(self.codes[each][:-1].all() for each in parsers)

    def columns_of(self, shapes: npt.NDArray[np.integer]) -> list[str]:
        """The columns that lines of these shapes are made of."""
        return list(dict.fromkeys(name for shape in shapes.tolist() for name in self.table.shapes[shape].columns))


def _may_hold(few: Sequence[bytes], alphabet: Flags | None, text: bytes) -> bool:
    if few:
        return any(text in each for each in few)
    return alphabet is None or bool(alphabet[list(text)].all())


def _has_pairs(shape: Shape, held: Mapping[str, bool]) -> bool:
    """Whether lines of a shape may have a `=`, without which there is no pair of logfmt; `held` says it of columns."""
    return any("=" in literal for literal in shape.literals) or any(held[column] for column in shape.columns)


def _flags(table: ShapeTable, test: Callable[[Shape], bool]) -> Flags:
    """Which shapes pass a test, and behind them that lines without one do not."""
    return np.array([*map(test, table.shapes), False], np.bool_)
