"""Which targets a scrape config asks for, beside files."""

from dataclasses import dataclass

from sigyn.agent.config.scrape import ScrapeConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.targets.docker_log import DockerFollower
from sigyn.agent.targets.gelf import GelfListener
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.journal import JournalReader
from sigyn.agent.targets.listener import Listener
from sigyn.agent.targets.moments import Moments
from sigyn.agent.targets.push_api import PushApiListener
from sigyn.agent.targets.received import Inlet
from sigyn.agent.targets.syslog import SyslogListener


@dataclass(frozen=True, slots=True)
class TargetContext:
    """What targets of a scrape config need; `positions` is where they go on."""

    scrape: ScrapeConfig
    job: Job
    moments: Moments
    counters: AgentCounters
    positions: dict[str, str]

    def inlet(self, kind: str) -> Inlet:
        """Where a listener of this kind puts its entries."""
        return Inlet(kind, self.job, self.scrape.relabel_configs, self.moments, self.counters)


def docker_of(context: TargetContext) -> DockerFollower | None:
    """What reads the logs of containers that discovery finds; raises ConfigurationError."""
    scrape = context.scrape
    if not scrape.docker_sd_configs:
        return None
    config = scrape.docker_sd_configs[0]
    return DockerFollower(config, context.job, scrape.relabel_configs, context.counters, context.positions)


def listeners_of(context: TargetContext) -> list[Listener]:
    """The listeners of a scrape config; raises ConfigurationError, and Unavailable when an address is taken."""
    scrape, listeners = context.scrape, list[Listener]()
    if scrape.syslog:
        listeners.append(SyslogListener(scrape.syslog, context.inlet("syslog")))
    if scrape.gelf:
        listeners.append(GelfListener(scrape.gelf, context.inlet("gelf")))
    if scrape.loki_push_api:
        listeners.append(PushApiListener(scrape.loki_push_api, context.inlet("push_api")))
    if scrape.journal:
        position = context.positions.get(f"journal-{context.job.name}", "")
        rules = scrape.relabel_configs
        listeners.append(JournalReader(scrape.journal, context.job, rules, context.counters, position))
    return listeners
