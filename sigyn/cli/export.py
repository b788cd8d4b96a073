"""`sigyn export`: the whole result of a log query, without a cap."""

import sys
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import click

from sigyn.cli.options import Server, server_options, time_options, time_range
from sigyn.cli.problems import show_warning, stderr_console
from sigyn.cli.progress import reading
from sigyn.model.errors import SigynError

FORMATS = ("ndjson", "arrow", "parquet")


@click.command(
    epilog="""\b
Examples:
  sigyn export '{job="shop"}' --since 30d --to-file shop.parquet
  sigyn export '{job="shop"} | json | level="error"' --from 2026-01-01 | jq .line
  sigyn export '{job="shop"}' --since 7d --format ndjson --after 1768471200000000000-9f86d081884c7d65

\b
Rows come oldest first and in constant memory. In NDJSON each row has a `timestamp` and an `id`;
--after TIMESTAMP-ID goes on behind a row, whatever was stored in between.
"""
)
@click.argument("logql")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Form of the rows.  [default: ndjson, or by the file]"
)
@click.option("--to-file", "-o", "path", default="", metavar="FILE", help="Write here instead of to standard output.")
@click.option("--after", default="", metavar="CURSOR", help="Go on behind this row: <timestamp>-<id>.")
@click.option(
    "--allow-missing", is_flag=True, help="Go on without the lines of objects that are damaged or gone, and name these."
)
@click.option("--limit", type=click.IntRange(min=1), help="Rows at most.")
@time_options()
@server_options
def export(
    logql: str,
    form: str | None,
    path: str,
    after: str,
    allow_missing: bool,
    limit: int | None,
    since: str,
    from_: str,
    to: str,
    **server: str,
) -> None:
    """Write everything that a log query finds."""
    within = time_range(since, from_, to)
    suffix = Path(path).suffix.lstrip(".")
    form = form or (suffix if suffix in FORMATS else "ndjson")
    if not path and form != "ndjson" and sys.stdout.isatty():
        raise click.UsageError(f"{form} is not for a terminal: write it to a file with --to-file")
    parameters = {"query": logql, "start": within.start, "end": within.end, "format": form}
    optional = {"after": after, "limit": limit, "allow_missing": "true" if allow_missing else ""}
    parameters |= {name: value for name, value in optional.items() if value}
    with Server(**server).connect() as store, reading((), shown=bool(path)) as advance:
        written = 0
        chunks = store.export(parameters, show_warning)
        first = next(chunks, b"")  # before the file is opened: what is refused leaves an earlier export as it was
        with _target(path) as file:
            for chunk in chain((first,), chunks):
                file.write(chunk)
                written += len(chunk)
                if advance is not None:
                    advance(len(chunk))
    if path:
        stderr_console().print(f"{written} bytes of {form} in {path}", style="dim")


def _target(path: str) -> "BinaryIO | nullcontext[BinaryIO]":
    if not path:
        return nullcontext(sys.stdout.buffer)
    try:
        return Path(path).open("wb")
    except OSError as error:
        raise SigynError(f"{path} can't be written: {error.strerror}") from None
