"""The agent's configuration: Promtail's file as frozen values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from sigyn.agent.config.clients import BasicAuth, ClientConfig, TlsConfig
from sigyn.agent.config.decoding import decode, is_null
from sigyn.agent.config.discovery import KUBERNETES_ROLES, HttpAccess
from sigyn.agent.config.document import Items, Node, Table, read_document
from sigyn.agent.config.process import (
    GlobalConfig,
    LimitsConfig,
    OptionsConfig,
    PositionsConfig,
    TargetConfig,
    TracingConfig,
    WalConfig,
)
from sigyn.agent.config.scrape import ScrapeConfig
from sigyn.agent.config.server import ServerConfig
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages import StagePipeline
from sigyn.agent.targets.addresses import host_and_port
from sigyn.config.yaml_tree import Reading, expand_variables
from sigyn.languages.relabel import RelabelRule
from sigyn.model.secret_urls import HIDDEN

__all__ = ["AgentConfiguration", "ConfigurationError", "RelabelRule", "ScrapeConfig", "load_configuration"]

_ABSENT_TARGETS: Final = {
    "kafka": "Kafka",
    "azure_event_hub": "Azure Event Hubs",
    "azure_event_hubs": "Azure Event Hubs",
    "gcplog": "Google Cloud",
    "cloudflare": "Cloudflare",
    "heroku_drain": "Heroku",
    "windows_events": "Windows events",
}
_NEED_JOB_NAME: Final = ("syslog", "loki_push_api", "gelf")


@dataclass(frozen=True, slots=True)
class AgentConfiguration:
    """Everything that a configuration file says."""

    server: ServerConfig = ServerConfig()
    clients: tuple[ClientConfig, ...] = ()
    positions: PositionsConfig = PositionsConfig()
    scrape_configs: tuple[ScrapeConfig, ...] = ()
    limits_config: LimitsConfig = LimitsConfig()
    target_config: TargetConfig = TargetConfig()
    global_config: GlobalConfig = field(default=GlobalConfig(), metadata={"key": "global"})
    options: OptionsConfig = OptionsConfig()
    tracing: TracingConfig = TracingConfig()
    wal: WalConfig = WalConfig()
    client: ClientConfig | None = None


def load_configuration(
    text: str,
    environ: Mapping[str, str] | None = None,
    *,
    clients_wanted: bool = True,
    reading: Reading | None = None,
) -> AgentConfiguration:
    """The configuration in `text`, which is YAML 1.1.

    With `environ`, `${NAME}` and `${NAME:-default}` are filled in first and double backslashes
    become single ones, as `-config.expand-env` has it; `reading` learns of variables that are not set.
    A single `client` becomes one of `clients`.
    Raises ConfigurationError for everything that Promtail refuses, with the line where it stands.
    """
    if environ is not None:
        text = expand_variables(text.replace("\\\\", "\\"), environ, reading or Reading())
    document = read_document(text)
    if not isinstance(document, Table) and not is_null(document):
        raise ConfigurationError(
            "the file has to be a map of keys such as `clients` and `scrape_configs`, "
            f"not {'a list' if isinstance(document, Items) else 'a single value'}",
            line=document.line,
        )
    _refuse_absent_targets(document)
    configuration = decode(document, AgentConfiguration, "")
    if configuration.client is not None:
        configuration = _with_single_client(configuration)
    _check_clients(configuration.clients, clients_wanted)
    _check_scrape_configs(configuration.scrape_configs)
    _check_amounts(configuration)
    return configuration


def _check_amounts(configuration: AgentConfiguration) -> None:
    """Of nothing the agent would read nothing, or do nothing else."""
    amounts = {
        "positions.sync_period": configuration.positions.sync_period,
        "target_config.sync_period": configuration.target_config.sync_period,
        "wal.max_size": configuration.wal.max_size,
    }
    for key, amount in amounts.items():
        if amount <= 0:
            raise ConfigurationError(f"`{key}` has to be greater than 0; leave it out for the default")
    for index, client in enumerate(configuration.clients):
        if client.batchsize < 0:
            raise ConfigurationError(f"`clients[{index}].batchsize` can't be negative; leave it out for the default")


def _with_single_client(configuration: AgentConfiguration) -> AgentConfiguration:
    clients = configuration.clients
    if configuration.client is not None and configuration.client.url:
        clients = (configuration.client, *clients)
    return replace(configuration, clients=clients, client=None)


def _refuse_absent_targets(document: Node) -> None:
    if not isinstance(document, Table):
        return
    for key, value in document.entries:
        if key.text != "scrape_configs" or not isinstance(value, Items):
            continue
        for scrape in value.nodes:
            for name, _ in scrape.entries if isinstance(scrape, Table) else ():
                if name.text in _ABSENT_TARGETS:
                    raise ConfigurationError(
                        f"`{name.text}`: this agent can't read from {_ABSENT_TARGETS[name.text]}; "
                        "leave it to an agent that can, and point that one at Sigyn's push API",
                        line=name.line,
                    )


def _check_clients(clients: tuple[ClientConfig, ...], wanted: bool) -> None:
    if wanted and not clients:
        raise ConfigurationError("at least one client config must be provided: `clients` with a `url`")
    for index, client in enumerate(clients):
        where = f"clients[{index}]"
        if not client.url:
            raise ConfigurationError(f"{where}: client needs target URL")
        if urlsplit(client.url).scheme not in ("http", "https"):
            shown = HIDDEN if "@" in client.url else client.url
            raise ConfigurationError(f"{where}: `{shown}` is no http:// or https:// URL")
        try:
            urlsplit(client.url).port  # noqa: B018, it is read when it is asked for
        except ValueError as error:
            if "@" in client.url:
                raise ConfigurationError(f"{where}: `{HIDDEN}`: in a password, / is written %2F and @ is %40") from None
            raise ConfigurationError(f"{where}: `{client.url}`: {error}") from None
        _check_access(client, where)


def _check_access(access: ClientConfig | HttpAccess, where: str) -> None:
    if access.bearer_token and access.bearer_token_file:
        raise ConfigurationError(f"{where}: at most one of bearer_token & bearer_token_file must be configured")
    ways = (
        access.basic_auth,
        access.authorization,
        access.oauth2,
        access.bearer_token or access.bearer_token_file,
    )
    if sum(1 for way in ways if way) > 1:
        raise ConfigurationError(
            f"{where}: at most one of basic_auth, authorization, oauth2 & bearer_token must be configured"
        )
    _check_basic_auth(access.basic_auth, where)
    _check_tls(access.tls_config, where)


def _check_basic_auth(basic_auth: BasicAuth | None, where: str) -> None:
    if basic_auth is not None and basic_auth.password and basic_auth.password_file:
        raise ConfigurationError(f"{where}: at most one of basic_auth password & password_file must be configured")


def _check_tls(tls: TlsConfig | None, where: str) -> None:
    if tls is not None and bool(tls.cert or tls.cert_file) != bool(tls.key or tls.key_file):
        raise ConfigurationError(f"{where}: a client certificate and its key have to be configured together")


def _check_scrape_configs(scrape_configs: tuple[ScrapeConfig, ...]) -> None:
    metrics = StageMetrics()
    for index, scrape in enumerate(scrape_configs):
        where = f"scrape_configs[{index}]"
        try:
            StagePipeline(scrape.pipeline_stages, scrape.job_name, metrics)
        except ConfigurationError as error:
            raise ConfigurationError(f"job `{scrape.job_name}`: {error}") from None
        for kind, listener in (("syslog", scrape.syslog), ("gelf", scrape.gelf)):
            if listener is not None and listener.listen_address:
                host_and_port(listener.listen_address, f"{where}.{kind}.listen_address")
        for kind in _NEED_JOB_NAME:
            if getattr(scrape, kind) is not None and not scrape.job_name:
                raise ConfigurationError(f"{where}: `job_name` must be defined for the `{kind}` scrape_config")
        for kubernetes in scrape.kubernetes_sd_configs:
            if not kubernetes.role:
                raise ConfigurationError(
                    f"{where}: kubernetes_sd_configs needs a `role`: {', '.join(KUBERNETES_ROLES)}"
                )
            _check_access(kubernetes, f"{where}.kubernetes_sd_configs")
        for docker in scrape.docker_sd_configs:
            if not docker.host:
                raise ConfigurationError(f"{where}: docker_sd_configs needs a `host`")
            _check_access(docker, f"{where}.docker_sd_configs")
        for files in scrape.file_sd_configs:
            if not files.files:
                raise ConfigurationError(f"{where}: file service discovery config must contain at least one path name")
    for kind in _NEED_JOB_NAME:
        names = Counter(scrape.job_name for scrape in scrape_configs if getattr(scrape, kind) is not None)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ConfigurationError(f"`job_name` must be unique for each `{kind}` scrape_config: {twice[0]}")
