"""Progress of long work, for a person at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from sigyn.cli.problems import stderr_console

Advance = Callable[[int], None]


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """A spinner with the time that went by, while something is awaited."""
    if not sys.stderr.isatty():
        yield
        return
    with Progress(
        SpinnerColumn(), TextColumn(text), TimeElapsedColumn(), console=stderr_console(), transient=True
    ) as progress:
        progress.add_task(text, total=None)
        yield


@contextmanager
def reading(paths: tuple[str, ...], *, shown: bool = True) -> Iterator[Advance | None]:
    """A bar over the bytes of files: call what it gives with the bytes that were read."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    sizes = [Path(path).stat().st_size for path in paths if Path(path).is_file()]
    total = sum(sizes) if len(sizes) == len(paths) else None
    with Progress(
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TimeElapsedColumn(),
        console=stderr_console(),
        transient=True,
    ) as progress:
        task = progress.add_task("reading", total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def counting(text: str) -> Iterator[Callable[[int, int], None]]:
    """A bar over things: call what it gives with how many of how many are done."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with Progress(
        TextColumn(text),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr_console(),
        transient=True,
    ) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
