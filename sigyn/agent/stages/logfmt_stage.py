"""`logfmt`: pairs of key and value into the extracted data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import Stage, StageContext, kind
from sigyn.agent.stages.values import to_text
from sigyn.engine.interpreter.logfmt_syntax import BadPair, pairs


@dataclass(frozen=True, slots=True)
class LogfmtOptions:
    """`mapping` maps names to keys of the text; an empty key is the name itself."""

    mapping: Mapping[str, str | None] = field(default_factory=dict)
    source: str | None = None


def _compile(options: LogfmtOptions, _context: StageContext) -> Stage:
    if not options.mapping:
        raise ConfigurationError("logfmt mapping is required")
    if options.source is not None and not options.source:
        raise ConfigurationError("empty source")
    names: dict[str, list[str]] = {}
    for name, key in options.mapping.items():
        names.setdefault(key or name, []).append(name)
    source = options.source

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            text = entry.line
            if source is not None:
                value = to_text(entry.extracted.get(source))
                if value is None:
                    continue
                text = value
            for pair in pairs(text):
                if isinstance(pair, BadPair):
                    break  # Promtail reads no further, and keeps what it has
                for name in names.get(pair[0], ()):
                    entry.extracted[name] = pair[1]
        return entries

    return Stage(run)


KIND = kind("logfmt", LogfmtOptions, _compile)
