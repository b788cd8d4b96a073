"""`| line_format "..."` and `| label_format a=b, c="..."`."""

from sigyn.engine.interpreter.entry import Processed, Run
from sigyn.languages.logql import ast
from sigyn.languages.templates.errors import TemplateError
from sigyn.languages.templates.logql import compile_line_template

TEMPLATE_ERROR = "TemplateFormatErr"


def compile_line_format(stage: ast.LineFormat) -> Run:
    """Replace the line by what a template makes of it and of the labels.

    When the template fails, the line stays and gets `__error__="TemplateFormatErr"`. Raises
    TemplateError for a text that is no template.
    """
    template = compile_line_template(stage.template, "line")

    def run(entry: Processed) -> bool:
        try:
            entry.line = template.execute(entry.labels(), entry.line, entry.timestamp)
        except TemplateError as error:
            entry.fail(TEMPLATE_ERROR, str(error))
        return True

    return run


def compile_label_format(stage: ast.LabelFormat) -> Run:
    """Rename labels and make labels from templates, in order.

    A renamed label keeps its origin and leaves its old name; a missing one is passed over. What a
    template makes is a parsed label, whatever bore the name before. The templates of a stage see
    the labels as they are before the first of them, not each other's. Raises TemplateError.
    """
    assignments = [
        (
            assignment.name,
            assignment.value,
            None if assignment.rename else compile_line_template(assignment.value, "label"),
        )
        for assignment in stage.assignments
    ]

    def run(entry: Processed) -> bool:
        labels: dict[str, str] | None = None
        for name, value, template in assignments:
            if template is None:
                _rename(entry, value, name)
                continue
            if labels is None:
                labels = entry.labels()
            try:
                text = template.execute(labels, entry.line, entry.timestamp)
            except TemplateError as error:
                entry.fail(TEMPLATE_ERROR, str(error))
                continue
            entry.discard((name,))
            entry.parsed[name] = text
        return True

    return run


def _rename(entry: Processed, old: str, new: str) -> None:
    value = entry.get(old)
    if value is None:
        return
    in_stream, in_metadata = old in entry.stream, old in entry.metadata
    entry.discard((old, new))
    if in_stream:
        entry.stream = {**entry.stream, new: value}
    elif in_metadata:
        entry.metadata[new] = value
    else:
        entry.parsed[new] = value
