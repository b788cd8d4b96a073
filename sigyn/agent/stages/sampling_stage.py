"""`sampling`: keeps a share of the entries, chosen at random."""

from dataclasses import dataclass
from random import random

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import Stage, StageContext, kind


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """The share that is kept, from 0 to 1."""

    rate: float = 0.0
    drop_counter_reason: str | None = None


def _compile(options: SamplingOptions, context: StageContext) -> Stage:
    rate = options.rate
    if not 0.0 <= rate <= 1.0:
        raise ConfigurationError("sampling stage failed to parse rate, Sampling Rate must be between 0.0 and 1.0")
    dropped = context.metrics.dropped_lines(options.drop_counter_reason or "sampling_stage")

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        kept = [entry for entry in entries if random() < rate]
        if len(kept) < len(entries):
            dropped(len(entries) - len(kept))
        return kept

    return Stage(run)


KIND = kind("sampling", SamplingOptions, _compile)
