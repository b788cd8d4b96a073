"""`| where count > 10 and count < 1000`, also `| filter ...` or the comparison alone: some of the rows."""

from dataclasses import dataclass, field

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Predicate, Span
from sigyn.languages.logql.predicates import parse_predicate


@dataclass(frozen=True, slots=True)
class Where:
    """Rows whose columns satisfy a predicate, written as in a label filter."""

    predicate: Predicate
    span: Span = field(default=NOWHERE, compare=False, repr=False)


def parse_where(cursor: Cursor, start: int) -> Where:
    """What stands behind `| where`, or behind the bar when a comparison stands alone. Raises ParseError."""
    return Where(parse_predicate(cursor), Span(start, cursor.last_end))
