"""Entries from the network: labels by relabelling, then the job's pipeline."""

from collections.abc import Mapping, Sequence

from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.moments import Moments
from sigyn.languages.relabel import RelabelRule, relabel, without_meta

_REMEMBERED = 10_000


class Inlet:
    """Turns what a listener received into entries of its job."""

    def __init__(
        self, kind: str, job: Job, rules: Sequence[RelabelRule], moments: Moments, counters: AgentCounters
    ) -> None:
        self.job = job
        self._rules = rules
        self._moments = moments
        self._remembered: dict[tuple[tuple[str, str], ...], dict[str, str] | None] = {}
        self._entries = counters.target_entries.labels(kind, job.name)
        self._errors = counters.target_errors.labels(kind, job.name)

    def entry(
        self, labels: Mapping[str, str], line: str, timestamp: int | None, metadata: dict[str, str] | None = None
    ) -> AgentEntry | None:
        """An entry with the labels that relabelling leaves; None when it drops it. Now, without a timestamp."""
        final = self._relabelled(tuple(labels.items()))
        if final is None:
            return None
        moment = self._moments.take(1) if timestamp is None else timestamp
        return AgentEntry(final.copy(), moment, line, metadata or {})

    async def push(self, entries: Sequence[AgentEntry | None]) -> None:
        """Passes entries on, and waits while there is no room."""
        kept = [entry for entry in entries if entry is not None]
        self.push_now(kept)
        if self.job.sink.full():
            await self.job.sink.room()

    async def keep(self, entries: Sequence[AgentEntry | None]) -> None:
        """Passes entries on, and waits until a kill does not lose them; those that a stage holds back aside."""
        await self.push(entries)
        await self.job.sink.kept()

    def push_now(self, entries: list[AgentEntry]) -> None:
        """Passes entries on."""
        if entries:
            self._entries.inc(len(entries))
            self.job.push(entries, None, sum(len(entry.line) for entry in entries))

    def count_error(self) -> None:
        """Counts a message that was not what the listener takes."""
        self._errors.inc()

    def _relabelled(self, labels: tuple[tuple[str, str], ...]) -> dict[str, str] | None:
        if labels in self._remembered:
            return self._remembered[labels]
        found = relabel(dict(labels), self._rules)
        final = None if found is None else without_meta(found)
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[labels] = final
        return final
