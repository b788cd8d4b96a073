"""`static_labels`: labels with fixed values, which do not become extracted data."""

from collections.abc import Mapping

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.names import check_label_names, read_names
from sigyn.agent.stages.stage import Stage, StageContext, StageKind


def _compile(options: Mapping[str, str | None], _context: StageContext) -> Stage:
    if not options:
        raise ConfigurationError("static_labels stage config cannot be empty")
    check_label_names(options)
    fixed = {name: value for name, value in options.items() if value}

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            entry.labels.update(fixed)
        return entries

    return Stage(run)


KIND = StageKind("static_labels", read_names, _compile)
