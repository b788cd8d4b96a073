"""Pipes: rows in, rows out. A table is written as `column=value` cells, a line per row."""

import pyarrow as pa
import pytest

from sigyn.engine.pipes import run_pipes
from sigyn.engine.pipes.rows import EntryRows, Rows, TableRows
from sigyn.engine.pipes.stats import MAX_GROUPS, StatsGroups
from sigyn.languages.logql import ast, parse
from sigyn.languages.logql.pipes import Stats
from sigyn.languages.logql.pipes.stats import Key, Measure
from sigyn.model.errors import QueryError
from sigyn.model.results import LogEntry

ENTRIES = [
    LogEntry(30, "third", (("app", "a"),), (), (("level", "error"), ("ms", "120"))),
    LogEntry(20, "second", (("app", "b"),), (("trace", "t"),), (("level", "info"), ("ms", "9"))),
    LogEntry(10, "first", (("app", "a"),), (), (("level", "error"), ("ms", "slow"), ("line", "own"))),
]

COUNTS = """
level=error n=12 share=0.5
level=warn  n=3  share=0.25
level=      n=7  share=
level=info  n=12 share=2
"""


def table(text: str) -> TableRows:
    cells = [dict(cell.split("=") for cell in line.split()) for line in text.strip().splitlines()]
    columns: dict[str, pa.Array] = {}
    for name in cells[0]:
        values = [cell[name] for cell in cells]
        numeric = name in ("n", "share")
        columns[name] = (
            pa.array([float(value) if value else None for value in values], pa.float64())
            if numeric
            else pa.array(values, pa.string())
        )
    return TableRows(pa.table(columns))


def piped(text: str, rows: Rows) -> Rows:
    query = parse(f'{{a="b"}} | limit 100000 {text}')
    assert isinstance(query, ast.PipedQuery)
    return run_pipes(query.pipes[1:], rows)


def shown(rows: Rows, *names: str) -> str:
    """Cells of these columns, or of all that a table has."""
    if isinstance(rows, TableRows):
        names = names or tuple(rows.table.column_names)
    columns = [rows.column(name).to_pylist() for name in names]
    lines = []
    for row in zip(*columns, strict=True):
        cells = (f"{value:g}" if isinstance(value, float) else ("" if value is None else str(value)) for value in row)
        lines.append(" ".join(f"{name}={cell}" for name, cell in zip(names, cells, strict=True)))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("pipe", "rows"),
    [
        ("| sort by n desc, level", "error info  warn"),
        ("| sort by level", "error info warn "),
        ("| sort by level desc", "warn info error "),
        ("| sort by share", "warn error info "),
        ("| sort by share desc", "info error warn "),
        ("| sort by n", "warn  error info"),
        ("| limit 2", "error warn"),
        ("| offset 3", "info"),
        ("| offset 9", ""),
        ("| n > 3 and n < 12", ""),
        ("| where n > 3", "error  info"),
        ('| where level =~ "w.*" or share >= 2', "warn info"),
        ('| level = ""', ""),
        ('| level in ("warn", "info")', "warn info"),
        ("| where share < 1", "error warn"),
        ("| where level > 1", ""),
        ("| limit 3 | offset 1 | sort by n", "warn "),
    ],
)
def test_rows_that_stay(pipe: str, rows: str) -> None:
    kept = piped(pipe, table(COUNTS)).column("level").to_pylist()
    assert " ".join(kept) == rows


@pytest.mark.parametrize(
    ("pipe", "rows"),
    [
        ("| fields share, level | limit 1", "share=0.5 level=error"),
        ("| math x = n * share, y = x / 2 | fields y", "y=3\ny=0.375\ny=\ny=12"),
        ("| math x = n / 0 - 1 | limit 1 | fields x", "x=inf"),
        ("| math x = n / 0 | math y = x - 1, z = -x | limit 1 | fields y, z", "y=inf z=-inf"),
        ("| math n = -n % 5 | fields n | limit 2", "n=-2\nn=-3"),
        ("| math x = round(2.5), y = max(n, 10), z = level + 1 | fields x, y, z | limit 1", "x=3 y=12 z="),
        ("| stats sum(n) as total, min(share), max(share), avg(n)", "total=34 min_share=0.25 max_share=2 avg_n=8.5"),
        ("| stats count() as rows, uniq_values(level) as levels by n", "n=12 rows=2 levels=['error', 'info']\n"
         "n=3 rows=1 levels=['warn']\nn=7 rows=1 levels=[]"),
        ("| stats median(n), quantile(0.25, n) as q, stdvar(n)", "median_n=9.5 q=6 stdvar_n=14.25"),
        ("| stats stddev(n)", "stddev_n=3.77492"),
        ("| sort by n | math x = n + 0 / (n - 7) | stats min(x)", "min_x=3"),
        ("| sort by n desc | math x = n + 0 / (n - 7) | stats max(x)", "max_x=12"),
        ("| stats first(level), last(level), count(level), count_uniq(n)",
         "first_level=error last_level=info count_level=3 count_uniq_n=3"),
        ("| uniq by (n)", "n=12\nn=3\nn=7"),
        ("| top 1 by (n)", "n=12 hits=2"),
        ("| where n > 100 | stats count(), sum(n)", "count=0 sum_n="),
        ("| where n > 100 | stats count() by level", ""),
    ],
)  # fmt: skip
def test_rows_that_are_made(pipe: str, rows: str) -> None:
    assert shown(piped(pipe, table(COUNTS))) == rows


@pytest.mark.parametrize(
    ("pipe", "lines"),
    [
        ("| sort by ms", "second third first"),
        ("| sort by ms desc", "third second first"),
        ("| sort by _time", "first second third"),
        ("| sort by line", "first second third"),
        ("| where ms >= 9", "third second"),
        ('| trace = "t"', "second"),
        ('| line_label = "own"', "first"),
        ("| math ms = ms * 2 | sort by ms desc | limit 1", "third"),
    ],
)
def test_entries_stay_entries(pipe: str, lines: str) -> None:
    rows = piped(pipe, EntryRows(ENTRIES))
    assert isinstance(rows, EntryRows)
    assert [entry.line for entry in rows.entries] == lines.split()


@pytest.mark.parametrize(
    ("pipe", "rows"),
    [
        ("| fields app, line | limit 2", "app=a line=third\napp=b line=second"),
        ("| stats count() as n by (app)", "app=a n=2\napp=b n=1"),
        ("| stats sum(ms) as total, count() as n by (level)", "level=error total=120 n=2\nlevel=info total=9 n=1"),
        ("| stats values(line) as lines by (trace)", "trace= lines=['third', 'first']\ntrace=t lines=['second']"),
        ("| top 1 by (level)", "level=error hits=2"),
    ],
)
def test_entries_become_rows(pipe: str, rows: str) -> None:
    assert shown(piped(pipe, EntryRows(ENTRIES))) == rows


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(QueryError, match="the rows have no column `cnt` here; they have `level`, `n`, `share`"):
        piped("| sort by cnt", table(COUNTS))


def test_groups_are_bounded() -> None:
    groups = StatsGroups(Stats((Measure("count", "n"),), (Key("x"),)))
    texts = map(str, range(MAX_GROUPS + 1))
    for _ in range(MAX_GROUPS):
        groups.add(lambda _: next(texts), 0)
    with pytest.raises(QueryError, match=f"`stats by \\(x\\)` has more than {MAX_GROUPS} groups"):
        groups.add(lambda _: next(texts), 0)
