"""`sigyn auth`: tokens for agents, Grafana and scripts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table

from sigyn.cli.config_file import config_file_option
from sigyn.cli.problems import show_warning
from sigyn.client.times import rfc_3339
from sigyn.config.access_settings import token_file
from sigyn.config.load import load
from sigyn.languages.durations import parse_duration
from sigyn.model.time import system_clock
from sigyn.services.access.identity import SCOPES
from sigyn.services.access.tokens import add_token, read_tokens, revoke_token

Command = TypeVar("Command", bound=Callable[..., Any])

EPILOG = """\b
Examples:
  sigyn auth add-token promtail --scope push --tenant team-a
  sigyn auth add-token grafana --scope read --expires 90d
  sigyn auth list
  sigyn auth revoke promtail
  sigyn auth add-token promtail --scope push --data /var/lib/sigyn   of a server with its data there

\b
A server with SIGYN_AUTH_TYPE=token takes them as `Authorization: Bearer TOKEN`, and as the password of
any user from clients that know only users and passwords. It need not be restarted for a new one.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where tokens are kept; `unused` is the data folder when no server has had its data there yet."""

    file: Path
    unused: Path | None

    def found(self) -> Path:
        """The file; says that the folder may be the wrong one."""
        if self.unused is not None:
            show_warning(
                f"no server has had its data in {self.unused} yet; where they are elsewhere, name the folder "
                "by --data DIR"
            )
        return self.file


def _place_options(command: Command) -> Command:
    for option in (
        config_file_option("the server"),
        click.option("--data", metavar="DIR", default="", help="Data folder of the server.  [default: ./sigyn-data]"),
        click.option("--file", metavar="FILE", default="", help="Where tokens are kept.  [default: that of the data]"),
    ):
        command = option(command)
    return command


@click.group(epilog=EPILOG)
@_place_options
@click.pass_context
def auth(context: click.Context, /, **place: object) -> None:
    """Make, list and revoke the tokens of a server, on its machine."""
    context.obj = place


def _placed(command: Command) -> Callable[..., None]:
    """Gives a command the place that its own flags name, or else those of the group before it."""

    def run(context: click.Context, /, file: str, data: str, config_file: Path | None, **given: Any) -> None:
        before = context.obj
        flags = {"auth.token_file": file or before["file"], "storage.data": data or before["data"]}
        named = {path: text for path, text in flags.items() if text}
        settings = load(config_file or before["config_file"], os.environ, named).settings
        folder = Path(settings.storage.data)
        strange = not settings.auth.token_file and not (folder / "lock").exists()
        command(Place(token_file(settings.auth, settings.storage.data), folder if strange else None), **given)

    update_wrapper(run, command)
    return _place_options(click.pass_context(run))


@auth.command("add-token")
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="What it may do.")
@click.option("--tenant", "tenants", multiple=True, help="For whom; any number of times.  [default: every tenant]")
@click.option("--expires", default="", metavar="DURATION", help="How long it is valid, 90d.  [default: for ever]")
@_placed
def add_token_command(place: Place, name: str, scopes: tuple[str, ...], tenants: tuple[str, ...], expires: str) -> None:
    """Make a token and print it, once: only its hash is kept."""
    now = system_clock()
    until = now + parse_duration(expires) if expires else 0
    file = place.found()
    text, token = add_token(file, name, scopes, tenants, now, until)
    click.echo(text)
    click.echo(f"token {token.id}, kept as a hash in {file}; it is not shown again", err=True)


@auth.command("list")
@_placed
def list_tokens(place: Place) -> None:
    """Show the tokens there are, without their secrets."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("id", "name", "scopes", "tenants", "created", "expires"):
        table.add_column(column)
    for token in read_tokens(place.found()):
        expires = rfc_3339(token.expires, 0) if token.expires else "never"
        of = ", ".join(token.tenants)
        table.add_row(token.id, token.name, ", ".join(token.scopes), of, rfc_3339(token.created, 0), expires)
    Console(soft_wrap=True).print(table)


@auth.command()
@click.argument("id_or_name")
@_placed
def revoke(place: Place, id_or_name: str) -> None:
    """Take tokens back, by id or name; the server refuses them from then on."""
    for token in revoke_token(place.found(), id_or_name):
        click.echo(f"token {token.id} ({token.name}) is revoked")
