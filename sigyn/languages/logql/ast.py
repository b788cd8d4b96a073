"""The syntax tree of LogQL.

Nodes are values: equal when they mean the same text, whatever their place in it (`span` does not
take part in comparison). Names follow Loki's documentation. `printer.py` turns a tree into text,
`parser.py` text into a tree, and `parse(print(tree)) == tree`.

Nodes of `extension_nodes` are Sigyn's own: no text that Loki accepts gives one (see docs/logql.md).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sigyn.languages.logql import extension_nodes
from sigyn.languages.logql.spans import NOWHERE as NOWHERE
from sigyn.languages.logql.spans import Span as Span
from sigyn.languages.logql.spans import no_span

Binding = extension_nodes.Binding
CountEntries = extension_nodes.CountEntries
HistogramQuantile = extension_nodes.HistogramQuantile
InSubquery = extension_nodes.InSubquery
Let = extension_nodes.Let
NumberStage = extension_nodes.NumberStage
OneOf = extension_nodes.OneOf
PipedQuery = extension_nodes.PipedQuery
Reference = extension_nodes.Reference

MatchOperator: TypeAlias = Literal["=", "!=", "=~", "!~"]
CompareOperator: TypeAlias = Literal["==", "!=", ">", ">=", "<", "<="]
LineOperator: TypeAlias = Literal["|=", "!=", "|~", "!~", "|>", "!>"]
Conversion: TypeAlias = Literal["", "duration", "duration_seconds", "bytes"]


# --- selectors


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name="value"`; a missing label is the empty string; `=~` and `!~` are anchored RE2."""

    name: str
    operator: MatchOperator
    value: str
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Selector:
    """`{a="b", c=~"d"}`; all matchers must hold."""

    matchers: tuple[Matcher, ...]
    span: Span = no_span()


# --- pipeline stages


@dataclass(frozen=True, slots=True)
class LineOperand:
    """What a line filter looks for: a text, a regular expression, a pattern, or `ip("...")`.

    `fold` is an extension: `i"text"` finds the text in any case.
    """

    value: str
    ip: bool = False
    fold: bool = False


