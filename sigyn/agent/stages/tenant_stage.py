"""`tenant`: the tenant of an entry, kept in the label `__tenant_id__` until it is sent."""

from dataclasses import dataclass

from sigyn.agent.entry import TENANT_LABEL, AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import Stage, StageContext, each, kind
from sigyn.agent.stages.values import to_text


@dataclass(frozen=True, slots=True)
class TenantOptions:
    """Exactly one of them: a label, extracted data, or a fixed value."""

    label: str = ""
    source: str = ""
    value: str = ""


def _compile(options: TenantOptions, _context: StageContext) -> Stage:
    given = [text for text in (options.label, options.source, options.value) if text]
    if not given:
        raise ConfigurationError("label, source or value config are required")
    if len(given) > 1:
        raise ConfigurationError(
            "label, source and value are mutually exclusive: you should set source, value or label but not all"
        )

    def tenant(entry: AgentEntry) -> str | None:
        if options.value:
            return options.value
        if options.label:
            return entry.labels.get(options.label)
        return to_text(entry.extracted.get(options.source))

    def change(entry: AgentEntry) -> None:
        name = tenant(entry)
        if name:
            entry.labels[TENANT_LABEL] = name

    return each(change)


KIND = kind("tenant", TenantOptions, _compile)
