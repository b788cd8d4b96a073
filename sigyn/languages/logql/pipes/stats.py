"""`| stats count() as n, quantile(0.99, duration(took)) by (level, _time:5m)`: a row per group."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, get_args

from sigyn.languages.durations import format_range, parse_duration
from sigyn.languages.go_numbers import format_plain
from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Conversion, Span
from sigyn.languages.logql.numbers import number_value
from sigyn.languages.logql.pipes.words import accept_word, at_name, read_name, wrong

StatsFunction: TypeAlias = Literal[
    "count",
    "count_uniq",
    "sum",
    "avg",
    "min",
    "max",
    "median",
    "quantile",
    "stddev",
    "stdvar",
    "first",
    "last",
    "values",
    "uniq_values",
]

TIME = "_time"
EXAMPLE = "| stats count() as n, avg(duration_ms) by (level)"

_FUNCTIONS = frozenset(get_args(StatsFunction))
_CONVERSIONS = ("duration", "duration_seconds", "bytes")
NUMERIC = frozenset({"sum", "avg", "min", "max", "median", "quantile", "stddev", "stdvar"})
"""Functions over the numbers that a field holds; the others take its texts."""


@dataclass(frozen=True, slots=True)
class Measure:
    """`quantile(0.99, duration(took)) as slow`.

    name         of the column
    field        empty for `count()`, which counts all entries; `count(x)` counts those with an x
    conversion   of a numeric function: how the text is read, as of unwrap
    parameter    the quantile
    """

    function: StatsFunction
    name: str
    field: str = ""
    conversion: Conversion = ""
    parameter: float | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are grouped by: a label, `line` for the line, or `_time` in buckets of `bucket` ns."""

    name: str
    bucket: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """`| stats measures by (keys)`; without keys there is one row."""

    measures: tuple[Measure, ...]
    by: tuple[Key, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that come out."""
        return (*(key.name for key in self.by), *(measure.name for measure in self.measures))

    def __str__(self) -> str:
        measures = ", ".join(map(_print_measure, self.measures))
        keys = f" by ({', '.join(map(_print_key, self.by))})" if self.by else ""
        return f"| stats {measures}{keys}"


def parse_stats(cursor: Cursor, start: int) -> Stats:
    """What stands behind `| stats`. Raises ParseError."""
    keys = _parse_keys(cursor)
    measures = [_parse_measure(cursor)]
    while cursor.accept(","):
        measures.append(_parse_measure(cursor))
    keys = keys or _parse_keys(cursor)
    stats = Stats(tuple(measures), keys, Span(start, cursor.last_end))
    for name in stats.columns:
        if stats.columns.count(name) > 1:
            raise wrong(cursor, f"`stats` gives two columns the name `{name}`", "| stats sum(x) as a, sum(x) as b")
    return stats


def _parse_measure(cursor: Cursor) -> Measure:
    token = cursor.token
    name = token.text.lower()
    if name not in _FUNCTIONS:
        known = ", ".join(sorted(_FUNCTIONS))
        raise wrong(cursor, f"`stats` knows no function `{token.text}`, only {known}", EXAMPLE)
    function = cast(StatsFunction, name)
    cursor.advance()
    _expect(cursor, "(", name)
    parameter = None
    if function == "quantile":
        if cursor.kind != "NUMBER":
            raise wrong(cursor, "`quantile` needs the quantile first", "| stats quantile(0.99, duration_ms)")
        parameter = number_value(cursor, cursor.advance())
        _expect(cursor, ",", name)
    source, conversion = _parse_source(cursor, function)
    _expect(cursor, ")", name)
    given = _parse_name(cursor)
    return Measure(function, given or _own_name(function, source, parameter), source, conversion, parameter)


def _parse_source(cursor: Cursor, function: StatsFunction) -> tuple[str, Conversion]:
    if function == "count" and cursor.kind in (")", "*"):
        cursor.accept("*")
        return "", ""
    word = read_name(cursor, function, f"| stats {function}(duration_ms)")
    if function in NUMERIC and word in _CONVERSIONS and cursor.accept("("):
        inner = read_name(cursor, word, f"| stats {function}({word}(took))")
        _expect(cursor, ")", word)
        return inner, cast(Conversion, word)
    return word, ""


def _parse_name(cursor: Cursor) -> str:
    if accept_word(cursor, "as"):
        return read_name(cursor, "as", "| stats count() as n")
    if at_name(cursor) and cursor.token.text.lower() != "by":
        return cursor.advance().text
    return ""


def _own_name(function: str, source: str, parameter: float | None) -> str:
    """`count`, `sum_x`, `p99_x`: names that can stand in a label filter."""
    if parameter is not None:
        share = format_plain(round(parameter * 100, 6)).replace(".", "_").replace("-", "_")
        return f"p{share}_{source}"
    return f"{function}_{source}" if source else function


def _parse_keys(cursor: Cursor) -> tuple[Key, ...]:
    if not accept_word(cursor, "by"):
        return ()
    enclosed = cursor.accept("(") is not None
    keys = [_parse_key(cursor)]
    while cursor.accept(","):
        keys.append(_parse_key(cursor))
    if enclosed:
        _expect(cursor, ")", "by")
    return tuple(keys)


def _parse_key(cursor: Cursor) -> Key:
    name = read_name(cursor, "by", "| stats count() by (level, _time:5m)")
    if name != TIME:
        return Key(name)
    if cursor.accept(":") and cursor.kind == "DURATION":
        length = parse_duration(cursor.token.value)
        if length > 0:
            cursor.advance()
            return Key(name, length)
    raise wrong(cursor, "`_time` needs the length of its buckets", "| stats count() by (_time:5m)")


def _expect(cursor: Cursor, kind: str, after: str) -> None:
    if not cursor.accept(kind):
        raise wrong(cursor, f"`{after}` needs a `{kind}` here", EXAMPLE)


def _print_measure(measure: Measure) -> str:
    source = f"{measure.conversion}({measure.field})" if measure.conversion else measure.field
    parameter = "" if measure.parameter is None else f"{format_plain(measure.parameter)}, "
    return f"{measure.function}({parameter}{source}) as {measure.name}"


def _print_key(key: Key) -> str:
    return f"{key.name}:{format_range(key.bucket)}" if key.bucket else key.name
