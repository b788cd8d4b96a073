"""Labels and annotations: templates that see `$labels`, `$value`, and in annotations `$logs`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sigyn.languages.templates import StringMap, Template, TemplateError, compile_template
from sigyn.model.labels import Labels
from sigyn.ruler.log_lines import LogLine, TemplateLines, TemplateTraces, trace_ids
from sigyn.ruler.template_functions import TEMPLATE_FUNCTIONS, RuleContext

_VARIABLES = (
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
)
_LOG_VARIABLES = "{{$logs := .Logs}}{{$traceIDs := .TraceIDs}}"
_LONGEST = 64 << 10
"""Characters of a label or annotation."""


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What the templates of one alert see; `lines` are for annotations only."""

    labels: Labels
    value: float
    external_labels: Labels = ()
    external_url: str = ""
    lines: Sequence[LogLine] = ()

    def dot(self) -> Mapping[str, object]:
        """`.` of the template."""
        return {
            "Labels": StringMap(self.labels),
            "ExternalLabels": StringMap(self.external_labels),
            "ExternalURL": self.external_url,
            "Value": self.value,
            "Logs": TemplateLines(self.lines),
            "TraceIDs": TemplateTraces(trace_ids(self.lines)),
        }


@lru_cache(maxsize=4096)
def _compiled(text: str, logs: bool) -> Template:
    variables = _VARIABLES + (_LOG_VARIABLES if logs else "")
    return compile_template(variables + text, TEMPLATE_FUNCTIONS, name="template", maximum_length=_LONGEST)


def check_template(text: str, *, logs: bool) -> None:
    """Raises TemplateError for what is no template; `logs` as it may use `$logs`, which labels may not."""
    try:
        _compiled(text, logs)
    except TemplateError as error:
        if not logs and ("$logs" in str(error) or "$traceIDs" in str(error)):
            raise TemplateError(
                "labels say which alert it is and can't change with its lines: use $logs in annotations"
            ) from None
        raise


def expand(templates: Labels, data: TemplateData, context: RuleContext, *, logs: bool) -> Labels:
    """The texts of these templates; in the place of one that fails stands why, as in Prometheus."""
    dot = data.dot()
    return tuple((name, _expanded(text, dot, context, logs)) for name, text in templates)


def _expanded(text: str, dot: Mapping[str, object], context: RuleContext, logs: bool) -> str:
    if "{{" not in text:
        return text
    try:
        return _compiled(text, logs).execute(dot, context)
    except TemplateError as error:
        return f"<error expanding template: {error}>"


def uses_logs(annotations: Labels) -> bool:
    """Whether any of these templates asks for the lines."""
    return any("$logs" in text or "$traceIDs" in text for _, text in annotations)
