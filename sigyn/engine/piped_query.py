"""Log queries with pipes: which entries they need, and what becomes of them.

A `stats` (or what is short for one) right behind the stages never holds entries: it runs as range
aggregations, or over entries as they come by. All other pipes work on the rows that are there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sigyn.engine.context import QueryContext
from sigyn.engine.every_entry import asks_for_errors, every_entry
from sigyn.engine.interpreter.entry import ERROR, Processed
from sigyn.engine.interpreter.errors import Skipped
from sigyn.engine.log_query import run_log_query
from sigyn.engine.pipes.ranges import stats_from_ranges, unsuited
from sigyn.engine.pipes.rows import LINES, TIMES, EntryRows, Rows, TableRows, plain_name
from sigyn.engine.pipes.run import run_pipes, simplified
from sigyn.engine.pipes.stats import StatsGroups
from sigyn.engine.pipes.values import texts_of
from sigyn.engine.range_vector import PlanScan
from sigyn.languages.logql import ast
from sigyn.languages.logql.pipes import Fields, Limit, Math, Offset, Pipe, Sort, Stats
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import Direction, LogEntry, LogResult, TableResult
from sigyn.model.rfc3339 import format_rfc3339_nano

MAX_ENTRIES = 200_000
"""Entries that pipes other than `stats` may hold: some hundred MB."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the request says: start <= t < end (ns), the entries of an answer, newest or oldest first."""

    start: int
    end: int
    limit: int
    direction: Direction


def run_piped_query(
    query: ast.PipedQuery, asked: Asked, plan: PlanScan, context: QueryContext
) -> LogResult | TableResult:
    """The answer: entries where no pipe has turned them into rows of its own, else a table.

    Raises QueryError, also when the pipes would have to hold too much.
    """
    pipes = simplified(query.pipes)
    rows: Rows
    if pipes and isinstance(pipes[0], Stats):
        table = stats_table(pipes[0], query.query, asked, plan, context)
        return TableResult(asked.end, _shown(run_pipes(pipes[1:], TableRows(table))))
    pipes, direction = ordered_by_time(pipes, asked.direction)
    wanted = entries_wanted(pipes, asked.limit)
    scan = plan(query.query, asked.start, asked.end)
    entries = run_log_query(query.query, scan, MAX_ENTRIES + 1 if wanted is None else wanted, direction, context)
    if len(entries) > MAX_ENTRIES:
        raise QueryError(
            f"the pipes need more than {MAX_ENTRIES} entries at once; filter more, or ask for a shorter time range; "
            "`stats` and `top` right behind the stages take any number"
        )
    rows = run_pipes(pipes, EntryRows(entries))
    if not any(isinstance(pipe, Limit | Stats) for pipe in pipes):
        rows = run_pipes([Limit(asked.limit)], rows)
    if isinstance(rows, EntryRows):
        return LogResult(_with_made_labels(rows), direction)
    return TableResult(asked.end, _shown(rows))


def stats_table(pipe: Stats, query: ast.LogQuery, asked: Asked, plan: PlanScan, context: QueryContext) -> pa.Table:
    """The rows of a `stats` over entries."""
    if not unsuited(pipe, asked.start, asked.end):
        return stats_from_ranges(pipe, query, asked.start, asked.end, plan, context)
    groups = StatsGroups(pipe)
    named = (*(key.name for key in pipe.by), *(measure.field for measure in pipe.measures))
    keep_errors = asks_for_errors(query) or ERROR in named
    scan = plan(query, asked.start, asked.end)
    for entry in every_entry(query, scan, context, keep_errors=keep_errors):
        groups.add(_getter(entry), entry.timestamp)
    if groups.unreadable:
        if context.strict:
            raise QueryError(f"`stats` can't read a value: {groups.first_unreadable}")
        context.note_interpreted(0, Skipped(groups.unreadable, groups.first_unreadable))
    return groups.table()


def _getter(entry: Processed) -> Callable[[str], str | None]:
    def get(name: str) -> str | None:
        if name in LINES:
            return entry.line
        if name in TIMES:
            return format_rfc3339_nano(entry.timestamp)
        return entry.get(plain_name(name))

    return get


def ordered_by_time(pipes: tuple[Pipe, ...], direction: Direction) -> tuple[tuple[Pipe, ...], Direction]:
    """Without a first `sort by _time`: entries come in that order anyway, the few that are needed first."""
    if pipes and isinstance(pipes[0], Sort) and len(pipes[0].keys) == 1 and pipes[0].keys[0].name in TIMES:
        return pipes[1:], "backward" if pipes[0].keys[0].descending else "forward"
    return pipes, direction


def entries_wanted(pipes: Sequence[Pipe], limit: int) -> int | None:
    """How many entries, in the order of the answer, decide about the rows; None: all. At most one too many."""
    skipped = 0
    for pipe in pipes:
        match pipe:
            case Math() | Fields():
                continue
            case Offset(count):
                skipped += count
            case Limit(count):
                return min(skipped + count, MAX_ENTRIES + 1)
            case _:
                return None
    return min(skipped + limit, MAX_ENTRIES + 1)


def _with_made_labels(rows: EntryRows) -> list[LogEntry]:
    """The entries, with what `math` computed among the parsed labels."""
    entries = list(rows.entries)
    for name, values in rows.made.items():
        entries = [_with_label(entry, name, text) for entry, text in zip(entries, texts_of(values), strict=True)]
    return entries


def _with_label(entry: LogEntry, name: str, text: str) -> LogEntry:
    made: Labels = ((name, text),) if text else ()
    return LogEntry(
        entry.timestamp,
        entry.line,
        _without(entry.stream, name),
        _without(entry.metadata, name),
        tuple(sorted(_without(entry.parsed, name) + made)),
    )


def _without(labels: Labels, name: str) -> Labels:
    return tuple(pair for pair in labels if pair[0] != name)


def _shown(rows: Rows) -> pa.Table:
    """The table that rows are; only entries are none."""
    assert isinstance(rows, TableRows)
    return rows.table
