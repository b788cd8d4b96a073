"""`regex`: named groups of an expression into the extracted data."""

from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import compile_expression
from sigyn.agent.stages.stage import Stage, StageContext, kind, required
from sigyn.agent.stages.values import to_text


@dataclass(frozen=True, slots=True)
class RegexOptions:
    """The expression and, when it is not the line, what it is applied to."""

    expression: str = ""
    source: str | None = None


def _compile(options: RegexOptions, _context: StageContext) -> Stage:
    regex = compile_expression(required(options.expression, "expression is required"))
    if options.source is not None and not options.source:
        raise ConfigurationError("empty source")
    values_in = regex.values
    groups = sorted(regex.names.items(), key=lambda group: group[1])
    source = options.source

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            text = entry.line
            extracted = entry.extracted
            if source is not None:
                value = to_text(extracted.get(source))
                if value is None:
                    continue
                text = value
            values = values_in(text)
            if values is not None:
                for name, number in groups:
                    extracted[name] = values[number]
        return entries

    return Stage(run)


KIND = kind("regex", RegexOptions, _compile)
