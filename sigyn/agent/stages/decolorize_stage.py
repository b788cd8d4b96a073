"""`decolorize`: removes the escape sequences of terminals."""

from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages.stage import Stage, StageContext, kind


@dataclass(frozen=True, slots=True)
class DecolorizeOptions:
    """There are none."""


def _compile(_options: DecolorizeOptions, _context: StageContext) -> Stage:
    # Here and not above: the interpreter brings Arrow, which most agents have no use for.
    from sigyn.engine.interpreter.decolorize import ANSI_SEQUENCE

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            if "\x1b" in entry.line or "\x9b" in entry.line:
                entry.line = ANSI_SEQUENCE.sub("", entry.line)
        return entries

    return Stage(run)


KIND = kind("decolorize", DecolorizeOptions, _compile)
