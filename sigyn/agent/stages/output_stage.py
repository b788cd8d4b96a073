"""`output`: extracted data become the line."""

from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages.stage import Stage, StageContext, kind, required
from sigyn.agent.stages.values import to_text


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where the line is taken from; an entry without it keeps its line."""

    source: str = ""


def compile_output(options: OutputOptions, _context: StageContext) -> Stage:
    """A stage that sets the line."""
    source = required(options.source, "output source value is required if output is specified")

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            text = to_text(entry.extracted.get(source))
            if text is not None:
                entry.line = text
        return entries

    return Stage(run)


KIND = kind("output", OutputOptions, compile_output)
