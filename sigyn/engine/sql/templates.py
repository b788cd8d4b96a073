"""Templates of line_format and label_format as steps."""

from collections.abc import Callable, Sequence

from sigyn.engine.sql.scope import Scope
from sigyn.engine.sql.steps import Render
from sigyn.engine.sql.text import NULL, Sql, column, flag, literal
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.languages.templates.errors import TemplateError
from sigyn.languages.templates.logql import LINE, LineTemplate


def rendered(scope: Scope, template: LineTemplate, label: Callable[[str], Sql]) -> Sql:
    """The text that a template makes, never NULL; where it fails, the interpreter has to decide about the entry.

    `label` gives SQL for a label as the template sees it. Raises Unsupported where the text depends on more than
    single labels and the line.
    """
    inputs = template.inputs
    if inputs is None:
        raise Unsupported("a template that asks for more than single labels")
    found = {name: scope.line if name == LINE else label(name) for name in sorted(inputs)}
    sources = {name: source for name, source in found.items() if source is not NULL}
    if not sources:
        return _constant(template)
    names = tuple(sources)

    def render(texts: Sequence[str]) -> str | None:
        return _text(template, dict(zip(names, texts, strict=True)))

    name = scope.fresh("made")
    step = Render(name, f"{name}.doubt", tuple(sources.values()), render)
    scope.steps.append(step)
    scope.doubts.append(flag(step.doubt))
    return column(step.name)


def _constant(template: LineTemplate) -> Sql:
    text = _text(template, {})
    if text is None:
        raise Unsupported("a template that fails whatever the labels are")
    return literal(text)


def _text(template: LineTemplate, labels: dict[str, str]) -> str | None:
    line = labels.get(LINE, "")  # no label has such a name that a template could ask for
    try:
        return template.execute(labels, line, 0)
    except TemplateError:
        return None
