"""Tables and counts for a person."""

from collections.abc import Sequence

import click

from sigyn.cli.problems import is_terminal


def show_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A title and a table; columns whose name begins with # are numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if title:
        click.echo(f"{title}: {'nothing' if not rows else ''}".rstrip())
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD if is_terminal() else None, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(Text(name.removeprefix("#")), justify="right" if name.startswith("#") else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    width = (
        None
        if is_terminal()
        else 2 + sum(2 + max(len(cell) for cell in column) for column in zip(*rows, columns, strict=True))
    )
    Console(highlight=False, markup=False, width=width).print(table)


def counted(number: int, noun: str) -> str:
    """`1 segment`, `2 entries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
