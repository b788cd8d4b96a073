"""Entries with `__error__` in metric queries."""

from collections.abc import Iterable
from dataclasses import dataclass

from sigyn.engine.interpreter.entry import ERROR
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels, format_labels


@dataclass(slots=True)
class Skipped:
    """How many entries with errors were left out, and what Loki would have said about the first of them."""

    count: int = 0
    message: str = ""

    def add(self, labels: Labels) -> None:
        """Count an entry with these labels."""
        if not self.count:
            self.message = pipeline_error(labels)
        self.count += 1


def pipeline_error(labels: Labels) -> str:
    """What Loki answers to a metric query that meets an entry with these labels, `__error__` among them."""
    error = dict(labels).get(ERROR, "")
    return (
        f"pipeline error: '{error}' for series: '{format_labels(labels)}'.\n"
        f'Use a label filter to intentionally skip this error. (e.g | __error__!="{error}").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )


def keeps_errors(query: ast.RangeAggregation, hint: ast.Grouping | None) -> bool:
    """Whether entries with errors are samples like others: a filter or a grouping asks for `__error__`."""
    unwrap = query.log_range.unwrap
    filters = [*query.log_range.query.stages, *(unwrap.filters if unwrap else ())]
    if any(isinstance(stage, ast.LabelFilter) and ERROR in predicate_labels(stage.predicate) for stage in filters):
        return True
    return any(grouping is not None and ERROR in grouping.labels for grouping in (query.grouping, hint))


def predicate_labels(predicate: ast.Predicate) -> Iterable[str]:
    """The names of the labels that a predicate looks at."""
    match predicate:
        case ast.And(left, right) | ast.Or(left, right):
            return (*predicate_labels(left), *predicate_labels(right))
        case _:
            return (predicate.name,)
