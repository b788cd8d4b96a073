"""`sigyn query --tail`: lines as a server takes them in."""

from collections.abc import Mapping

import click

from sigyn.cli.options import Server
from sigyn.cli.output import output_of
from sigyn.cli.problems import show_info, show_warning
from sigyn.languages.logql import ast, parse
from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels

_DEFAULT_LIMIT = 10


def tail_server(logql: str, *, start: int, limit: int | None, output: str, server: Mapping[str, str]) -> None:
    """Writes the newest entries since `start` (ns) and then each that comes; returns only by an error."""
    if output == "arrow":
        raise click.UsageError("a tail has no end, which an Arrow stream needs: take -o jsonl")
    parsed = parse(logql)
    if not isinstance(parsed, ast.LogQuery):
        raise BadRequest("only log queries can be tailed: write a selector and, if need be, a pipeline")
    writer = output_of(output, _labels_of_all(parsed))
    with Server(**server).connect() as store:
        for batch in store.tail(logql, start=start, limit=limit or _DEFAULT_LIMIT, on_break=_tell_of_break):
            writer.entries(batch.entries)
            if batch.dropped:
                show_warning(f"{batch.dropped} lines more came than were read here, and are not shown")


def _tell_of_break(reason: str) -> None:
    show_info(f"{reason}; connecting again")


def _labels_of_all(query: ast.LogQuery) -> Labels:
    """The labels that the selector itself names: each line has them, and none needs to show them."""
    return tuple(sorted((each.name, each.value) for each in query.selector.matchers if each.operator == "="))
