"""What Loki checks once a query is parsed: that every stage can be built."""

from collections.abc import Iterator

from sigyn.languages.logql import ast
from sigyn.languages.logql.diagnostics import meaning_error
from sigyn.languages.logql.ip_pattern import parse_ip_pattern
from sigyn.languages.logql.json_path import parse_json_path
from sigyn.languages.logql.pattern import parse_line_pattern
from sigyn.languages.logql.printer import print_stage
from sigyn.languages.regex import compile_regex
from sigyn.model.errors import BadRequest


def log_queries(query: ast.Query) -> Iterator[tuple[ast.LogQuery, ast.Unwrap | None]]:
    """All log queries in `query` from left to right, each with the unwrap that goes with it."""
    waiting: list[ast.Query] = [query]
    while waiting:
        match waiting.pop():
            case ast.LogQuery() as found:
                yield found, None
            case ast.RangeAggregation(log_range=log_range):
                yield log_range.query, log_range.unwrap
            case ast.VectorAggregation(expression=inner) | ast.LabelReplace(expression=inner):
                waiting.append(inner)
            case ast.BinaryOperation(left=left, right=right):
                waiting += (right, left)
            case ast.Vector() | ast.Number():
                pass


def check_stages(text: str, query: ast.Query) -> None:
    """Raises ParseError for a stage that can't work: a broken regular expression, template, path, ...

    The message names the stage in canonical form, as Loki does.
    """
    for log_query, unwrap in log_queries(query):
        for stage in (*log_query.stages, *(unwrap.filters if unwrap else ())):
            try:
                _check_stage(stage)
            except BadRequest as error:
                message = f"stage '{print_stage(stage)}' : {error}"
                raise meaning_error(text, stage.span, message) from None


def _check_stage(stage: ast.Stage) -> None:
    match stage:
        case ast.LineFilter():
            _check_line_filter(stage)
        case ast.JsonParser(extractions=extractions):
            for extraction in extractions:
                parse_json_path(extraction.expression)
        case ast.LabelFilter(predicate=predicate):
            _check_predicate(predicate)
        case _:
            pass


def _check_line_filter(stage: ast.LineFilter) -> None:
    for operand in stage.operands:
        if operand.ip:
            if stage.operator not in ("|=", "!="):
                raise BadRequest("ip: invalid operation")
            parse_ip_pattern(operand.value)
        elif stage.operator in ("|~", "!~"):
            compile_regex(operand.value)
        elif stage.operator in ("|>", "!>"):
            parse_line_pattern(operand.value)


def _check_predicate(predicate: ast.Predicate) -> None:
    waiting = [predicate]
    while waiting:
        match waiting.pop():
            case ast.And(left, right) | ast.Or(left, right):
                waiting += (right, left)
            case ast.IpPredicate(pattern=pattern):
                parse_ip_pattern(pattern)
            case _:
                pass
