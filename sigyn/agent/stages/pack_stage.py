"""`pack`: labels and extracted data go into the line, as JSON."""

from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages.go_json import quote_go_json
from sigyn.agent.stages.stage import Stage, StageContext, each, kind
from sigyn.agent.stages.values import to_text


@dataclass(frozen=True, slots=True)
class PackOptions:
    """Packed labels leave the stream; the entry gets a new time unless `ingest_timestamp` is false."""

    labels: tuple[str, ...] = ()
    ingest_timestamp: bool | None = None


def _compile(options: PackOptions, context: StageContext) -> Stage:
    names = sorted(set(options.labels))
    restamp = options.ingest_timestamp is not False

    def change(entry: AgentEntry) -> None:
        packed: list[str] = []
        for name in names:
            value = entry.labels.pop(name, None)
            if value is None:
                value = to_text(entry.extracted.get(name))
            if value is not None:
                packed.append(f"{quote_go_json(name)}:{quote_go_json(value)},")
        entry.line = f'{{{"".join(packed)}"_entry":{quote_go_json(entry.line)}}}'
        if restamp:
            entry.timestamp = context.clock()

    return each(change)


KIND = kind("pack", PackOptions, _compile)
