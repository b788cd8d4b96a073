"""The command `sigyn`: finds its commands, and turns errors into one clear line and an exit code.

Exit codes: 0 all is well, 1 it could not be done, 2 it was not asked for rightly (a wrong flag, a
query that is not LogQL, a wrong configuration), 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from sigyn.cli.problems import show_error
from sigyn.config.errors import ConfigError
from sigyn.model.errors import BadRequest, SigynError

COMMANDS = {
    "serve": "sigyn.cli.serve",
    "agent": "sigyn.cli.agent",
    "query": "sigyn.cli.query",
    "explain": "sigyn.cli.explain",
    "push": "sigyn.cli.push",
    "labels": "sigyn.cli.labels",
    "series": "sigyn.cli.labels",
    "cardinality": "sigyn.cli.cardinality",
    "export": "sigyn.cli.export",
    "rules": "sigyn.cli.rules",
    "store": "sigyn.cli.store",
    "auth": "sigyn.cli.auth",
    "version": "sigyn.cli.version",
}
"""Where each command is; it is imported when it is used, so that help and completion are quick."""

FAILED, WRONG, INTERRUPTED = 1, 2, 130


class Commands(click.Group):
    """The commands in the order of a first day: start, ask, send, look around."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (of the framework)
        """Names in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; an error names those that are spelled alike."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First minute:  sigyn serve   then, in another terminal:  sigyn query '{job=\"test\"}'",
)
@click.version_option(package_name="sigyn", message="sigyn %(version)s")
def commands() -> None:
    """Sigyn catches every drop: a log store that speaks Loki's protocols and answers LogQL."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and exits with its code."""
    # Before Arrow is loaded, which looks once. Its own allocator keeps what it got: after 4 M lines were
    # taken in, a server kept 590 MB, with the C library's 270 MB, for the same CPU time.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    try:
        code = commands.main(arguments, prog_name="sigyn", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except SigynError as error:
        show_error(error)
        return WRONG if isinstance(error, BadRequest | ConfigError) else FAILED
    return code if isinstance(code, int) else 0
