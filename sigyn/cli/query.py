"""`sigyn query`: LogQL against a server, a data folder, or plain files."""

import heapq
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import click

from sigyn.cli.options import in_memory, opened, server_options, store_options, time_options, time_range
from sigyn.cli.output import FORMATS, Output, common_labels, output_of, write
from sigyn.cli.problems import show_info, show_warning, stderr_console
from sigyn.cli.progress import reading, waiting
from sigyn.cli.tail import tail_server
from sigyn.client.plain_files import PlainFile, run_over_files
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import ast, parse
from sigyn.languages.logql.printer import print_selector
from sigyn.model.results import (
    Direction,
    LogEntry,
    LogResult,
    MatrixResult,
    QueryAnswer,
    QueryResult,
    TableResult,
    VectorResult,
)
from sigyn.model.time import TimeRange

DEFAULT_LIMIT = 100

EPILOG = """\b
Examples:
  sigyn query '{job="shop"} |= "timeout"'
  sigyn query '{job="shop"} | json | status >= 500' --since 6h --limit 1000
  sigyn query 'sum by (level) (rate({job="shop"}[5m]))' --since 1d --step 1h
  sigyn query 'topk(5, sum by (path) (count_over_time({job="nginx"} | json [1d])))' --instant
  sigyn query '{job="shop"} | json | stats count() as n by (path) | sort by n desc | limit 5'
  sigyn query --tail '{job="shop"} | json | level="error"'
  sigyn query --file app.log '{} | json | level="error"'
  kubectl logs deploy/shop -f | sigyn query --file - '{} |~ "(?i)refused"' --output raw

\b
A server is asked for the last hour unless --since or --from says otherwise, and the newest 100
lines come last to first; --forward turns that round. Files are read from front to back, all of them.
A tail shows the newest 10 lines and then what comes, until Ctrl-C.
"""


@click.command(epilog=EPILOG)
@click.argument("logql")
@click.option(
    "--file",
    "-f",
    "files",
    multiple=True,
    metavar="FILE",
    help="Query this file (may be .gz; - is standard input) instead of a server; may be given several times.",
)
@store_options("Query")
@time_options()
@click.option(
    "--tail", "-t", "follow", is_flag=True, help="Show lines as the server takes them in, until it is stopped."
)
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(min=1),
    help="Lines at most; before those that come, of a tail.  [default: 100; of files all; of a tail 10]",
)
@click.option("--forward/--backward", "forward", default=None, help="Oldest or newest first.")
@click.option("--step", default="", metavar="DURATION", help="Distance between the points of a metric query.")
@click.option("--instant", is_flag=True, help="One value per series, at --to, instead of a range of them.")
@click.option(
    "--output",
    "-o",
    type=click.Choice(FORMATS),
    default="default",
    show_default=True,
    help="default is for people, raw the bare lines, jsonl a JSON object per line, arrow an Arrow IPC stream.",
)
@click.option("--stats", is_flag=True, help="Say what the query cost, on stderr.")
@server_options
def query(
    logql: str,
    files: tuple[str, ...],
    data: str,
    config_file: Path | None,
    since: str,
    from_: str,
    to: str,
    follow: bool,
    limit: int | None,
    forward: bool | None,
    step: str,
    instant: bool,
    output: str,
    stats: bool,
    **server: str,
) -> None:
    """Ask a LogQL question."""
    within = time_range(since, from_, to)
    if follow:
        with_tail = {
            "--file": files, "--data": data, "-config.file": config_file, "--to": to, "--step": step,
            "--instant": instant, "--stats": stats, "--forward": forward, "--backward": forward is False,
        }  # fmt: skip
        if refused := [name for name, given in with_tail.items() if given]:
            raise click.UsageError(f"a tail has no {refused[0]}: it shows what a server takes in, oldest first")
        tail_server(logql, start=within.start, limit=limit, output=output, server=server)
        return
    if files:
        if data:
            raise click.UsageError("give either --file or --data, not both")
        asked = within if since or from_ or to else None
        _query_files(logql, files, asked, limit, backward=forward is False, step=step, instant=instant, output=output)
        return
    with waiting("querying"), opened(data, config_file, server) as store:
        if instant:
            answer = store.answer_instant(logql, at=within.end, limit=limit or DEFAULT_LIMIT)
        else:
            direction: Direction = "forward" if forward else "backward"
            answer = store.answer_range(
                logql,
                start=within.start,
                end=within.end,
                step=step or None,
                limit=limit or DEFAULT_LIMIT,
                direction=direction,
            )
    _show(answer, output, stats)


