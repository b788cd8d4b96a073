"""The agent's configuration: Promtail's file as frozen values."""

from dataclasses import dataclass

from sigyn.agent.config.clients import ClientConfig
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


@dataclass(frozen=True, slots=True)
class AgentConfiguration:
    """Everything that a configuration file says."""

    server: ServerConfig = ServerConfig()
    clients: tuple[ClientConfig, ...] = ()
    positions: PositionsConfig = PositionsConfig()
    scrape_configs: tuple[ScrapeConfig, ...] = ()
    limits_config: LimitsConfig = LimitsConfig()
    target_config: TargetConfig = TargetConfig()
    global_config: GlobalConfig = GlobalConfig()
    options: OptionsConfig = OptionsConfig()
    tracing: TracingConfig = TracingConfig()
    wal: WalConfig = WalConfig()
