"""How a sorted segment holds what was taken apart, its lines or structured metadata, as its footer says it."""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from sigyn.store.shapes.forms import Form, TextForm
from sigyn.store.shapes.shape import Shape, Syntax
from sigyn.store.shapes.shaping import ShapeTable
from sigyn.store.shapes.templates import Template, TemplatedForm
from sigyn.store.shapes.values import Flags


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sorted segment holds its lines; of structured metadata, `line` means the text of an entry's.

    codes      for each syntax which shapes are of it, and behind them that lines without a shape are not
    literals   the texts around the values of each shape
    alphabets  the bytes (256 flags) that the texts of each column are made of; None: any
    longest    bytes of a text of each column, at most; None: any
    few        all texts of a column, where they are few; empty: they are not
    with_dictionary  columns of texts that are held with a dictionary
    """

    table: ShapeTable
    forms: dict[str, Form]
    codes: dict[str, Flags]
    literals: tuple[tuple[bytes, ...], ...]
    alphabets: dict[str, Flags | None]
    longest: dict[str, int | None]
    few: dict[str, tuple[bytes, ...]]
    with_dictionary: frozenset[str]

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
        return cls(table, of_column, codes, literals, alphabets, longest, few, with_dictionary)

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
        if self.few[column]:
            return any(text in each for each in self.few[column])
        alphabet = self.alphabets[column]
        return alphabet is None or bool(alphabet[list(text)].all())

    def is_known_to(self, parsers: Collection[Syntax]) -> bool:
        """Whether the columns hold all that each of these parsers finds in lines that have a shape."""
        return all(self.codes[each][:-1].all() for each in parsers)

    def columns_of(self, shapes: npt.NDArray[np.integer]) -> list[str]:
        """The columns that lines of these shapes are made of."""
        return list(dict.fromkeys(name for shape in shapes.tolist() for name in self.table.shapes[shape].columns))
