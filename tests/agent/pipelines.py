"""Pipelines as text, run over lines."""

from dataclasses import dataclass, field
from textwrap import dedent, indent

from sigyn.agent.configuration import AgentConfiguration, load_configuration
from sigyn.agent.entry import AgentEntry
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages import StagePipeline

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Bench:
    """A pipeline with its clock, the one that held entries wait by, and metrics."""

    stages: str
    clock: HandClock = field(default_factory=HandClock)
    steady: HandClock = field(default_factory=HandClock)
    labels: dict[str, str] = field(default_factory=lambda: {"job": "app"})

    def __post_init__(self) -> None:
        self.metrics = StageMetrics(self.clock)
        (scrape,) = configure(self.stages).scrape_configs
        self.pipeline = StagePipeline(scrape.pipeline_stages, "test", self.metrics, self.clock, self.steady)

    def feed(self, *lines: str) -> list[AgentEntry]:
        return self.pipeline.process_batch([self.entry(line) for line in lines])

    def entry(self, line: str) -> AgentEntry:
        return AgentEntry(dict(self.labels), self.clock(), line, origin=line)

    def samples(self) -> dict[str, float]:
        """The metrics as they are exposed: series to value."""
        rows = [row for row in self.metrics.render().decode().splitlines() if not row.startswith("#")]
        return {name: float(value) for name, _, value in (row.rpartition(" ") for row in rows)}


def configure(stages: str) -> AgentConfiguration:
    """A configuration whose only job has these stages."""
    return load_configuration(
        "clients: [{url: http://sigyn/loki/api/v1/push}]\n"
        "scrape_configs:\n- job_name: test\n  pipeline_stages:\n" + indent(dedent(stages).strip("\n"), "    ") + "\n"
    )
