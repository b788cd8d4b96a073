"""Entries on standard output in place of a server, and what each stage changed."""

import sys
from collections.abc import Iterable, Sequence
from copy import copy, deepcopy
from datetime import UTC, datetime
from typing import TextIO

from sigyn.agent.config.stages import StageConfig
from sigyn.agent.entry import AgentEntry
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.positions import Changes
from sigyn.agent.stages.chain import compile_stages
from sigyn.agent.stages.values import to_text
from sigyn.model.labels import format_labels, labels_of
from sigyn.model.time import SECOND, Clock


class PrintSink:
    """Prints entries in place of shipping them; no position is kept."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out

    def add(self, entries: Sequence[AgentEntry], _positions: Changes, _size: int) -> None:
        """A line for each entry: time, labels, metadata if there are any, the line."""
        for entry in entries:
            metadata = f" {format_labels(labels_of(entry.metadata))}" if entry.metadata else ""
            labels = format_labels(labels_of(entry.labels))
            self._out.write(f"{rfc3339(entry.timestamp)} {labels}{metadata}\t{entry.line}\n")
        self._out.flush()

    def full(self) -> bool:
        """Never."""
        return False

    async def room(self) -> None:
        """At once."""

    async def kept(self) -> None:
        """At once."""


class InspectingPipeline:
    """The stages of a job one by one: prints what each of them changed."""

    def __init__(
        self,
        stages: Sequence[StageConfig],
        job_name: str,
        metrics: StageMetrics,
        clock: Clock,
        steady: Clock,
        out: TextIO = sys.stdout,
    ) -> None:
        """Raises ConfigurationError."""
        self._stages = [(stage.name, compile_stages([stage], job_name, metrics, clock, steady)) for stage in stages]
        self._out = out

    def process_batch(self, entries: list[AgentEntry]) -> list[AgentEntry]:
        """What becomes of entries, each followed through the stages."""
        passed = []
        for entry in entries:
            entry.extracted = dict(entry.labels)
            self._out.write(f"[inspect] line: {entry.line}\n")
            passed += self._run([entry], 0)
        return passed

    def flush(self, now: int) -> list[AgentEntry]:
        """Entries whose time has come, through the stages behind the one that held them."""
        passed: list[AgentEntry] = []
        for number, (name, stage) in enumerate(self._stages):
            due = stage.flush(now) if stage.flush is not None else []
            if due:
                self._out.write(f"[inspect] stage {number} {name}: lets go of {len(due)}\n")
                passed += self._run(due, number + 1)
        return passed

    def held(self) -> Iterable[AgentEntry]:
        """What stages hold back."""
        return [entry for _, stage in self._stages for entry in stage.held()]

    def _run(self, entries: list[AgentEntry], start: int) -> list[AgentEntry]:
        for number, (name, stage) in enumerate(self._stages[start:], start):
            before = [_snapshot(entry) for entry in entries]
            entries = stage.run(entries)
            self._out.write(f"[inspect] stage {number} {name}:{_difference(before, entries)}\n")
            if not entries:
                break
        return entries


def rfc3339(timestamp: int) -> str:
    """A time as text, in UTC."""
    seconds, nanos = divmod(timestamp, SECOND)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanos:09d}".rstrip("0").rstrip(".") + "Z"


def _snapshot(entry: AgentEntry) -> AgentEntry:
    kept = copy(entry)
    kept.labels, kept.metadata = dict(entry.labels), dict(entry.metadata)
    kept.extracted = deepcopy(entry.extracted)
    return kept


def _text(value: object) -> str:
    """An extracted value as stages see it."""
    text = to_text(value)
    return "null" if text is None else text


def _difference(before: Sequence[AgentEntry], after: Sequence[AgentEntry]) -> str:
    if not after:
        return " dropped, or held back"
    if len(before) != len(after):
        return f" {len(before)} entries became {len(after)}"
    rows: list[str] = []
    for old, new in zip(before, after, strict=True):
        if old.timestamp != new.timestamp:
            rows += [f"- timestamp: {rfc3339(old.timestamp)}", f"+ timestamp: {rfc3339(new.timestamp)}"]
        if old.line != new.line:
            rows += [f"- line: {old.line}", f"+ line: {new.line}"]
        for title, was, now in (
            ("label", old.labels, new.labels),
            ("metadata", old.metadata, new.metadata),
            ("extracted", old.extracted, new.extracted),
        ):
            rows += [f"- {title} {name}: {_text(value)}" for name, value in was.items() if now.get(name, ...) != value]
            rows += [f"+ {title} {name}: {_text(value)}" for name, value in now.items() if was.get(name, ...) != value]
    return "".join(f"\n    {row}" for row in rows) or " nothing changed"
