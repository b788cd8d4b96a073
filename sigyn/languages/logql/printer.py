"""Tree to text: the canonical form in which Loki prints a query, on one line.

Where Loki's own form loses something (it rounds 524288 bytes to `524kB`), the exact value is printed,
so that the text always parses to the same tree.
"""

import math

from sigyn.languages.bytes import format_bytes, parse_bytes
from sigyn.languages.durations import format_go_duration, format_range
from sigyn.languages.go_numbers import format_plain, format_short
from sigyn.languages.logql import ast
from sigyn.languages.logql.pipes import Pipe, Where
from sigyn.languages.quoting import quote


def print_query(query: ast.Query) -> str:
    """The canonical text of a query; `parse(print_query(query)) == query`."""
    match query:
        case ast.LogQuery():
            return " ".join((print_selector(query.selector), *map(print_stage, query.stages)))
        case ast.PipedQuery(query=inner, pipes=pipes, interval=interval):
            own_range = f"[{format_range(interval)}]" if interval else ""
            return _spaced(f"{print_query(inner)}{own_range}", *map(print_pipe, pipes))
        case ast.RangeAggregation(operator=operator, log_range=log_range, parameter=parameter, grouping=grouping):
            return f"{operator}({print_parameter(parameter)}{print_log_range(log_range)}){print_grouping(grouping)}"
        case ast.VectorAggregation(expression=inner):
            return f"{print_aggregation_head(query)}({print_parameter(query.parameter)}{print_query(inner)})"
        case ast.BinaryOperation(left=left, right=right):
            return f"({print_query(left)} {print_operator(query)} {print_query(right)})"
        case ast.LabelReplace(expression=inner):
            return f"label_replace({print_query(inner)},{print_replacement(query)})"
        case ast.Vector(value=value):
            return f"vector({_vector_value(value)})"
        case ast.Number(value=value):
            return format_short(value)
        case ast.HistogramQuantile(quantile=quantile, expression=inner):
            return f"histogram_quantile({format_short(quantile)},{print_query(inner)})"
        case ast.CountEntries(query=inner, grouping=grouping):
            return f"count{print_grouping(grouping)}({print_query(inner)})"
        case ast.Reference(name=name):
            return name
        case ast.Let(bindings=bindings, expression=inner):
            return " ".join((*map(print_binding, bindings), print_query(inner)))


def print_binding(binding: ast.Binding) -> str:
    """`let a = rate({...}[5m]);`."""
    return f"let {binding.name} = {print_query(binding.query)};"


def print_pipe(pipe: Pipe) -> str:
    """`| stats count() as n by (a)`."""
    return f"| where {print_predicate(pipe.predicate)}" if isinstance(pipe, Where) else str(pipe)


def print_selector(selector: ast.Selector) -> str:
    """`{a="b", c=~"d"}`."""
    return "{" + ", ".join(map(print_matcher, selector.matchers)) + "}"


def print_matcher(matcher: ast.Matcher) -> str:
    """`a="b"`."""
    return f"{matcher.name}{matcher.operator}{quote(matcher.value)}"


def print_stage(stage: ast.Stage) -> str:
    """`|= "a" or "b"`, `| json a="b"`."""
    match stage:
        case ast.LineFilter(operator=operator, operands=operands):
            return f"{operator} {' or '.join(map(_operand, operands))}"
        case ast.JsonParser(extractions=extractions):
            return _spaced("| json", _extractions(extractions))
        case ast.LogfmtParser(strict=strict, keep_empty=keep_empty, extractions=extractions):
            flags = ("--strict" if strict else "", "--keep-empty" if keep_empty else "")
            return _spaced("| logfmt", *flags, _extractions(extractions))
        case ast.RegexpParser(pattern=pattern):
            return f"| regexp {quote(pattern)}"
        case ast.PatternParser(pattern=pattern):
            return f"| pattern {quote(pattern)}"
        case ast.Unpack():
            return "| unpack"
        case ast.Decolorize():
            return "| decolorize"
        case ast.LabelFilter(predicate=predicate):
            return f"| {print_predicate(predicate)}"
        case ast.LineFormat(template=template):
            return f"| line_format {quote(template)}"
        case ast.LabelFormat(assignments=assignments):
            return f"| label_format {','.join(map(_assignment, assignments))}"
        case ast.Drop(choices=choices):
            return f"| drop {','.join(map(_choice, choices))}"
        case ast.Keep(choices=choices):
            return f"| keep {','.join(map(_choice, choices))}"
        case ast.NumberStage(label=label, conversion=conversion):
            return f"| unwrap {conversion}({label})" if conversion else f"| unwrap {label}"


