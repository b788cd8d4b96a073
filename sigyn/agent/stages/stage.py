"""What a compiled stage is.

Stages work on lists of entries, so that a stage costs one call per batch and not one per entry.
They see the entries in order and keep what they need from one list to the next, which makes a list
of a hundred the same as a hundred lists of one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sigyn.agent.config.decoding import decode
from sigyn.agent.config.document import Node
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.metrics import StageMetrics
from sigyn.model.time import Clock

Run: TypeAlias = Callable[[list[AgentEntry]], list[AgentEntry]]
"""Entries in, entries out; may change and keep what it is given."""

NEVER: Final = (1 << 63) - 1
"""A time that never comes, in ns."""


def _hold_nothing() -> Iterable[AgentEntry]:
    return ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A compiled stage.

    `flush(now)` gives the entries that the stage held back and whose time has come by `now`, as the
    context's `steady` clock has it; with NEVER all of them. `held()` lists what is held back.
    """

    run: Run
    flush: Callable[[int], list[AgentEntry]] | None = None
    held: Callable[[], Iterable[AgentEntry]] = _hold_nothing


@dataclass(frozen=True, slots=True)
class StageContext:
    """What stages need from outside. `nested` reads and compiles the stages inside a stage.

    `clock` says what time it is; `steady` how long something took: nobody sets it, so that it never jumps.
    """

    job_name: str
    metrics: StageMetrics
    clock: Clock
    steady: Clock
    nested: Callable[[Node, str], Stage]


@dataclass(frozen=True, slots=True)
class StageKind:
    """A stage of the configuration: its name, how its options are read, how it is compiled."""

    name: str
    read: Callable[[Node, str], Any]
    compile: Callable[[Any, StageContext], Stage]


def kind(name: str, options: type, compile_: Callable[[Any, StageContext], Stage]) -> StageKind:
    """A stage whose options are the fields of the dataclass `options`."""
    return StageKind(name, lambda node, path: decode(node, options, path, strict=True), compile_)


def required(value: str, message: str) -> str:
    """`value`, which must not be empty. Raises ConfigurationError."""
    if not value:
        raise ConfigurationError(message)
    return value


def each(change: Callable[[AgentEntry], None]) -> Stage:
    """A stage that changes every entry on its own."""

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            change(entry)
        return entries

    return Stage(run)
