"""`| top 5 by (path)`: the combinations of values that most rows have, with how many."""

from dataclasses import dataclass, field

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Span
from sigyn.languages.logql.pipes.words import accept_word, print_names, read_count, read_names, wrong

HITS = "hits"
DEFAULT = 10
EXAMPLE = "| top 10 by (path)"


@dataclass(frozen=True, slots=True)
class Top:
    """`| top count by (names)`; the column `hits` says how many rows each combination stands for."""

    count: int
    names: tuple[str, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that come out."""
        return (*self.names, HITS)

    def __str__(self) -> str:
        return f"| top {self.count} by {print_names(self.names)}"


def parse_top(cursor: Cursor, start: int) -> Top:
    """What stands behind `| top`. Raises ParseError."""
    count = DEFAULT if cursor.token.text.lower() == "by" else read_count(cursor, "top", EXAMPLE, least=1)
    if not accept_word(cursor, "by"):
        raise wrong(cursor, "`top` needs `by`", EXAMPLE)
    names = tuple(dict.fromkeys(read_names(cursor, "top by", EXAMPLE)))
    if HITS in names:
        raise wrong(cursor, "`top` gives the column `hits` itself", EXAMPLE)
    return Top(count, names, Span(start, cursor.last_end))
