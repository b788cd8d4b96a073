"""Rules and moments for tests."""

from sigyn.model.labels import Labels, labels_of
from sigyn.model.time import SECOND
from sigyn.ruler.expression import parse_expression
from sigyn.ruler.rule import AlertingRule, RecordingRule

START = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z"""


def labels(**pairs: str) -> Labels:
    return labels_of(pairs)


def alerting(
    expression: str = "vector(1)", *, name: str = "Errors", hold: int = 0, keep: int = 0, **texts: dict[str, str]
) -> AlertingRule:
    """A rule; `hold` and `keep` in seconds, `labels` and `annotations` as dicts."""
    return AlertingRule(
        name,
        parse_expression(expression),
        hold * SECOND,
        keep * SECOND,
        labels_of(texts.get("labels", {})),
        labels_of(texts.get("annotations", {})),
    )


def recording(name: str, expression: str, **added: str) -> RecordingRule:
    return RecordingRule(name, parse_expression(expression), labels_of(added))
