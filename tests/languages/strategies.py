"""Hypothesis strategies for trees of LogQL: random selectors, pipelines and queries.

Every tree that they make can be written as text, so `parse(print_query(tree)) == tree` must hold. A
`Vocabulary` says which names and texts the trees are made of: give one that knows the names of your
data, and the pipelines will find something in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from sigyn.languages.logql import ast, pipes
from sigyn.languages.logql.pipes import math
from sigyn.languages.logql.pipes.sort import SortKey
from sigyn.languages.logql.pipes.stats import Key, Measure
from sigyn.languages.logql.tokens import WORDS
from sigyn.model.time import DAY, MILLISECOND, MINUTE

_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,5}", fullmatch=True) | st.sampled_from(
    ("app", "level", "duration", "bytes", "ip", "count", "rate", "sum", "vector", "status")
)
_texts = st.text(st.characters(codec="utf-8"), max_size=12)


def _default(strategy: SearchStrategy[Any]) -> Any:
    return field(default=strategy)


@dataclass(frozen=True)
class Vocabulary:
    """What trees are made of. All expressions must be valid ones."""

    names: SearchStrategy[str] = _default(_names.filter(lambda name: name.lower() not in WORDS))
    values: SearchStrategy[str] = _default(_texts)
    regexes: SearchStrategy[str] = _default(st.sampled_from((".*", ".+", "a|b", r"\d{3}", "(?i)err", "", "[^a]+")))
    line_texts: SearchStrategy[str] = _default(_texts)
    line_patterns: SearchStrategy[str] = _default(st.sampled_from(("<_>error<_>", "plain", "", "a <_> b", "< >")))
    capture_regexes: SearchStrategy[str] = _default(
        st.sampled_from((r"(?P<a>\w+)", r"x=(?P<x>\d+)(,y=(?P<y>.*))?", "(?P<first>[^]]+)"))
    )
    capture_patterns: SearchStrategy[str] = _default(
        st.sampled_from(("<a> <_> <b>", "[<level>]", '<ip> "<method> <_>"'))
    )
    json_paths: SearchStrategy[str] = _default(st.sampled_from(("a", "a.b", "a[0].b", '["x y"][1]', "a['b']"[:1])))
    logfmt_keys: SearchStrategy[str] = _default(st.sampled_from(("a", "level", "user_id")))
    templates: SearchStrategy[str] = _default(
        st.sampled_from(("{{.app}}", "plain", "{{ .level | ToUpper }} {{ __line__ }}", '\n\t"', "{{ `x` }}"))
    )
    ip_patterns: SearchStrategy[str] = _default(
        st.sampled_from(("10.0.0.0/8", "::1", "192.168.0.1-192.168.0.9", "2001:db8::/32"))
    )
    numbers: SearchStrategy[float] = _default(
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000).map(float)
    )
    durations: SearchStrategy[int] = _default(st.integers(-(10**18), 10**18) | st.sampled_from((0, MILLISECOND, DAY)))
    byte_sizes: SearchStrategy[int] = _default(
        st.integers(0, 1 << 53) | st.sampled_from((5000, 10_000_000, 512 << 10, 0))
    )
    intervals: SearchStrategy[int] = _default(st.integers(1, 10**17) | st.sampled_from((MINUTE, 5 * MINUTE, 14 * DAY)))
    offsets: SearchStrategy[int] = _default(st.just(0) | st.integers(-(10**15), 10**15))


ANYTHING = Vocabulary()


def matchers(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Matcher]:
    """`a="b"`, `a=~"b"`."""
    return st.builds(ast.Matcher, words.names, st.sampled_from(("=", "!=")), words.values) | st.builds(
        ast.Matcher, words.names, st.sampled_from(("=~", "!~")), words.regexes
    )


def selectors(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Selector]:
    """`{...}` with up to three matchers, also none."""
    return st.lists(matchers(words), max_size=3).map(tuple).map(ast.Selector)


def line_filters(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.LineFilter]:
    """All six operators, one to three operands."""

    def filters(operators: Sequence[str], operands: SearchStrategy[ast.LineOperand]) -> SearchStrategy[ast.LineFilter]:
        several = st.lists(operands, min_size=1, max_size=3).map(tuple)
        return st.builds(ast.LineFilter, st.sampled_from(operators), several)

    ip = st.builds(ast.LineOperand, words.ip_patterns, st.just(True))
    return st.one_of(
        filters(("|=", "!="), st.builds(ast.LineOperand, words.line_texts) | ip),
        filters(("|~", "!~"), st.builds(ast.LineOperand, words.regexes)),
        filters(("|>", "!>"), st.builds(ast.LineOperand, words.line_patterns)),
    )


def predicates(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Predicate]:
    """String, number, duration, bytes and ip predicates, joined by `and` and `or`."""
    comparison = st.sampled_from(("==", "!=", ">", ">=", "<", "<="))
    single: SearchStrategy[ast.Predicate] = st.one_of(
        st.builds(ast.StringPredicate, words.names, st.sampled_from(("=", "!=")), words.values),
        st.builds(ast.StringPredicate, words.names, st.sampled_from(("=~", "!~")), words.regexes),
        st.builds(ast.NumberPredicate, words.names, comparison, words.numbers),
        st.builds(ast.DurationPredicate, words.names, comparison, words.durations),
        st.builds(ast.BytesPredicate, words.names, comparison, words.byte_sizes),
        st.builds(ast.IpPredicate, words.names, st.sampled_from(("=", "!=")), words.ip_patterns),
    )
    return st.recursive(
        single, lambda inner: st.builds(ast.And, inner, inner) | st.builds(ast.Or, inner, inner), max_leaves=4
    )


def label_filters(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.LabelFilter]:
    """`| predicate`."""
    return st.builds(ast.LabelFilter, predicates(words))


def parsers(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Stage]:
    """json, logfmt, regexp, pattern and unpack, with and without extractions."""

    def extractions(expressions: SearchStrategy[str]) -> SearchStrategy[tuple[ast.Extraction, ...]]:
        return st.lists(st.builds(ast.Extraction, words.names, expressions), max_size=3).map(tuple)

    return st.one_of(
        st.builds(ast.JsonParser, extractions(words.json_paths)),
        st.builds(ast.LogfmtParser, st.booleans(), st.booleans(), extractions(words.logfmt_keys)),
        st.builds(ast.RegexpParser, words.capture_regexes),
        st.builds(ast.PatternParser, words.capture_patterns),
        st.just(ast.Unpack()),
    )


def formats(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Stage]:
    """line_format, label_format, decolorize, drop and keep."""
    assigned = words.names.filter(lambda name: name != "__error__")  # which is refused
    assignments = st.lists(
        st.builds(ast.LabelAssignment, assigned, words.templates)
        | st.builds(ast.LabelAssignment, assigned, words.names, st.just(True)),
        min_size=1,
        max_size=3,
        unique_by=lambda assignment: assignment.name,
    )
    choices = st.lists(
        st.builds(ast.LabelChoice, words.names)
        | matchers(words).map(lambda matcher: ast.LabelChoice(matcher.name, matcher)),
        min_size=1,
        max_size=3,
    ).map(tuple)
    return st.one_of(
        st.builds(ast.LineFormat, words.templates),
        st.builds(ast.LabelFormat, assignments.map(tuple)),
        st.just(ast.Decolorize()),
        st.builds(ast.Drop, choices),
        st.builds(ast.Keep, choices),
    )


def stages(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Stage]:
    """Any stage."""
    return st.one_of(line_filters(words), label_filters(words), parsers(words), formats(words))


def pipelines(words: Vocabulary = ANYTHING, max_size: int = 4) -> SearchStrategy[tuple[ast.Stage, ...]]:
    """Any stages that can be written one after the other."""
    return st.lists(stages(words), max_size=max_size).map(_writable)


def _writable(several: list[ast.Stage]) -> tuple[ast.Stage, ...]:
    """Without line filters that would read as part of the stage before: `| drop a != "x"` is a matcher."""
    kept: list[ast.Stage] = []
    for stage in several:
        before = kept[-1] if kept else None
        open_ended = isinstance(before, ast.Drop | ast.Keep) and before.choices[-1].matcher is None
        if open_ended and isinstance(stage, ast.LineFilter) and stage.operator in ("!=", "!~"):
            continue
        kept.append(stage)
    return tuple(kept)


def log_queries(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.LogQuery]:
    """`{...} | ...`."""
    return st.builds(ast.LogQuery, selectors(words), pipelines(words))


def unwraps(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Unwrap]:
    """`| unwrap duration(x) | filter`."""
    conversions = st.sampled_from(("", "duration", "duration_seconds", "bytes"))
    filters = st.lists(label_filters(words), max_size=2).map(tuple)
    return st.builds(ast.Unwrap, words.names, conversions, filters)


def groupings(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Grouping]:
    """`by (...)`, `without (...)`."""
    return st.builds(ast.Grouping, st.lists(words.names, max_size=3).map(tuple), st.booleans())


def range_aggregations(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.RangeAggregation]:
    """Every range aggregation, with what it takes of unwrap, parameter and grouping."""
    of_lines = st.builds(ast.LogRange, log_queries(words), words.intervals, words.offsets)
    unwrapped = st.builds(ast.LogRange, log_queries(words), words.intervals, words.offsets, unwraps(words))
    grouping = st.none() | groupings(words)
    parameter = st.floats(0, 2).map(abs)
    return st.one_of(
        st.builds(
            ast.RangeAggregation,
            st.sampled_from(("rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time")),
            of_lines,
        ),
        st.builds(
            ast.RangeAggregation,
            st.sampled_from(("rate", "rate_counter", "sum_over_time", "absent_over_time")),
            unwrapped,
        ),
        st.builds(
            ast.RangeAggregation,
            st.sampled_from(tuple(f"{name}_over_time" for name in ("avg", "min", "max", "stddev", "first", "last"))),
            unwrapped,
            st.none(),
            grouping,
        ),
        st.builds(ast.RangeAggregation, st.just("quantile_over_time"), unwrapped, parameter, grouping),
    )


def vector_matchings(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.VectorMatching]:
    """`on (...)`, `ignoring (...) group_left (...)`."""
    labels = st.lists(words.names, max_size=2).map(tuple)
    return st.builds(ast.VectorMatching, labels, st.booleans()) | st.builds(
        ast.VectorMatching, labels, st.booleans(), st.sampled_from(("left", "right")), labels
    )


def metric_queries(words: Vocabulary = ANYTHING, max_leaves: int = 4) -> SearchStrategy[ast.MetricQuery]:
    """Any metric query; a binary operation has at least one leg that is a vector."""
    leaf = range_aggregations(words) | st.builds(ast.Vector, words.numbers.map(abs))

    def extend(inner: SearchStrategy[ast.MetricQuery]) -> SearchStrategy[ast.MetricQuery]:
        grouping = st.none() | groupings(words)
        plain = st.sampled_from(("sum", "avg", "min", "max", "count", "stddev", "stdvar"))
        matching = st.none() | vector_matchings(words)
        arithmetic = st.sampled_from(("+", "-", "*", "/", "%", "^"))
        comparison = st.sampled_from(("==", "!=", ">", ">=", "<", "<="))
        number = st.builds(ast.Number, words.numbers)
        return st.one_of(
            st.builds(ast.VectorAggregation, plain, inner, st.none(), grouping),
            st.builds(ast.VectorAggregation, st.sampled_from(("sort", "sort_desc")), inner),
            st.builds(
                ast.VectorAggregation,
                st.sampled_from(("topk", "bottomk")),
                inner,
                st.integers(1, 1000).map(float),
                grouping,
            ),
            st.builds(ast.BinaryOperation, arithmetic, inner, inner | number, st.just(False), matching),
            st.builds(ast.BinaryOperation, arithmetic, number, inner),
            st.builds(ast.BinaryOperation, comparison, inner, inner | number, st.booleans(), matching),
            st.builds(
                ast.BinaryOperation, st.sampled_from(("and", "or", "unless")), inner, inner, st.just(False), matching
            ),
            st.builds(ast.LabelReplace, inner, words.names, words.values, words.names, words.regexes),
        )

    return st.recursive(leaf, extend, max_leaves=max_leaves)


def queries(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Query]:
    """Any query."""
    return log_queries(words) | metric_queries(words)


# --- extensions, which Loki's language lacks


def folded_line_filters(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.LineFilter]:
    """`|= i"text" or "text"`."""
    operand = st.builds(ast.LineOperand, words.line_texts, st.just(False), st.booleans())
    return st.builds(
        ast.LineFilter, st.sampled_from(("|=", "!=")), st.lists(operand, min_size=1, max_size=3).map(tuple)
    )


def memberships(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Predicate]:
    """`a in ("b")`, `a not in ({...} | fields a)`."""
    texts = st.lists(words.values, min_size=1, max_size=3).map(tuple)
    names = st.lists(words.names, min_size=1, max_size=2, unique=True).map(tuple)
    inner = st.builds(ast.PipedQuery, log_queries(words), st.builds(pipes.Fields, names).map(lambda one: (one,)))
    return st.builds(ast.OneOf, words.names, texts, st.booleans()) | st.builds(
        ast.InSubquery, words.names, inner, st.booleans()
    )


def extended_stages(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Stage]:
    """Stages of a log query with the extensions."""
    conversions = st.sampled_from(("", "duration", "duration_seconds", "bytes"))
    return st.one_of(
        stages(words),
        folded_line_filters(words),
        st.builds(ast.LabelFilter, memberships(words)),
        st.builds(ast.NumberStage, words.names, conversions),
    )


def extended_log_queries(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.LogQuery]:
    """`{...} | ...` with the extensions."""
    several = st.lists(extended_stages(words), max_size=4).map(_writable)
    return st.builds(ast.LogQuery, selectors(words), several)


def stats(words: Vocabulary = ANYTHING) -> SearchStrategy[pipes.Stats]:
    """`| stats ...`, every function, with names for its columns that clash with nothing."""
    fields = words.names
    conversion = st.sampled_from(("", "duration", "duration_seconds", "bytes"))
    numeric = st.sampled_from(("sum", "avg", "min", "max", "median", "stddev", "stdvar"))
    textual = st.sampled_from(("count", "count_uniq", "first", "last", "values", "uniq_values"))
    measure = st.one_of(
        st.builds(Measure, st.just("count"), st.just("")),
        st.builds(Measure, textual, st.just(""), fields),
        st.builds(Measure, numeric, st.just(""), fields, conversion),
        st.builds(
            Measure, st.just("quantile"), st.just(""), fields, conversion, st.sampled_from((0.0, 0.5, 0.99, 1.0))
        ),
    )
    keys = st.lists(st.builds(Key, fields), max_size=3, unique_by=lambda key: key.name)
    time = st.sampled_from(((), (Key("_time", 5 * MINUTE),), (Key("_time", DAY),)))

    def named(measures: list[Measure], by: list[Key], bucket: tuple[Key, ...]) -> pipes.Stats:
        several = [replace(each, name=f"column_{index}") for index, each in enumerate(measures)]
        return pipes.Stats(tuple(several), (*by, *bucket))

    return st.builds(named, st.lists(measure, min_size=1, max_size=4), keys, time)


def math_expressions(words: Vocabulary = ANYTHING) -> SearchStrategy[math.Expression]:
    """Arithmetic over columns."""
    functions = ("abs", "ceil", "floor", "round", "sqrt", "ln", "min", "max")
    names = words.names.filter(lambda name: name not in functions)
    leaf = st.builds(math.Literally, words.numbers) | st.builds(math.Column, names)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(math.Operation, st.sampled_from(("+", "-", "*", "/", "%", "^")), inner, inner),
            st.builds(math.Call, st.sampled_from(functions[:6]), st.tuples(inner)),
            st.builds(math.Call, st.sampled_from(functions[6:]), st.tuples(inner, inner)),
        ),
        max_leaves=4,
    )


def any_pipes(words: Vocabulary = ANYTHING) -> SearchStrategy[pipes.Pipe]:
    """Any pipe but `where`, which can't stand first."""
    names = st.lists(words.names, min_size=1, max_size=3, unique=True).map(tuple)
    keys = st.lists(st.builds(SortKey, words.names, st.booleans()), min_size=1, max_size=3).map(tuple)
    assignment = st.builds(math.Assignment, words.names, math_expressions(words))
    without_hits = names.filter(lambda several: "hits" not in several)
    return st.one_of(
        stats(words),
        st.builds(pipes.Sort, keys),
        st.builds(pipes.Limit, st.integers(0, 1000)),
        st.builds(pipes.Offset, st.integers(0, 1000)),
        st.builds(pipes.Uniq, names),
        st.builds(pipes.Top, st.integers(1, 100), without_hits),
        st.builds(pipes.Fields, names),
        st.builds(pipes.Math, st.lists(assignment, min_size=1, max_size=2).map(tuple)),
    )


