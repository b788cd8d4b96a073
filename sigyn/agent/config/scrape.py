"""One scrape config: where entries come from and what happens to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sigyn.agent.config.discovery import (
    ConsulSdConfig,
    DockerSdConfig,
    FileSdConfig,
    KubernetesSdConfig,
    StaticConfig,
)
from sigyn.agent.config.stages import StageConfig
from sigyn.agent.config.targets import (
    DecompressionConfig,
    GelfConfig,
    JournalConfig,
    LokiPushApiConfig,
    SyslogConfig,
)
from sigyn.agent.stages.chain import read_stages
from sigyn.languages.relabel import RelabelRule

UNREAD = "there is no `__path__` among them, which names the files: none is read"


@dataclass(frozen=True, slots=True)
class ScrapeConfig:
    """An element of `scrape_configs`."""

    job_name: str = ""
    pipeline_stages: tuple[StageConfig, ...] = field(default=(), metadata={"read": read_stages})
    relabel_configs: tuple[RelabelRule, ...] = ()
    static_configs: tuple[StaticConfig, ...] = ()
    file_sd_configs: tuple[FileSdConfig, ...] = ()
    kubernetes_sd_configs: tuple[KubernetesSdConfig, ...] = ()
    docker_sd_configs: tuple[DockerSdConfig, ...] = ()
    consul_sd_configs: tuple[ConsulSdConfig, ...] = ()
    consulagent_sd_configs: tuple[ConsulSdConfig, ...] = ()
    journal: JournalConfig | None = None
    syslog: SyslogConfig | None = None
    loki_push_api: LokiPushApiConfig | None = None
    gelf: GelfConfig | None = None
    decompression: DecompressionConfig = DecompressionConfig()
    encoding: str = ""


def targets_without_path(scrapes: Sequence[ScrapeConfig]) -> Iterator[tuple[str, str]]:
    """Keys of static configs that name no files, where no rule could do so, and what is to be said."""
    for index, scrape in enumerate(scrapes):
        for place, static in enumerate(scrape.static_configs):
            if not static.labels.get("__path__") and not scrape.relabel_configs:
                yield f"scrape_configs[{index}].static_configs[{place}].labels", UNREAD
