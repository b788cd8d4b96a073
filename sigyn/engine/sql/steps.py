"""What a compiled pipeline does to a frame, step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sigyn.engine.automata.automaton import Kind
from sigyn.engine.sql.text import Sql
from sigyn.languages.logql.pattern import Capture

Path: TypeAlias = tuple[str | int, ...]
"""Keys, from the outermost object to the value."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the rows for which the predicate is true."""

    predicate: Sql

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.predicate.columns


PACKED_LINE = ""
"""Under what name a parser is asked for the line that was packed; no label is called so."""


@dataclass(slots=True)
class Parse:
    """Run a parser's kernel over `line`, for the labels that later steps asked for.

    wanted  label name (for logfmt and json: as flattened) to the column that holds its value; of unpack the first is
            PACKED_LINE, whose column holds the line that was packed
    hard    column: true where the interpreter has to decide about the line
    failed  column: true where the parser fails with `error` and gives no label at all
    pieces  of a pattern
    paths   with expressions: the only labels that the parser gives, and the path of keys to the value of each (one
            key in logfmt, as flattened); every line that the parser understands has all of them, empty at least
    """

    kind: Literal["json", "logfmt", "pattern", "unpack"]
    line: Sql
    hard: str
    failed: str
    error: str = ""
    pieces: tuple[str | Capture, ...] = ()
    keep_empty: bool = False
    paths: dict[str, Path] = field(default_factory=dict)
    wanted: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.line.columns


@dataclass(frozen=True, slots=True)
class Compute:
    """Add a column with the value of an expression."""

    name: str
    value: Sql

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.value.columns


@dataclass(frozen=True, slots=True)
class Coalesce:
    """Add a column with the first text that is not null among those of two sources."""

    name: str
    sources: tuple[Sql, Sql]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return frozenset().union(*(source.columns for source in self.sources))


Convert: TypeAlias = Callable[[str], float | None]
"""Gives the number that a text stands for, None when it stands for none."""


@dataclass(frozen=True, slots=True)
class Map:
    """Add a float64 column: `convert` of each distinct text of `source`, null where it has none."""

    name: str
    source: Sql
    convert: Convert

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.source.columns


@dataclass(frozen=True, slots=True)
class Extract:
    """Add columns with what groups of a regular expression take of the first match in `line`, null where it has none.

    A group that takes no part in a match is empty.

    expression  as SQL
    count       how many groups it has
    groups      names of the columns, each with the number of its group, from 1 on; there is one at least
    """

    line: Sql
    expression: Sql
    count: int
    groups: tuple[tuple[str, int], ...]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.line.columns


@dataclass(frozen=True, slots=True)
class MatchPattern:
    """Add a column of truth values: whether one of some patterns of `|>` covers `line`, which is a column."""

    name: str
    line: Sql
    patterns: tuple[str, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.line.columns


@dataclass(frozen=True, slots=True)
class FindAddress:
    """Add a column of truth values: whether `line`, which is a column, holds an address of one of some patterns."""

    name: str
    line: Sql
    patterns: tuple[str, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.line.columns


@dataclass(frozen=True, slots=True)
class Render:
    """Add a column of texts: `render` of each combination of texts of `sources`, of which there is one at least.

    A source that is null counts as the empty text.

    render  gives None where it can't make a text
    doubt   column: true where it gave None
    """

    name: str
    doubt: str
    sources: tuple[Sql, ...]
    render: Callable[[Sequence[str]], str | None]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return frozenset().union(*(source.columns for source in self.sources))


@dataclass(frozen=True, slots=True)
class Number:
    """Add the number that a text stands for (null: none, or in doubt), and whether that is in doubt."""

    name: str
    doubt: str
    source: Sql

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.source.columns


@dataclass(frozen=True, slots=True)
class FilterText:
    """Keep the rows for which the predicate over the line is true, where lines are held as text.

    A step behind it keeps no others anyway: this one only saves parsing.
    """

    predicate: Sql

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.predicate.columns


@dataclass(frozen=True, slots=True)
class FilterLine:
    """Keep the entries in whose line one of some texts, expressions or patterns is found; or none, if `negative`.

    sought     the texts, expressions or patterns
    kind       which of them they are
    predicate  the same as SQL
    first      the step that makes what the predicate reads besides lines, where there is one
    """

    sought: tuple[str, ...]
    kind: Kind
    negative: bool
    predicate: Sql
    first: MatchPattern | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the step reads."""
        return self.first.columns if self.first is not None else self.predicate.columns


Step: TypeAlias = (
    Filter
    | FilterLine
    | FilterText
    | Parse
    | Extract
    | MatchPattern
    | FindAddress
    | Compute
    | Coalesce
    | Map
    | Render
    | Number
)