def piped_queries(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.PipedQuery]:
    """`{...} | ... [1h] | stats ... | where ...`, with a pipe or a range at least."""
    where = st.builds(pipes.Where, predicates(words) | memberships(words))
    more = st.lists(any_pipes(words) | where, max_size=3)
    several = st.builds(lambda first, rest: (first, *rest), any_pipes(words), more)
    interval = words.intervals
    return st.builds(ast.PipedQuery, extended_log_queries(words), several, st.just(0) | interval) | st.builds(
        ast.PipedQuery, extended_log_queries(words), st.just(()), interval
    )


def short_metric_queries(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Query]:
    """`let`, `count({...})`, histogram_quantile, range aggregations without a range."""
    grouping = st.none() | groupings(words)
    counted = st.builds(ast.CountEntries, extended_log_queries(words), grouping)
    bare = st.builds(
        ast.RangeAggregation,
        st.sampled_from(("rate", "count_over_time", "bytes_rate", "bytes_over_time")),
        st.builds(ast.LogRange, log_queries(words), st.just(0)),
    )
    inner = counted | bare | range_aggregations(words)
    histogram = st.builds(ast.HistogramQuantile, st.sampled_from((0.0, 0.5, 0.99)), inner)
    bound = st.lists(
        st.tuples(st.sampled_from(("before", "after", "total")), inner | histogram), min_size=1, max_size=3
    )

    def let(named: list[tuple[str, ast.MetricQuery]]) -> ast.Let:
        bindings = tuple(ast.Binding(name, query) for name, query in dict(named).items())
        joined: ast.MetricQuery = ast.Reference(bindings[0].name)
        for binding in bindings[1:]:
            joined = ast.BinaryOperation("/", joined, ast.Reference(binding.name))
        return ast.Let(bindings, joined)

    return st.one_of(inner, histogram, bound.map(let))


def extended_queries(words: Vocabulary = ANYTHING) -> SearchStrategy[ast.Query]:
    """Any query that Sigyn takes and Loki may not."""
    return extended_log_queries(words) | piped_queries(words) | short_metric_queries(words)
