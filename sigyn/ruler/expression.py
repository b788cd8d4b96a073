"""What a rule asks: LogQL over log lines, or PromQL over the series that rules recorded."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from sigyn.engine.log_ranges import log_ranges
from sigyn.languages.logql import MeaningError, ast, parse_with_infos
from sigyn.languages.logql.lowering import lower
from sigyn.languages.promql import metric_names, parse_promql
from sigyn.model.errors import ParseError

_NAME = "__name__"
"""What selects series by their names where none stands in front of the braces."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A metric query. Of `series` the tree is as `parse_promql` gives it, of `logs` without extensions' shorthands.

    `infos` are remarks for the person who wrote it on how it was read.
    """

    text: str
    over: Literal["logs", "series"]
    tree: ast.MetricQuery
    infos: tuple[str, ...] = field(default=(), compare=False)

    @property
    def metrics(self) -> frozenset[str]:
        """The recorded series that it reads, by their names; none for an expression over logs."""
        return metric_names(self.tree) if self.over == "series" else frozenset()

    @property
    def ranges(self) -> tuple[ast.LogRange, ...]:
        """The log lines that it reads; none for an expression over series."""
        return tuple(log_ranges(self.tree)) if self.over == "logs" else ()


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Expression:
    """The expression that `text` is. Raises ParseError."""
    try:
        parsed = parse_with_infos(text)
    except ParseError as refused:
        return _over_series(text, refused)
    query = parsed.query
    if isinstance(query, ast.LogQuery | ast.PipedQuery):
        raise ParseError(
            "a rule needs a query that gives numbers, and this one gives lines",
            query=text,
            hint=f"count them: count_over_time({text.strip()} [5m]) > 0",
        )
    tree = lower(query, 0)
    if not all(one.interval for one in log_ranges(tree)):
        raise ParseError("a rule has no range of its own", query=text, hint="write one behind the selector: {...} [5m]")
    return Expression(text, "logs", tree, parsed.infos)


def _over_series(text: str, refused: ParseError) -> Expression:
    """PromQL, unless LogQL's parser got further, or understood all of it and there is no name of a series in it."""
    understood = isinstance(refused, MeaningError)
    try:
        read = Expression(text, "series", parse_promql(text))
    except ParseError as error:
        further = (error.line, error.column) > (refused.line, refused.column)
        raise (error if further and not understood else refused) from None
    if understood and _NAME not in text:
        raise refused
    return read
