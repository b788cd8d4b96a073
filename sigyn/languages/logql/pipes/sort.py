"""`| sort by count desc, level`, also `| order by ...`: rows in order."""

from dataclasses import dataclass, field

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Span
from sigyn.languages.logql.pipes.words import accept_word, read_name, wrong

EXAMPLE = "| sort by (count desc)"


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field, in rising order unless `descending`."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """`| sort by (keys)`: the first key decides, the next ones among equals."""

    keys: tuple[SortKey, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return f"| sort by ({', '.join(key.name + (' desc' if key.descending else '') for key in self.keys)})"


def parse_sort(cursor: Cursor, start: int) -> Sort:
    """What stands behind `| sort`. Raises ParseError."""
    if not accept_word(cursor, "by"):
        raise wrong(cursor, "`sort` needs `by`", "| sort by count desc")
    enclosed = cursor.accept("(") is not None
    keys = [_parse_key(cursor)]
    while cursor.accept(","):
        keys.append(_parse_key(cursor))
    if enclosed and not cursor.accept(")"):
        raise wrong(cursor, "`sort by` needs a `)` behind its fields", EXAMPLE)
    if enclosed and accept_word(cursor, "asc", "desc") == "desc":
        keys = [SortKey(key.name, not key.descending) for key in keys]
    return Sort(tuple(keys), Span(start, cursor.last_end))


def _parse_key(cursor: Cursor) -> SortKey:
    name = read_name(cursor, "sort by", EXAMPLE)
    return SortKey(name, accept_word(cursor, "asc", "desc") == "desc")
