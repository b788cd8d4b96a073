"""`| fields a, b`: a table of these fields."""

from dataclasses import dataclass, field

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Span
from sigyn.languages.logql.pipes.words import read_names


@dataclass(frozen=True, slots=True)
class Fields:
    """`| fields a, b`: these columns in this order; `line` is the line, `_time` the time of an entry."""

    names: tuple[str, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that come out."""
        return self.names

    def __str__(self) -> str:
        return f"| fields {', '.join(self.names)}"


def parse_fields(cursor: Cursor, start: int) -> Fields:
    """What stands behind `| fields`. Raises ParseError."""
    names = tuple(dict.fromkeys(read_names(cursor, "fields", "| fields user_id, status")))
    return Fields(names, Span(start, cursor.last_end))
