"""`template`: sets extracted data by a Go template."""

from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages.stage import Stage, StageContext, each, kind, required
from sigyn.agent.stages.templates import compile_stage_template, executor, template_data


@dataclass(frozen=True, slots=True)
class TemplateOptions:
    """`source` is the name that is set, and the template's `.Value` when it has one already."""

    source: str = ""
    template: str = ""


def _compile(options: TemplateOptions, _context: StageContext) -> Stage:
    source = required(options.source, "template source value is required")
    execute = executor(compile_stage_template(options.template))

    def change(entry: AgentEntry) -> None:
        data = template_data(entry.extracted, entry.line)
        if source in data:
            data["Value"] = data[source]
        text = execute(data)
        if text:
            entry.extracted[source] = text
        elif text is not None:
            entry.extracted.pop(source, None)

    return each(change)


KIND = kind("template", TemplateOptions, _compile)
