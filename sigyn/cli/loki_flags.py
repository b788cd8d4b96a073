"""Flags as Loki has them: with one dash, with points in their names."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_LEVELS = ("debug", "info", "warn", "error")
_LEVEL, _FORMAT = "Least severe line of the server's own log.", "Form of the server's own log."
_LONG_WITH_ONE_DASH = re.compile(r"-[A-Za-z][\w.-]+")


class LokiCommand(click.Command):
    """A command that names an unknown flag as it is written; click would take its first letter for the flag."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Raises NoSuchOption with what there is in its place."""
        known = [name for parameter in self.params for name in parameter.opts if _LONG_WITH_ONE_DASH.fullmatch(name)]
        for argument in args:
            name = argument.partition("=")[0]
            if _LONG_WITH_ONE_DASH.fullmatch(name) and name not in known:
                raise click.NoSuchOption(name, _no_such(name, known), ctx=ctx)
        return super().parse_args(ctx, args)


def loki_options(command: Command) -> Command:
    """-target, -log.level, -log.format and -config.expand-env, which stand in many a container's command."""
    for option in (
        click.option(
            "-config.expand-env",
            "--config.expand-env",
            "expand",
            is_flag=False,
            flag_value="true",
            default="true",
            metavar="BOOL",
            hidden=True,
            expose_value=False,
            help="Taken for Loki's sake: ${VAR} in the file is always filled in.",
        ),
        click.option("-log.format", "--log.format", "log_format", type=click.Choice(("logfmt", "json")), help=_FORMAT),
        click.option("-log.level", "--log.level", "log_level", type=click.Choice(_LEVELS), help=_LEVEL),
        click.option(
            "-target",
            "--target",
            "target",
            metavar="NAMES",
            callback=_only_all,
            hidden=True,
            expose_value=False,
            help="Taken for Loki's sake: one process does everything.",
        ),
    ):
        command = option(command)
    return command


def _only_all(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value not in (None, "", "all"):
        raise click.BadParameter(f"`{value}`: one process does everything; start one server, with `all` or without it")


def _no_such(name: str, known: Sequence[str]) -> str:
    return (
        f"No such option '{name}'. Of Loki's flags there are {', '.join(sorted(known))}; what others set stands in "
        "-config.file or in a variable (docs/configuration.md)."
    )
