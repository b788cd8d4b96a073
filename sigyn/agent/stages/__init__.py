"""The pipeline of a scrape config: Promtail's stages, one file each."""

from collections.abc import Iterable, Sequence

from sigyn.agent.config.stages import StageConfig
from sigyn.agent.entry import AgentEntry
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages.chain import compile_stages
from sigyn.agent.stages.stage import NEVER
from sigyn.model.time import Clock, steady_clock, system_clock

__all__ = ["NEVER", "StagePipeline"]


class StagePipeline:
    """The stages of one scrape config, compiled once; for one thread at a time.

    Stages such as multiline hold entries back. `flush` lets go of those whose time has come, and
    has to be called every 100 ms or so.
    """

    __slots__ = ("_chain", "_plain", "job_name")

    def __init__(
        self,
        stages: Sequence[StageConfig],
        job_name: str,
        metrics: StageMetrics,
        clock: Clock = system_clock,
        steady: Clock = steady_clock,
    ) -> None:
        """Compile the stages; held entries wait by `steady`.

        Raises ConfigurationError for options that no stage can work with.
        """
        self._chain = compile_stages(stages, job_name, metrics, clock, steady)
        self._plain = not stages
        self.job_name = job_name

    def process(self, entry: AgentEntry) -> list[AgentEntry]:
        """What becomes of one entry: nothing, itself, or entries that were held back before."""
        return self.process_batch([entry])

    def process_batch(self, entries: list[AgentEntry]) -> list[AgentEntry]:
        """The same for many entries in order, at a fraction of the cost; the list may be changed."""
        if self._plain:
            return entries
        for entry in entries:
            entry.extracted = {**entry.labels}
        return self._chain.run(entries)

    def flush(self, now: int) -> list[AgentEntry]:
        """Held entries that are due at `now` (ns of the steady clock); with NEVER all, for the end."""
        return self._chain.flush(now) if self._chain.flush is not None else []

    def held(self) -> Iterable[AgentEntry]:
        """The entries that are held back at present."""
        return self._chain.held()
