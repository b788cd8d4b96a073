"""`sigyn cardinality`: which labels make how many streams."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigyn.cli.options import opened, server_options, store_options, time_options, time_range
from sigyn.client.times import rfc_3339
from sigyn.model.labels import format_labels, labels_of

FORMATS = ("table", "json")
_WIDEST = 60  # characters of a value in a table


@click.command(
    epilog="""\b
Examples:
  sigyn cardinality                         labels of the streams of the last day
  sigyn cardinality --since 30d --limit 50
  sigyn cardinality --output json | jq .demoted
  sigyn cardinality --promote session       make a demoted label one of the streams again

\b
A label whose values explode is demoted: entries carry it as structured metadata, and {label="value"}
finds it as before.
"""
)
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Values and streams to show.")
@click.option("--promote", metavar="LABEL", default="", help="Make a demoted label one of the streams again.")
@click.option("--demote", metavar="LABEL", default="", help="Make a label one of the entries.")
@store_options("Look into")
@time_options("24h")
@click.option("--output", "-o", type=click.Choice(FORMATS), default="table", show_default=True, help="Form.")
@server_options
def cardinality(
    limit: int,
    promote: str,
    demote: str,
    data: str,
    config_file: Path | None,
    since: str,
    from_: str,
    to: str,
    output: str,
    **server: str,
) -> None:
    """Show which labels make how many streams, and which are demoted."""
    if promote and demote:
        raise click.UsageError("give either --promote or --demote, not both")
    within = time_range(since, from_, to, "24h")
    with opened(data, config_file, server) as store:
        if promote or demote:
            changed = store.promote(promote) if promote else store.demote(demote)
            click.echo(f"{changed['name']} is {'a label of streams again' if promote else 'demoted'}")
            return
        found = store.cardinality(start=within.start, end=within.end, limit=limit)
    if output == "json":
        click.echo(msgspec.json.encode(found))
        return
    _show(found)


def _show(found: Mapping[str, Any]) -> None:
    streams = found["streams"]
    click.echo(f"{streams['total']} streams, new in the last hour {streams['hour']}, in the last day {streams['day']}")
    _table(
        ("label", "values", "new in 1h", "new in 1d", "streams", "largest value", "its streams"),
        [
            (
                label["name"],
                *(str(label["values"][name]) for name in ("total", "hour", "day")),
                str(label["streams"]),
                _cut(label["top"][0]["value"]),
                str(label["top"][0]["streams"]),
            )
            for label in found["labels"]
        ],
    )
    _table(
        ("demoted", "why", "values then", "such as", "since"),
        [
            (
                label["name"],
                "promoted again" if label["promoted"] else label["reason"],
                str(label["values"]),
                _cut(label["example"]),
                rfc_3339(label["changed"], 0),
            )
            for label in found["demoted"]
        ],
    )
    _table(
        ("bytes", "entries", "stream"),
        [
            (str(stream["bytes"]), str(stream["entries"]), format_labels(labels_of(stream["labels"])))
            for stream in found["top_streams"]
        ],
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table, unless it is empty; columns of numbers go to the right."""
    if not rows:
        return
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        # A pipe has no width: every row stays one line.
        widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
        console = Console(highlight=False, markup=False, width=sum(widths) + 2 * len(widths))
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, show_edge=False)
    for name, *cells in zip(names, *rows, strict=True):
        is_number = all(cell.isdigit() for cell in cells)
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    click.echo()
    console.print(table)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
