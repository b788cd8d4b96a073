"""Flags that several commands share."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sigyn.cli.config_file import config_file_option
from sigyn.client.push import PushClient
from sigyn.client.remote import RemoteStore
from sigyn.client.times import moment
from sigyn.languages.durations import parse_duration
from sigyn.model.time import TimeRange, system_clock

if TYPE_CHECKING:
    from sigyn.client.local import LocalStore

Command = TypeVar("Command", bound=Callable[..., Any])

_PUSH_TIMEOUT = 60.0  # seconds
DEFAULT_ADDRESS = "http://127.0.0.1:3100"


@dataclass(frozen=True, slots=True)
class Server:
    """Which server, and as whom."""

    addr: str
    tenant: str
    username: str
    password: str
    bearer_token: str

    def connect(self) -> RemoteStore:
        """A connection; nothing is sent yet."""
        return RemoteStore(
            self.addr,
            tenant=self.tenant,
            username=self.username,
            password=self.password,
            bearer_token=self.bearer_token,
        )

    def push_client(self) -> PushClient:
        """A connection for pushes; nothing is sent yet."""
        return PushClient(
            self.addr,
            tenant=self.tenant,
            username=self.username,
            password=self.password,
            bearer_token=self.bearer_token,
            timeout=_PUSH_TIMEOUT,
        )


def opened(data: str, config_file: Path | None, server: Mapping[str, str]) -> "LocalStore | RemoteStore":
    """The store of --data or of the configuration, or else the server."""
    if not data and config_file is None:
        return Server(**server).connect()
    # Here and not above: the engine takes a second to import, and a server needs none of it.
    from sigyn.cli.assembly import store_settings
    from sigyn.client.local import open_store
    from sigyn.config.load import load
    from sigyn.config.settings import settings_of

    settings = load(config_file, os.environ, {"storage.data": data} if data else {}).settings
    tenant = server["tenant"]
    mode = settings_of(settings, tenant).deletes.mode
    return open_store(replace(store_settings(settings), delete_mode=mode), tenant=tenant)


def in_memory() -> "LocalStore":
    """A store for the lines of files, gone when it is closed."""
    from sigyn.client.local import LocalStore
    from sigyn.store.settings import StoreSettings

    return LocalStore(StoreSettings(data=None))


def store_options(what: str) -> Callable[[Command], Command]:
    """--data and -config.file; `what` begins the help, such as `Query`."""

    def add(command: Command) -> Command:
        data = click.option(
            "--data",
            default="",
            metavar="DIR",
            help=f"{what} a data folder that no server is using. Buckets, tiers and catalog are those of "
            "-config.file and SIGYN_STORAGE_*, as for `sigyn serve`.",
        )
        return data(config_file_option("Loki")(command))

    return add


def server_options(command: Command) -> Command:
    """--addr, --tenant and credentials; the variables are those of logcli."""
    for option in (
        click.option(
            "--bearer-token",
            envvar="LOKI_BEARER_TOKEN",
            default="",
            help="Token of `sigyn auth add-token`, or for a proxy; also from LOKI_BEARER_TOKEN.",
        ),
        click.option(
            "--password", envvar="LOKI_PASSWORD", default="", help="Password of that user; also from LOKI_PASSWORD."
        ),
        click.option(
            "--username",
            envvar="LOKI_USERNAME",
            default="",
            help="User of the server, or of a proxy in front of it; also from LOKI_USERNAME.",
        ),
        click.option(
            "--tenant",
            "--org-id",
            envvar=["SIGYN_TENANT", "LOKI_ORG_ID"],
            default="",
            help="Tenant, for a server with auth_enabled (X-Scope-OrgID).",
        ),
        click.option(
            "--addr",
            envvar=["SIGYN_ADDR", "LOKI_ADDR"],
            default=DEFAULT_ADDRESS,
            show_default=True,
            help="Server to ask; also from SIGYN_ADDR or LOKI_ADDR.",
        ),
    ):
        command = option(command)
    return command


def time_options(default: str = "1h") -> Callable[[Command], Command]:
    """--since, --from and --to; `default` is that of `time_range`, for the help."""

    def add(command: Command) -> Command:
        for option in _time_options(default):
            command = option(command)
        return command

    return add


def _time_options(default: str) -> tuple[Callable[[Command], Command], ...]:
    return (
        click.option("--to", default="", metavar="TIME", help="End of the range.  [default: now]"),
        click.option(
            "--from",
            "from_",
            default="",
            metavar="TIME",
            help="Start of the range: 2026-01-15T10:00:00Z, 2026-01-15, 2h.",
        ),
        click.option(
            "--since", default="", metavar="DURATION", help=f"Length of the range up to --to.  [default: {default}]"
        ),
    )


def time_range(since: str, from_: str, to: str, default: str = "1h") -> TimeRange:
    """The range that the flags name; raises BadRequest and UsageError."""
    if since and from_:
        raise click.UsageError("give either --since or --from, not both")
    now = system_clock()
    end = moment(to or "now", now)
    start = moment(from_, now) if from_ else end - parse_duration(since or default)
    if start > end:
        raise click.UsageError("the range ends before it starts")
    return TimeRange(start, end)