def _show(answer: QueryAnswer, output: str, stats: bool) -> None:
    """Writes an answer, and to stderr what there is to say about it."""
    result = answer.result
    common = common_labels(result.entries) if isinstance(result, LogResult) else ()
    write(output_of(output, common), result)
    for warning in answer.warnings:
        show_warning(warning)
    for info in answer.infos:
        show_info(info)
    notes = stderr_console()
    if common and output == "default":
        notes.print("in every line: " + ", ".join(f"{name}={value}" for name, value in common), style="dim")
    if _is_empty(result) and output == "default":
        nothing = {LogResult: "no lines", TableResult: "no rows"}.get(type(result), "no series")
        notes.print(f"{nothing} in this time; --since 24h looks further back", style="dim")
    if stats:
        cost = answer.statistics
        notes.print(f"{cost.seconds:.3f} s, {cost.lines_read} lines and {cost.bytes_read} bytes read", style="dim")


def _is_empty(result: QueryResult) -> bool:
    match result:
        case LogResult(entries):
            return not entries
        case MatrixResult(series):
            return not series
        case VectorResult(samples=samples):
            return not samples
        case TableResult(table=table):
            return not table.num_rows
    return False


def _query_files(
    logql: str,
    paths: tuple[str, ...],
    within: TimeRange | None,
    limit: int | None,
    *,
    backward: bool,
    step: str,
    instant: bool,
    output: str,
) -> None:
    parsed = parse(logql)
    files = [PlainFile(path) for path in paths]
    if not isinstance(parsed, ast.LogQuery):
        _measure_files(logql, files, within, step, instant, output_of(output))
        return
    if not any(selector_matches(parsed.selector, file.labels) for file in files):
        selector = print_selector(parsed.selector)
        show_warning(f"{selector} is in none of the files: their only label is filename, and {{}} is all of them")
    writer = output_of(output, files[0].labels if len(files) == 1 else (), times=False)
    with reading(paths, shown=backward) as advance:
        entries: Iterable[LogEntry] = run_over_files(parsed, files, within, advance)
        if backward:
            entries = _newest_first(entries, limit)
    writer.entries(islice(entries, limit))


def _newest_first(entries: Iterable[LogEntry], limit: int | None) -> list[LogEntry]:
    def place(numbered: tuple[int, LogEntry]) -> tuple[int, int]:
        return numbered[1].timestamp, numbered[0]

    numbered = enumerate(entries)
    found = sorted(numbered, key=place, reverse=True) if limit is None else heapq.nlargest(limit, numbered, key=place)
    return [entry for _, entry in found]


def _measure_files(
    logql: str, files: list[PlainFile], within: TimeRange | None, step: str, instant: bool, output: Output
) -> None:
    """A query that needs a store over files, over the time that their lines span unless another is asked for."""
    with in_memory() as store:
        with reading(tuple(file.path for file in files)) as advance:
            span = store.load(files, advance)
        if within is None:
            within = TimeRange(*span) if span else TimeRange(0, 0)
            if isinstance(parse(logql), ast.PipedQuery):
                within = TimeRange(within.start, within.end + 1)  # the last line belongs to it too
        if instant:
            answer = store.answer_instant(logql, at=within.end)
        else:
            answer = store.answer_range(logql, start=within.start, end=within.end, step=step or None)
    write(output, answer.result)
    for warning in answer.warnings:
        show_warning(warning)
    for info in answer.infos:
        show_info(info)
