"""Nodes of the syntax tree that only Sigyn's dialect has; `ast` gives them out with all others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigyn.languages.logql.spans import Span, no_span

if TYPE_CHECKING:
    from sigyn.languages.logql.ast import Conversion, Grouping, LogQuery, MetricQuery
    from sigyn.languages.logql.pipes import Pipe


@dataclass(frozen=True, slots=True)
class OneOf:
    """`name in ("a", "b")`, or with `negative` `name not in ("a", "b")`."""

    name: str
    values: tuple[str, ...]
    negative: bool = False


@dataclass(frozen=True, slots=True)
class InSubquery:
    """`name in ({...} | fields x)`: the values are those that another query finds."""

    name: str
    query: "LogQuery | PipedQuery"
    negative: bool = False


@dataclass(frozen=True, slots=True)
class NumberStage:
    """`| unwrap duration(x)` in a log query; the label becomes the number that it stands for.

    As in a metric query, an entry without the label is dropped, and one whose label can't be read
    gets `__error__`.
    """

    label: str
    conversion: "Conversion" = ""
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class PipedQuery:
    """`{...} | ... [1h] | stats count() by a`: a log query with pipes, or with a range of its own.

    interval  ns; the query looks at so much time before the end of the range asked for; 0: not written
    """

    query: "LogQuery"
    pipes: "tuple[Pipe, ...]" = ()
    interval: int = 0
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class HistogramQuantile:
    """`histogram_quantile(0.95, ...)` over series with the label `le`, as Prometheus computes it."""

    quantile: float
    expression: "MetricQuery"
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class CountEntries:
    """`count by (a) ({...})`: the entries of the query's range."""

    query: "LogQuery"
    grouping: "Grouping | None" = None
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a `let` binds."""

    name: str
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Binding:
    """`let name = query;`."""

    name: str
    query: "MetricQuery"
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Let:
    """`let a = ...; let b = ...; a / b`; a query may use the names bound before it."""

    bindings: tuple[Binding, ...]
    expression: "MetricQuery"
    span: Span = no_span()
