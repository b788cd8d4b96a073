"""Tree to text for people: a short query on one line, a long one over several.

The long form is that of Loki's format_query: arguments, operands and stages on lines of their own,
indented by two spaces a level. Operands that are operations themselves keep their parentheses.
"""

from sigyn.languages.durations import format_range
from sigyn.languages.go_numbers import format_short
from sigyn.languages.logql import ast
from sigyn.languages.logql.parser import parse
from sigyn.languages.logql.printer import (
    print_aggregation_head,
    print_grouping,
    print_operator,
    print_pipe,
    print_query,
    print_range,
    print_replacement,
    print_selector,
    print_stage,
)

_WIDTH = 100
_INDENT = "  "


def format_query(text: str) -> str:
    """The query in canonical form, over several lines when it is longer than 100 characters.

    Raises ParseError.
    """
    return "\n".join(pretty_lines(parse(text), 0))


def pretty_lines(query: ast.Query, level: int) -> list[str]:
    """The lines of `query`, indented by `level`."""
    indent = _INDENT * level
    short = print_query(query)
    if len(indent) + len(short) <= _WIDTH:
        return [indent + short]
    match query:
        case ast.LogQuery():
            return _log_query(query, level)
        case ast.RangeAggregation(operator=operator, log_range=log_range, grouping=grouping):
            return [
                f"{indent}{operator}(",
                *_parameter(query.parameter, level + 1),
                *_log_range(log_range, level + 1),
                f"{indent}){print_grouping(grouping)}",
            ]
        case ast.VectorAggregation(expression=inner):
            return [
                f"{indent}{print_aggregation_head(query)}(",
                *_parameter(query.parameter, level + 1),
                *pretty_lines(inner, level + 1),
                f"{indent})",
            ]
        case ast.BinaryOperation(left=left, right=right):
            return [*_operand(left, level + 1), f"{indent}{print_operator(query)}", *_operand(right, level + 1)]
        case ast.LabelReplace(expression=inner):
            *lines, last = pretty_lines(inner, level + 1)
            return [
                f"{indent}label_replace(",
                *lines,
                f"{last},",
                f"{indent}{_INDENT}{print_replacement(query)}",
                f"{indent})",
            ]
        case ast.PipedQuery(query=inner, pipes=pipes, interval=interval):
            own_range = f" [{format_range(interval)}]" if interval else ""
            *lines, last = pretty_lines(inner, level)
            return [*lines, last + own_range, *(f"{indent}{_INDENT}{print_pipe(pipe)}" for pipe in pipes)]
        case ast.HistogramQuantile(quantile=quantile, expression=inner):
            lines = [*_parameter(quantile, level + 1), *pretty_lines(inner, level + 1)]
            return [f"{indent}histogram_quantile(", *lines, f"{indent})"]
        case ast.CountEntries(query=inner, grouping=grouping):
            return [f"{indent}count{print_grouping(grouping)}(", *pretty_lines(inner, level + 1), f"{indent})"]
        case ast.Let(bindings=bindings, expression=inner):
            return [*(line for binding in bindings for line in _binding(binding, level)), *pretty_lines(inner, level)]
        case ast.Vector() | ast.Number() | ast.Reference():
            return [indent + short]


def _binding(binding: ast.Binding, level: int) -> list[str]:
    *lines, last = pretty_lines(binding.query, level + 1)
    return [f"{_INDENT * level}let {binding.name} =", *lines, f"{last};"]


def _parameter(parameter: float | None, level: int) -> list[str]:
    return [] if parameter is None else [f"{_INDENT * level}{format_short(parameter)},"]


def _operand(query: ast.MetricQuery, level: int) -> list[str]:
    indent = _INDENT * level
    if not isinstance(query, ast.BinaryOperation) or len(indent) + len(print_query(query)) <= _WIDTH:
        return pretty_lines(query, level)
    return [f"{indent}(", *pretty_lines(query, level + 1), f"{indent})"]


def _log_query(query: ast.LogQuery, level: int) -> list[str]:
    indent = _INDENT * level
    stages = [f"{indent}{_INDENT}{print_stage(stage)}" for stage in query.stages]
    return [indent + print_selector(query.selector), *stages]


def _log_range(log_range: ast.LogRange, level: int) -> list[str]:
    lines = pretty_lines(log_range.query, level)
    indent = _INDENT * (level + 1)
    if log_range.unwrap is not None:
        unwrap = log_range.unwrap
        label = f"{unwrap.conversion}({unwrap.label})" if unwrap.conversion else unwrap.label
        lines += [f"{indent}| unwrap {label}", *(indent + print_stage(stage) for stage in unwrap.filters)]
    lines[-1] += f" {print_range(log_range)}"
    return lines
