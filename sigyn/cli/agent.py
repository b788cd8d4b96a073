"""`sigyn agent`: tails files and ships them, as Promtail's configuration says."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sigyn.cli.config_file import config_file_option
from sigyn.config.yaml_tree import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sigyn.agent.config.unused import UnusedKey
    from sigyn.agent.configuration import AgentConfiguration

EPILOG = """\b
Examples:
  sigyn agent -config.file=promtail.yaml
  sigyn agent -config.file=promtail.yaml -config.expand-env
  sigyn agent -config.file=promtail.yaml -check-syntax
  sigyn agent -config.file=promtail.yaml --dry-run
  cat app.log | sigyn agent -config.file=promtail.yaml --stdin --dry-run --inspect
  cat app.log | sigyn agent --stdin -client.url=http://127.0.0.1:3100/loki/api/v1/push
"""


@click.command(epilog=EPILOG)
@config_file_option("Promtail")
@click.option("-config.expand-env", "--config.expand-env", "expand", is_flag=False, flag_value="true", default="false",
              metavar="BOOL", help="Fill in ${VAR} in the file.")  # fmt: skip
@click.option("-client.url", "--client.url", "client_url", metavar="URL", help="Push there, in place of `clients`.")
@click.option("-stdin", "--stdin", "stdin", is_flag=True, help="Read standard input, end with it.")
@click.option("-dry-run", "--dry-run", "dry_run", is_flag=True, help="Print entries, send nothing.")
@click.option("-inspect", "--inspect", "inspect", is_flag=True, help="Print what each stage changes, send nothing.")
@click.option("-check-syntax", "--check-syntax", "check", is_flag=True, help="Check the configuration and exit.")
@click.option("-log.level", "--log.level", "log_level", type=click.Choice(["debug", "info", "warn", "error"]),
              help="In place of server.log_level.")  # fmt: skip
def agent(
    config_file: Path | None,
    expand: str,
    client_url: str | None,
    stdin: bool,
    dry_run: bool,
    inspect: bool,
    check: bool,
    log_level: str | None,
) -> None:
    """Tail files and ship their lines, until it is stopped with Ctrl-C or SIGTERM."""
    if config_file is None and not stdin:
        raise click.UsageError("give a configuration: -config.file=promtail.yaml, or read --stdin")
    from sigyn.agent.config.unused import unused_keys
    from sigyn.agent.configuration import AgentConfiguration

    text, configuration, reading = "", AgentConfiguration(), Reading()
    if config_file is not None:
        text = _text(config_file)
        variables = os.environ if expand.lower() in ("true", "1", "t") else None
        clients_wanted = not (client_url or dry_run or inspect)
        configuration, reading = _from_file(config_file, text, variables, clients_wanted=clients_wanted)
    configuration = _with_flags(configuration, client_url, stdin=stdin)
    if check:
        from sigyn.agent.metrics import StageMetrics
        from sigyn.agent.stages import StagePipeline

        for scrape in configuration.scrape_configs:
            StagePipeline(scrape.pipeline_stages, scrape.job_name, StageMetrics())
        for key in unused_keys(configuration):
            click.echo(str(key))
        for path, why in _likely_mistakes(configuration, reading):
            click.echo(f"{path}: {why}")
        click.echo("the configuration is valid")
        return
    from sigyn.agent.assembly import AgentOptions
    from sigyn.agent.run import run
    from sigyn.cli.open_files import raise_file_limit

    raise_file_limit()
    _configure_logs(log_level or configuration.server.log_level, configuration.server.log_format)
    _log_unused(unused_keys(configuration))
    _log_mistakes(_likely_mistakes(configuration, reading))
    options = AgentOptions(configuration=text, dry_run=dry_run, inspect=inspect, stdin=stdin)
    run(configuration, options, _announce)


def _text(config_file: Path) -> str:
    from sigyn.agent.errors import ConfigurationError

    try:
        return config_file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"the configuration file {config_file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"the configuration file {config_file} is not UTF-8 text", line=line) from None


def _from_file(
    config_file: Path, text: str, variables: "Mapping[str, str] | None", *, clients_wanted: bool
) -> "tuple[AgentConfiguration, Reading]":
    """What the file says, with `variables` filled in, and what was noticed on the way. Raises ConfigurationError."""
    from sigyn.agent.configuration import load_configuration
    from sigyn.agent.errors import ConfigurationError

    reading = Reading()
    try:
        return load_configuration(text, variables, clients_wanted=clients_wanted, reading=reading), reading
    except ConfigurationError as error:
        told = [f"{config_file}: {error}", *(": ".join(unset) for unset in _unset(reading))]
        raise ConfigurationError("\n".join(told)) from None


def _with_flags(configuration: "AgentConfiguration", client_url: str | None, *, stdin: bool) -> "AgentConfiguration":
    """The configuration with what the command line has in place of its clients and targets."""
    from sigyn.agent.config.clients import ClientConfig
    from sigyn.agent.config.scrape import ScrapeConfig

    if client_url:
        configuration = replace(configuration, clients=(ClientConfig(url=client_url),))
    if stdin and not configuration.scrape_configs:
        configuration = replace(configuration, scrape_configs=(ScrapeConfig(job_name="stdin"),))
    return configuration


def _configure_logs(level: str, log_format: str) -> None:
    from sigyn.api.logs import configure_logs

    configure_logs(level, log_format)


def _log_unused(keys: "Iterable[UnusedKey]") -> None:
    import structlog

    log = structlog.get_logger("sigyn.agent")
    for key in keys:
        tell = log.warning if key.matters else log.info
        tell("configuration", key=key.path, reason=key.why)


def _likely_mistakes(configuration: "AgentConfiguration", reading: Reading) -> "Iterable[tuple[str, str]]":
    """Keys that mean something, but hardly what was meant, and what is to be said of each."""
    from sigyn.agent.config.clients import unlikely_addresses
    from sigyn.agent.config.scrape import targets_without_path

    yield from _unset(reading)
    yield from unlikely_addresses(configuration.clients)
    yield from targets_without_path(configuration.scrape_configs)


def _unset(reading: Reading) -> "Iterable[tuple[str, str]]":
    for name in reading.unset_variables:
        yield f"${{{name}}}", "this variable is not set; it stands for nothing"


def _log_mistakes(keys: "Iterable[tuple[str, str]]") -> None:
    import structlog

    log = structlog.get_logger("sigyn.agent")
    for path, why in keys:
        log.warning("configuration", key=path, reason=why)


def _announce(address: str) -> None:
    if address and sys.stderr.isatty():
        click.echo(f"Sigyn agent: pages at http://{address}/targets", err=True)