def print_predicate(predicate: ast.Predicate) -> str:
    """`( a="b" or c>5s )`."""
    match predicate:
        case ast.StringPredicate(name, operator, value):
            return f"{name}{operator}{quote(value)}"
        case ast.NumberPredicate(name, operator, value):
            return f"{name}{operator}{format_plain(value)}"
        case ast.DurationPredicate(name, operator, value):
            return f"{name}{operator}{format_go_duration(value)}"
        case ast.BytesPredicate(name, operator, value):
            return f"{name}{operator}{_bytes(value)}"
        case ast.IpPredicate(name, operator, pattern):
            return f"{name}{operator}ip({quote(pattern)})"
        case ast.And(left, right):
            return f"( {print_predicate(left)} , {print_predicate(right)} )"
        case ast.Or(left, right):
            return f"( {print_predicate(left)} or {print_predicate(right)} )"
        case ast.OneOf(name, values, negative):
            return f"{name} {_membership(negative)} ({', '.join(map(quote, values))})"
        case ast.InSubquery(name, inner, negative):
            return f"{name} {_membership(negative)} ({print_query(inner)})"


def print_unwrap(unwrap: ast.Unwrap) -> str:
    """`| unwrap duration(a) | __error__=""`."""
    label = f"{unwrap.conversion}({unwrap.label})" if unwrap.conversion else unwrap.label
    return " ".join((f"| unwrap {label}", *map(print_stage, unwrap.filters)))


def print_log_range(log_range: ast.LogRange) -> str:
    """`{a="b"} | unwrap c[5m] offset 1h0m0s`."""
    unwrap = f" {print_unwrap(log_range.unwrap)}" if log_range.unwrap else ""
    return f"{print_query(log_range.query)}{unwrap}{print_range(log_range)}"


def print_range(log_range: ast.LogRange) -> str:
    """`[5m] offset 1h0m0s`."""
    offset = f" offset {format_go_duration(log_range.offset)}" if log_range.offset else ""
    return f"[{format_range(log_range.interval)}]{offset}" if log_range.interval else ""


def print_parameter(parameter: float | None) -> str:
    """`0.99,`, or nothing."""
    return "" if parameter is None else f"{format_short(parameter)},"


def print_grouping(grouping: ast.Grouping | None) -> str:
    """` by (a,b)`, or nothing."""
    if grouping is None:
        return ""
    return f" {'without' if grouping.without else 'by'} ({','.join(grouping.labels)})"


def print_aggregation_head(query: ast.VectorAggregation) -> str:
    """`sum by (a,b)`."""
    return f"{query.operator}{print_grouping(query.grouping)}"


def print_operator(query: ast.BinaryOperation) -> str:
    """`> bool on (a) group_left (b)`."""
    parts: list[str] = [query.operator]
    if query.return_bool:
        parts.append("bool")
    if query.matching is not None:
        matching = query.matching
        parts.append(f"{'on' if matching.on else 'ignoring'} ({','.join(matching.labels)})")
        if matching.group:
            parts.append(f"group_{matching.group}")
            if matching.include:
                parts.append(f"({','.join(matching.include)})")
    return " ".join(parts)


def print_replacement(query: ast.LabelReplace) -> str:
    """The four texts of label_replace."""
    return ",".join(map(quote, (query.destination, query.replacement, query.source, query.regex)))


def _spaced(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _membership(negative: bool) -> str:
    return "not in" if negative else "in"


def _operand(operand: ast.LineOperand) -> str:
    if operand.fold:
        return f"i{quote(operand.value)}"
    return f"ip({quote(operand.value)})" if operand.ip else quote(operand.value)


def _extractions(extractions: tuple[ast.Extraction, ...]) -> str:
    return ",".join(f"{extraction.name}={quote(extraction.expression)}" for extraction in extractions)


def _assignment(assignment: ast.LabelAssignment) -> str:
    return f"{assignment.name}={assignment.value if assignment.rename else quote(assignment.value)}"


def _choice(choice: ast.LabelChoice) -> str:
    return choice.name if choice.matcher is None else print_matcher(choice.matcher)


def _bytes(value: int) -> str:
    short = format_bytes(value)
    return short if short[-2:] != "EB" and parse_bytes(short) == value else f"{value}B"


def _vector_value(value: float) -> str:
    """Six decimals, as Loki prints it, unless that changes the value."""
    fixed = f"{value:f}"
    return fixed if math.isfinite(value) and float(fixed) == value else format_short(value)
