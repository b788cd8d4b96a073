"""Counting without labels: `sum(count_over_time({...} | json [5m]))` never parses a line.

Loki does not run parsers whose labels nothing asks for, so that such a query can't fail, and counts
lines that no parser understands. Source: recorded answers.
"""

from collections.abc import Sequence

from sigyn.engine.interpreter.entry import RESERVED
from sigyn.languages.logql import ast

COUNTING = frozenset({"count_over_time", "rate", "bytes_over_time", "bytes_rate"})

_PARSERS = (ast.JsonParser, ast.LogfmtParser, ast.RegexpParser, ast.PatternParser)
_ASKING = (ast.LabelFilter, ast.LineFormat, ast.LabelFormat, ast.NumberStage)


def needs_no_labels(query: ast.RangeAggregation, hint: ast.Grouping | None) -> bool:
    """Whether nothing in the query asks for a label, given that all series are summed up (`hint` is `by ()`)."""
    return (
        hint == ast.Grouping(())
        and query.operator in COUNTING
        and query.log_range.unwrap is None
        and not any(_asks(stage) for stage in query.log_range.query.stages)
    )


def _asks(stage: ast.Stage) -> bool:
    return isinstance(stage, _ASKING) and not isinstance(stage, ast.EntryMatcher)


def without_idle_drops(stages: Sequence[ast.Stage]) -> Sequence[ast.Stage]:
    """The stages but those at the beginning that only drop errors, of which there are none yet.

    Grafana has `| drop __error__` in the query that draws the log volume, whatever the query. No stream may have a
    label of such a name.
    """
    for place, stage in enumerate(stages):
        if not isinstance(stage, ast.Drop) or not all(choice.name in RESERVED for choice in stage.choices):
            return stages[place:]
    return ()


def without_parsers(stages: Sequence[ast.Stage]) -> list[ast.Stage]:
    """The stages that are left when no label is needed: those that filter or rewrite lines."""
    return [stage for stage in stages if not isinstance(stage, (*_PARSERS, ast.Drop, ast.Keep))]
