"""`| uniq by (a, b)`: each combination of values once."""

from dataclasses import dataclass, field

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Span
from sigyn.languages.logql.pipes.words import accept_word, print_names, read_names, wrong


@dataclass(frozen=True, slots=True)
class Uniq:
    """`| uniq by (names)`: a row per combination, with these columns alone."""

    names: tuple[str, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that come out."""
        return self.names

    def __str__(self) -> str:
        return f"| uniq by {print_names(self.names)}"


def parse_uniq(cursor: Cursor, start: int) -> Uniq:
    """What stands behind `| uniq`. Raises ParseError."""
    if not accept_word(cursor, "by"):
        raise wrong(cursor, "`uniq` needs `by`", "| uniq by (user_id)")
    names = tuple(dict.fromkeys(read_names(cursor, "uniq by", "| uniq by (user_id)")))
    return Uniq(names, Span(start, cursor.last_end))
