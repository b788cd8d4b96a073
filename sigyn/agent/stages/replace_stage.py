"""`replace`: replaces the groups of an expression, in the line or in extracted data."""

from collections.abc import Callable
from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import Expression, compile_expression
from sigyn.agent.stages.stage import Stage, StageContext, each, kind, required
from sigyn.agent.stages.templates import compile_stage_template, executor, template_data
from sigyn.agent.stages.values import to_text


@dataclass(frozen=True, slots=True)
class ReplaceOptions:
    """`replace` is a template whose `.Value` is what a group took; empty removes it."""

    expression: str = ""
    source: str | None = None
    replace: str = ""


def _compile(options: ReplaceOptions, _context: StageContext) -> Stage:
    regex = compile_expression(required(options.expression, "expression is required"))
    if options.source is not None and not options.source:
        raise ConfigurationError("empty source in replace stage")
    try:
        execute = executor(compile_stage_template(options.replace))
    except ConfigurationError:
        # Promtail compiles the template for each line, fails, and leaves every line alone.
        return Stage(lambda entries: entries)
    names = {number: name for name, number in regex.names.items()}
    source = options.source

    def change(entry: AgentEntry) -> None:
        text = entry.line if source is None else to_text(entry.extracted.get(source))
        if text is None or not regex.matches(text):
            return
        data = template_data(entry.extracted, entry.line)

        def value(taken: str) -> str | None:
            data["Value"] = taken
            return execute(data)

        replaced = _replace_groups(regex, text, names, value)
        if replaced is None:
            return
        result, groups = replaced
        if source is None:
            entry.line = result
        else:
            entry.extracted[source] = result
        entry.extracted.update(groups)

    return each(change)


def _replace_groups(
    regex: Expression, text: str, names: dict[int, str], value: Callable[[str], str | None]
) -> tuple[str, dict[str, str]] | None:
    """The text with every group of every match replaced, and the new values of named groups.

    A group inside another one is gone with it. None when a template fails.
    """
    parts: list[str] = []
    groups: dict[str, str] = {}
    position = 0
    for match in regex.find_all(text):
        for number in range(1, regex.groups + 1):
            start, end = match.span(number)
            if start < position or start < 0:
                continue
            replacement = value(text[start:end])
            if replacement is None:
                return None
            parts.append(text[position:start])
            parts.append(replacement)
            position = end
            if number in names:
                groups[names[number]] = replacement
    parts.append(text[position:])
    return "".join(parts), groups


KIND = kind("replace", ReplaceOptions, _compile)
