"""`| limit 10`, also `| head 10`, and `| offset 10`: some of the rows, in the order that they have."""

from dataclasses import dataclass, field

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Span
from sigyn.languages.logql.pipes.words import read_count

DEFAULT = 10


@dataclass(frozen=True, slots=True)
class Limit:
    """The first `count` rows."""

    count: int
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return f"| limit {self.count}"


@dataclass(frozen=True, slots=True)
class Offset:
    """All rows but the first `count`."""

    count: int
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return f"| offset {self.count}"


def parse_limit(cursor: Cursor, start: int) -> Limit:
    """What stands behind `| limit`; 10 when nothing does. Raises ParseError."""
    count = (
        DEFAULT if cursor.kind in ("|", "$end", ")", "RANGE") else read_count(cursor, "limit", "| limit 10", least=0)
    )
    return Limit(count, Span(start, cursor.last_end))


def parse_offset(cursor: Cursor, start: int) -> Offset:
    """What stands behind `| offset`. Raises ParseError."""
    return Offset(read_count(cursor, "offset", "| offset 10", least=0), Span(start, cursor.last_end))
