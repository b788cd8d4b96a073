"""`structured_metadata`: extracted data or labels become structured metadata."""

from collections.abc import Mapping

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.names import check_label_names, read_names, sources
from sigyn.agent.stages.stage import Stage, StageContext, StageKind, each
from sigyn.agent.stages.values import to_text


def _compile(options: Mapping[str, str | None], _context: StageContext) -> Stage:
    if not options:
        raise ConfigurationError("structured_metadata stage config cannot be empty")
    check_label_names(options)
    pairs = sources(options)

    def change(entry: AgentEntry) -> None:
        for name, source in pairs:
            value = to_text(entry.extracted.get(source))
            label = entry.labels.pop(source, None)
            if value is None:
                value = label
            if value is not None:
                entry.metadata[name] = value

    return each(change)


KIND = StageKind("structured_metadata", read_names, _compile)
OLD_KIND = StageKind("non_indexed_labels", read_names, _compile)
