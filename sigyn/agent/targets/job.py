"""A scrape config at work: its entries go through its pipeline and on to the shipper."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sigyn.agent.entry import AgentEntry
from sigyn.agent.positions import Changes
from sigyn.agent.stages.stage import NEVER


class EntryPipeline(Protocol):
    """The stages of a scrape config."""

    def process_batch(self, entries: list[AgentEntry]) -> list[AgentEntry]: ...
    def flush(self, now: int) -> list[AgentEntry]: ...
    def held(self) -> Iterable[AgentEntry]: ...


class Sink(Protocol):
    """What takes entries out of pipelines."""

    def add(self, entries: Sequence[AgentEntry], positions: Changes, size: int) -> None: ...
    def full(self) -> bool: ...
    async def room(self) -> None: ...

    async def kept(self) -> None:
        """Returns when a kill loses nothing of what was added, though nobody else has it."""


class Source(Protocol):
    """Something that is read from a position on: a file, a journal, a container."""

    def changes(self, mark: Any) -> Changes:
        """Positions when everything before the mark is delivered; None: everything that was read."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry begins: marks of one source can be compared, and rise."""

    source: Source
    mark: Any


def _uncounted(_entries: int) -> None:
    """Nobody counts."""


class Job:
    """Runs entries of all targets of one scrape config through one pipeline.

    A pipeline may hold entries back (multiline): positions then stay before the first line held, so
    that a killed agent reads it again.
    """

    def __init__(
        self, name: str, pipeline: EntryPipeline, sink: Sink, count: Callable[[int], None] = _uncounted
    ) -> None:
        """`count` is told of the entries that the pipeline let through."""
        self.name = name
        self.sink = sink
        self.holds = False  # whether entries need an origin
        self._pipeline = pipeline
        self._count = count
        self._behind: dict[int, Source] = {}

    def push(self, entries: list[AgentEntry], source: Source | None, size: int) -> None:
        """Entries that were read from a source, in order; `size` in bytes."""
        passed = self._pipeline.process_batch(entries)
        self._pass_on(passed, [source] if source else (), size)

    def flush(self, now: int) -> None:
        """Passes on held entries whose time has come; called several times a second."""
        if not self.holds:
            return
        passed = self._pipeline.flush(now)
        if passed:
            self._pass_on(passed, (), sum(len(entry.line) for entry in passed))

    def finish(self) -> None:
        """At the end: passes on what is held of sources that can't be read again."""
        if any(entry.origin is None for entry in self._pipeline.held()):
            self._pass_on(self._pipeline.flush(NEVER), (), 0)

    def _pass_on(self, entries: list[AgentEntry], read: Sequence[Source], size: int) -> None:
        self._count(len(entries))
        self.sink.add(entries, self._changes(read), size)

    def _changes(self, read: Sequence[Source]) -> Changes:
        held = [entry.origin for entry in self._pipeline.held()]
        self.holds = self.holds or bool(held)
        if not held and not self._behind and len(read) == 1:
            return read[0].changes(None)
        first: dict[int, Origin] = {}
        for origin in held:
            if isinstance(origin, Origin):
                known = first.get(id(origin.source))
                if known is None or origin.mark < known.mark:
                    first[id(origin.source)] = origin
        changes: dict[str, str] = {}
        for source in [*self._behind.values(), *read]:
            begin = first.get(id(source))
            changes.update(source.changes(begin.mark if begin else None))
        self._behind = {key: origin.source for key, origin in first.items()}
        return changes
