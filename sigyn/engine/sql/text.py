"""Fragments of SQL that know which columns they read.

Some know besides how to answer without SQL: to put a table into DuckDB and to get the answer back costs some 2 ms
each time, which is more than to compare a column of codes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sigyn.engine.frame import Frame
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.languages.regex import with_long_names

Mask: TypeAlias = npt.NDArray[np.bool_]

Test: TypeAlias = Callable[[Frame], Mask]
"""For each row of a frame whether a predicate is true."""


@dataclass(frozen=True, slots=True)
class Sql:
    """An SQL expression and the frame columns in it.

    name  of the column, where the expression is nothing else
    test  the same without SQL, for a predicate that is never NULL
    """

    text: str
    columns: frozenset[str] = frozenset()
    name: str | None = None
    test: Test | None = field(default=None, compare=False)

    def with_test(self, test: Test | None) -> "Sql":
        """The same expression, which can be answered without SQL."""
        return Sql(self.text, self.columns, self.name, test)

    def __str__(self) -> str:
        return self.text


FALSE = Sql("false")
NULL = Sql("NULL")


def column(name: str) -> Sql:
    """A reference to a column of the frame."""
    return Sql(identifier(name), frozenset((name,)), name)


def flag(name: str) -> Sql:
    """A reference to a column of truth values without NULL."""
    return column(name).with_test(lambda frame: frame.flags(name))


def build(template: str, *parts: Sql) -> Sql:
    """`template` with each `{}` replaced by a part."""
    return Sql(template.format(*(part.text for part in parts)), frozenset().union(*(part.columns for part in parts)))


def any_of(parts: Sequence[Sql]) -> Sql:
    """True where one of the parts is."""
    if not parts:
        return FALSE
    return parts[0] if len(parts) == 1 else _joined(parts, " OR ", np.logical_or)


def all_of(parts: Sequence[Sql]) -> Sql:
    """True where all of the parts are."""
    return parts[0] if len(parts) == 1 else _joined(parts, " AND ", np.logical_and)


def _joined(parts: Sequence[Sql], word: str, operation: np.ufunc) -> Sql:
    text = "(" + word.join(part.text for part in parts) + ")"
    joined = Sql(text, frozenset().union(*(part.columns for part in parts)))
    tests = [part.test for part in parts if part.test is not None]
    if len(tests) < len(parts):
        return joined
    return joined.with_test(lambda frame: np.asarray(operation.reduce([test(frame) for test in tests])))


def negated(part: Sql) -> Sql:
    """True where the part is false."""
    result = build("(NOT {})", part)
    test = part.test
    return result if test is None else result.with_test(lambda frame: ~test(frame))


def literal(text: str) -> Sql:
    """A string literal; a text with a NUL byte, which SQL text can't hold, is Unsupported."""
    if "\0" in text:
        raise Unsupported("a NUL byte in a string")
    quoted = text.replace("'", "''")
    # build() formats later, so braces of user text have to survive it: parts are never templates.
    return Sql(f"'{quoted}'")


def expression(pattern: str) -> Sql:
    """A literal of a regular expression, as DuckDB reads them. Unsupported as `literal`."""
    return literal(with_long_names(pattern))


def identifier(name: str) -> str:
    """A quoted identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
