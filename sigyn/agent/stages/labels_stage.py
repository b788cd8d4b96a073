"""`labels`: extracted data become labels."""

from collections.abc import Mapping

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import without_surrogates
from sigyn.agent.stages.names import check_label_names, read_names, sources
from sigyn.agent.stages.stage import Stage, StageContext, StageKind
from sigyn.agent.stages.values import to_text


def compile_labels(options: Mapping[str, str | None], _context: StageContext) -> Stage:
    """A stage that sets labels; null and missing values set nothing, an empty text removes."""
    if not options:
        raise ConfigurationError("label stage config cannot be empty")
    check_label_names(options)
    pairs = sources(options)

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            get = entry.extracted.get
            labels = entry.labels
            for name, source in pairs:
                value = get(source)
                if type(value) is not str:
                    value = to_text(value)
                    if value is None:
                        continue
                if value:
                    # Promtail sets no label to what is no UTF-8.
                    if value.isascii() or without_surrogates(value) == value:
                        labels[name] = value
                else:
                    labels.pop(name, None)
        return entries

    return Stage(run)


KIND = StageKind("labels", read_names, compile_labels)
