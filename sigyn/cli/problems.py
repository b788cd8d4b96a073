"""Errors as a person reads them: one line, and for a query the place with a caret under it."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from sigyn.model.errors import ParseError, SigynError


def stderr_console() -> Console:
    """Where everything goes that is not the answer."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def show_error(error: SigynError) -> None:
    """Writes the error to stderr."""
    console = stderr_console()
    console.print(Text("error: ", "bold red") + Text(str(error)))
    if isinstance(error, ParseError):
        for line in pointed_at(error):
            console.print(Text(line))
        if error.hint:
            console.print(Text("hint: ", "bold") + Text(error.hint))


def show_warning(text: str) -> None:
    """Writes a warning to stderr."""
    stderr_console().print(Text("warning: ", "bold yellow") + Text(text))


def show_info(text: str) -> None:
    """Writes a remark to stderr."""
    stderr_console().print(Text("note: ", "bold") + Text(text))


def pointed_at(error: ParseError) -> Iterator[str]:
    """The line of the query that the error is about, and below it where; nothing for an error without a place."""
    lines = error.query.split("\n")
    if not error.query or error.column < 1 or error.line > len(lines):
        return
    line = lines[max(error.line, 1) - 1]
    under = "".join("\t" if character == "\t" else " " for character in line[: error.column - 1])
    yield f"  {line}"
    yield f"  {under}{'^' * max(1, min(error.length, len(line) - error.column + 1))}"


def is_terminal() -> bool:
    """Whether a person watches the answer."""
    return sys.stdout.isatty()
