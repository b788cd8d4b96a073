"""`sigyn serve`: the server."""

import gc
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sigyn.cli.config_file import config_file_option
from sigyn.cli.loki_flags import LokiCommand, loki_options
from sigyn.config.load import load
from sigyn.config.notices import Notice
from sigyn.config.settings import Settings
from sigyn.config.show import show_settings

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from sigyn.api.app import Api
    from sigyn.api.server import Attachment, Listening
    from sigyn.store.store import Store
    from sigyn.wire.push import DecodedPush

EPILOG = """\b
Examples:
  sigyn serve                                    127.0.0.1:3100, data in ./sigyn-data
  sigyn serve --data /var/lib/sigyn --http 0.0.0.0:3100
  sigyn serve --http 127.0.0.1:0                 a free port, which is printed
  sigyn serve --tail '/var/log/**/*.log'         reads files too, no agent needed
  sigyn serve --demo                             with logs to look at, on the page at /
  sigyn serve -config.file=loki.yaml             the settings in a configuration of Loki's
  sigyn serve -config.file=loki.yaml -verify-config

\b
Every setting can also come from a variable: SIGYN_LIMITS_MAX_LINE_SIZE=1MB. A flag wins over a
variable, a variable over the file. -print-config shows what is in force, docs/configuration.md all
that can be set.
"""


@click.command(epilog=EPILOG, cls=LokiCommand)
@click.option("--data", metavar="DIR", help="Where data are kept.  [default: ./sigyn-data]")
@click.option("--http", metavar="HOST:PORT", help="Address of the HTTP API.  [default: 127.0.0.1:3100]")
@click.option(
    "--otlp-grpc",
    "otlp_grpc",
    metavar="HOST:PORT",
    help="Address of OTLP over gRPC; '' turns it off.  [default: 127.0.0.1:4317]",
)
@click.option(
    "--tail",
    "tail",
    metavar="GLOB",
    multiple=True,
    help='Store the lines of these files too, as {job="files", filename=...}; may be given several times.',
)
@click.option(
    "--processes",
    metavar="N",
    help="Processes that take in pushes, where there are cores for them; 200 MB of memory each.  [default: 1]",
)
@config_file_option("Loki")
@click.option(
    "-runtime-config.file",
    "--runtime-config.file",
    "overrides",
    metavar="FILES",
    help="Files with the limits that tenants have of their own, with commas between them; a later one counts.",
)
@click.option("--demo", is_flag=True, help="Four services log all the time, so that there is something to look at.")
@click.option("-verify-config", "--verify-config", "verify", is_flag=True, help="Check the configuration and exit.")
@click.option("-print-config", "--print-config", "show", is_flag=True, help="Print the settings in force and exit.")
@loki_options
def serve(
    data: str | None,
    http: str | None,
    otlp_grpc: str | None,
    tail: tuple[str, ...],
    processes: str | None,
    config_file: Path | None,
    overrides: str | None,
    demo: bool,
    verify: bool,
    show: bool,
    log_level: str | None,
    log_format: str | None,
) -> None:
    """Run the server until it is stopped with Ctrl-C or SIGTERM."""
    given = {
        "storage.data": data,
        "server.http": http,
        "server.otlp_grpc": otlp_grpc,
        "server.processes": processes,
        "server.log_level": log_level,
        "server.log_format": log_format,
        "limits.per_tenant_override_config": overrides,
    }
    flags = {path: value for path, value in given.items() if value is not None}
    configuration = load(config_file, os.environ, flags)
    if show:
        click.echo(show_settings(configuration.settings), nl=False)
    if verify:
        from sigyn.cli.assembly import server_settings

        for notice in configuration.notices:  # first: a variable that is not set may be why a secret is missing
            click.echo(str(notice))
        # All that can refuse a start, but for the files and addresses of the machine that it will be on.
        server_settings(configuration.settings).check()
        click.echo("the configuration is valid")
    if not show and not verify:
        _run(configuration.settings, configuration.notices, tail, demo)


def _run(settings: Settings, notices: Iterable[Notice], globs: Sequence[str], demo: bool) -> None:
    gc.disable()  # nothing of what is imported here is garbage, and to look for some is a tenth of a start's work
    from sigyn.api.logs import configure_logs
    from sigyn.api.server import run
    from sigyn.cli.allocation import prepare_allocation
    from sigyn.cli.assembly import server_settings
    from sigyn.cli.compiled_code import end_without_compiler, keep_compiled_code
    from sigyn.cli.memory import SMALL_MEMORY, memory_of
    from sigyn.cli.notices import log_notices
    from sigyn.cli.open_files import raise_file_limit
    from sigyn.demo.attach import attach_demo
    from sigyn.ui.attach import attach_page

    gc.enable()
    memory = memory_of(settings)
    prepare_allocation(small=0 < memory < SMALL_MEMORY)
    raise_file_limit()
    keep_compiled_code(Path(settings.storage.data))
    configure_logs(settings.server.log_level, settings.server.log_format)
    log_notices(notices)
    if 0 < memory < SMALL_MEMORY * settings.server.processes and settings.server.processes > 1:
        _warn_of_memory(settings.server.processes, memory)
    attachments: list[Attachment] = [attach_page, *([attach_demo] if demo else [])]
    if globs:
        attachments.append(partial(_tailed_files, globs, Path(settings.storage.data) / "tailed-files.yaml"))

    def announce(listening: "Listening") -> None:
        with suppress(OSError):  # a full disk, or a reader that has gone, keeps no server from serving
            click.echo(banner(settings, listening, globs))

    run(server_settings(settings), announce, attachments)
    end_without_compiler()


@asynccontextmanager
async def _tailed_files(
    globs: Sequence[str],
    positions: Path,
    api: "Api",
    _store: "Store",
) -> AsyncIterator[Sequence["BaseRoute"]]:
    """Files are read into the store while this lasts."""
    from sigyn.agent.tailing import start_tailing
    from sigyn.model.tenants import SINGLE_TENANT

    async def push(decoded: "DecodedPush") -> None:
        await api.ingest.push(SINGLE_TENANT, decoded)

    tailing = start_tailing([os.path.abspath(glob) for glob in globs], push, positions)
    try:
        yield ()
    finally:
        await tailing.close()


def banner(settings: Settings, listening: "Listening", globs: Sequence[str] = ()) -> str:
    """What a person wants to know when the server has started."""
    url = listening.url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    objects = f", segments in {settings.storage.objects}" if settings.storage.objects else ""
    rows = [
        f"Sigyn {version('sigyn')}",
        f"  listens on  {listening.url} (Loki's API, and OTLP at /otlp/v1/logs)",
        f"              {listening.otlp_grpc} (OTLP over gRPC)" if listening.otlp_grpc else "",
        f"  page        {url}/",
        f"  data in     {Path(settings.storage.data).resolve()}{objects}",
        f"  reads       {', '.join(globs)}" if globs else "",
        "  try         "
        f"""curl {url}/loki/api/v1/push -H 'Content-Type: application/json' """
        """-d '{"streams":[{"stream":{"job":"test"},"values":[["'$(date +%s%N)'","hello"]]}]}'""",
        f"""              curl -G {url}/loki/api/v1/query_range --data-urlencode 'query={{job="test"}}'""",
    ]
    return "\n".join(row for row in rows if row)


def _warn_of_memory(processes: int, memory: int) -> None:
    import structlog

    structlog.get_logger("sigyn.config").warning(
        "server.processes: there may be too little memory for so many, which take 200 MB each and more",
        processes=processes,
        memory_bytes=memory,
    )
