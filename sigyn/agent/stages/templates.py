"""The templates of `template` and `replace`: Go's, with the functions that Promtail adds."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import without_surrogates
from sigyn.agent.stages.template_functions import PROMTAIL_FUNCTIONS
from sigyn.agent.stages.values import to_text
from sigyn.languages.templates import Function, Template, TemplateError, compile_template
from sigyn.languages.templates.logql import logql_functions


@lru_cache(maxsize=1)
def _functions() -> Mapping[str, Function]:
    return {**logql_functions(), **PROMTAIL_FUNCTIONS}


def compile_stage_template(text: str) -> Template:
    """Compile a template. Raises ConfigurationError with Go's words."""
    try:
        return compile_template(text, _functions(), name="pipeline_template", missing="default")
    except TemplateError as error:
        raise ConfigurationError(str(error)) from None


def template_data(extracted: Mapping[str, object], line: str) -> dict[str, str]:
    """What a template sees: all extracted data as text, without nulls, and the line as `Entry`."""
    data: dict[str, str] = {}
    for name, value in extracted.items():
        text = to_text(value)
        if text is not None:
            data[name] = text
    data["Entry"] = line
    return data


def executor(template: Template) -> Callable[[Mapping[str, str]], str | None]:
    """A function from data to text; None when the template fails on them."""

    def execute(data: Mapping[str, str]) -> str | None:
        try:
            return template.execute(data, (data.get("Entry", ""), 0))
        except TemplateError:
            return None

    def execute_any(data: Mapping[str, str]) -> str | None:
        try:
            return execute(data)
        except UnicodeEncodeError:  # of a function with a regular expression, which takes nothing but UTF-8
            return execute({name: without_surrogates(text) for name, text in data.items()})

    return execute_any