@dataclass(frozen=True, slots=True)
class LineFilter:
    """`|= "a" or "b"`: any operand suffices; for the negative operators none may be found."""

    operator: LineOperator
    operands: tuple[LineOperand, ...]
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Extraction:
    """`name="expression"` of a parser; `| json name` is Extraction(name, name)."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class JsonParser:
    """`| json`, or with extractions `| json a="b.c[0]"`."""

    extractions: tuple[Extraction, ...] = ()
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class LogfmtParser:
    """`| logfmt [--strict] [--keep-empty] [a="b", ...]`."""

    strict: bool = False
    keep_empty: bool = False
    extractions: tuple[Extraction, ...] = ()
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class RegexpParser:
    """`| regexp "(?P<name>...)"`."""

    pattern: str
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class PatternParser:
    """`| pattern "<a> <_> <b>"`."""

    pattern: str
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Unpack:
    """`| unpack`."""

    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Decolorize:
    """`| decolorize`."""

    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class StringPredicate:
    """`name="value"` in a pipeline; a missing label is the empty string."""

    name: str
    operator: MatchOperator
    value: str


@dataclass(frozen=True, slots=True)
class NumberPredicate:
    """`name > 5`; `==` and `=` are the same operator, which prints as `==`."""

    name: str
    operator: CompareOperator
    value: float


@dataclass(frozen=True, slots=True)
class DurationPredicate:
    """`name > 5s`; `value` in ns."""

    name: str
    operator: CompareOperator
    value: int


@dataclass(frozen=True, slots=True)
class BytesPredicate:
    """`name > 5MB`; `value` in bytes."""

    name: str
    operator: CompareOperator
    value: int


@dataclass(frozen=True, slots=True)
class IpPredicate:
    """`name = ip("10.0.0.0/8")`."""

    name: str
    operator: Literal["=", "!="]
    pattern: str


@dataclass(frozen=True, slots=True)
class And:
    """`left and right`, also written `left, right` or `left right`."""

    left: "Predicate"
    right: "Predicate"


@dataclass(frozen=True, slots=True)
class Or:
    """`left or right`."""

    left: "Predicate"
    right: "Predicate"


Predicate: TypeAlias = (
    StringPredicate | NumberPredicate | DurationPredicate | BytesPredicate | IpPredicate | And | Or | OneOf | InSubquery
)


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """`| predicate`."""

    predicate: Predicate
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class EntryMatcher(LabelFilter):
    """What is left of a selector's matcher for the entries (`entry_labels.py`); prints as a label filter.

    Unlike a label filter it asks for no label that a parser makes.
    """


@dataclass(frozen=True, slots=True)
class LineFormat:
    """`| line_format "template"`."""

    template: str
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class LabelAssignment:
    """`name="template"`, or with `rename` `name=other` (then `value` is the other label's name)."""

    name: str
    value: str
    rename: bool = False


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """`| label_format a=b, c="template"`."""

    assignments: tuple[LabelAssignment, ...]
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """`name`, or with a matcher `name="value"`, of `drop` and `keep`."""

    name: str
    matcher: Matcher | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """`| drop a, b="c"`."""

    choices: tuple[LabelChoice, ...]
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Keep:
    """`| keep a, b="c"`."""

    choices: tuple[LabelChoice, ...]
    span: Span = no_span()


Stage: TypeAlias = (
    LineFilter
    | JsonParser
    | LogfmtParser
    | RegexpParser
    | PatternParser
    | Unpack
    | Decolorize
    | LabelFilter
    | LineFormat
    | LabelFormat
    | Drop
    | Keep
    | NumberStage
)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """`{selector} | stage | stage`: answers with lines."""

    selector: Selector
    stages: tuple[Stage, ...] = ()
    span: Span = no_span()


# --- metric queries


@dataclass(frozen=True, slots=True)
class Unwrap:
    """`| unwrap [conversion(]label[)] | filter ...`; the filters see the unwrapped entries."""

    label: str
    conversion: Conversion = ""
    filters: tuple[LabelFilter, ...] = ()
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class LogRange:
    """`{...} | ... [5m] offset 1h`; `interval` and `offset` in ns.

    An interval of 0 is an extension: none was written, so the window is as long as the query's range.
    """

    query: LogQuery
    interval: int
    offset: int = 0
    unwrap: Unwrap | None = None
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (a, b)`, or with `without` `without (a, b)`."""

    labels: tuple[str, ...]
    without: bool = False


RangeOperator: TypeAlias = Literal[
    "rate",
    "rate_counter",
    "count_over_time",
    "bytes_rate",
    "bytes_over_time",
    "absent_over_time",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
    "first_over_time",
    "last_over_time",
]

VectorOperator: TypeAlias = Literal[
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "approx_topk",
    "sort",
    "sort_desc",
]

BinaryOperator: TypeAlias = Literal[
    "or", "and", "unless", "+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<="
]


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """`rate({...}[5m])`, `quantile_over_time(0.99, {...} | unwrap x [5m]) by (y)`."""

    operator: RangeOperator
    log_range: LogRange
    parameter: float | None = None
    grouping: Grouping | None = None
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    """`sum by (a) (...)`, `topk(10, ...)`; `grouping` is None when none was written."""

    operator: VectorOperator
    expression: "MetricQuery"
    parameter: float | None = None
    grouping: Grouping | None = None
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class VectorMatching:
    """`on (a)` or `ignoring (a)`, `group_left (b)` or `group_right (b)`."""

    labels: tuple[str, ...] = ()
    on: bool = False
    group: Literal["", "left", "right"] = ""
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BinaryOperation:
    """`left + right`, `left > bool on (a) group_left right`; `matching` is None when none was written."""

    operator: BinaryOperator
    left: "MetricQuery"
    right: "MetricQuery"
    return_bool: bool = False
    matching: VectorMatching | None = None
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class LabelReplace:
    """`label_replace(expression, destination, replacement, source, regex)`."""

    expression: "MetricQuery"
    destination: str
    replacement: str
    source: str
    regex: str
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Vector:
    """`vector(1)`."""

    value: float
    span: Span = no_span()


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: float
    span: Span = no_span()


MetricQuery: TypeAlias = (
    RangeAggregation
    | VectorAggregation
    | BinaryOperation
    | LabelReplace
    | Vector
    | Number
    | HistogramQuantile
    | CountEntries
    | Reference
)


Query: TypeAlias = LogQuery | PipedQuery | MetricQuery | Let
