"""What Loki checks once a query is parsed: that every stage can be built, that no selector takes all."""

from collections.abc import Iterator

from sigyn.languages.lexer import MAX_DEPTH, TOO_DEEP
from sigyn.languages.logql import ast
from sigyn.languages.logql.diagnostics import meaning_error
from sigyn.languages.logql.ip_pattern import parse_ip_pattern
from sigyn.languages.logql.json_path import parse_json_path
from sigyn.languages.logql.pattern import parse_line_pattern
from sigyn.languages.logql.pipes import Where
from sigyn.languages.logql.printer import print_stage
from sigyn.languages.regex import compile_regex
from sigyn.languages.templates import TemplateError
from sigyn.languages.templates.logql import compile_line_template
from sigyn.model.errors import BadRequest, ParseError

_TAKES_ALL = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
    'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)


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
            case ast.HistogramQuantile(expression=inner):
                waiting.append(inner)
            case ast.PipedQuery(query=log_query) | ast.CountEntries(query=log_query):
                yield log_query, None
            case ast.Let(bindings=bindings, expression=inner):
                waiting += (inner, *(binding.query for binding in reversed(bindings)))
            case ast.Vector() | ast.Number() | ast.Reference():
                pass


def check_depth(text: str, query: ast.Query) -> None:
    """Raises ParseError when the tree has too many levels, as a sum of hundreds of terms has."""
    waiting: list[tuple[ast.Query, int]] = [(query, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise meaning_error(text, node.span, TOO_DEEP)
        match node:
            case ast.VectorAggregation(expression=inner) | ast.LabelReplace(expression=inner):
                waiting.append((inner, depth + 1))
            case ast.BinaryOperation(left=left, right=right):
                waiting += ((right, depth + 1), (left, depth + 1))
            case ast.HistogramQuantile(expression=inner):
                waiting.append((inner, depth + 1))
            case ast.Let(bindings=bindings, expression=inner):
                waiting += ((part, depth + 1) for part in (inner, *(binding.query for binding in bindings)))
            case ast.PipedQuery(pipes=pipes):
                for pipe in pipes:
                    if isinstance(pipe, Where):
                        _check_depth_of_predicate(text, pipe)
            case _:
                pass
    for log_query, unwrap in log_queries(query):
        for stage in (*log_query.stages, *(unwrap.filters if unwrap else ())):
            if isinstance(stage, ast.LabelFilter):
                _check_depth_of_predicate(text, stage)


def _check_depth_of_predicate(text: str, stage: ast.LabelFilter | Where) -> None:
    waiting: list[tuple[ast.Predicate, int]] = [(stage.predicate, 1)]
    while waiting:
        predicate, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise meaning_error(text, stage.span, TOO_DEEP, "one regular expression can do for many alternatives")
        if isinstance(predicate, ast.And | ast.Or):
            waiting += ((predicate.right, depth + 1), (predicate.left, depth + 1))


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


def require_non_empty_matcher(query: ast.Query, text: str = "") -> None:
    """Raises ParseError when a selector has no matcher that refuses the empty value: it may mean all streams.

    Loki refuses such queries; Sigyn answers them, so `parse` does not ask. `text` is the text that was
    parsed, for the place of the error.
    """
    for log_query, _ in log_queries(query):
        selector = log_query.selector
        if all(map(_accepts_empty, selector.matchers)):
            if text:
                raise meaning_error(text, selector.span, _TAKES_ALL)
            raise ParseError(f"parse error : {_TAKES_ALL}")


def _accepts_empty(matcher: ast.Matcher) -> bool:
    match matcher.operator:
        case "=":
            return matcher.value == ""
        case "!=":
            return matcher.value != ""
        case "=~":
            return compile_regex(matcher.value).fullmatch("") is not None
        case "!~":
            return compile_regex(matcher.value).fullmatch("") is None


def _check_stage(stage: ast.Stage) -> None:
    match stage:
        case ast.LineFilter():
            _check_line_filter(stage)
        case ast.JsonParser(extractions=extractions):
            for extraction in extractions:
                parse_json_path(extraction.expression)
        case ast.LabelFilter(predicate=predicate):
            _check_predicate(predicate)
        case ast.LineFormat(template=template):
            _check_template(template, "line", "invalid line template")
        case ast.LabelFormat(assignments=assignments):
            _check_assignments(assignments)
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


def _check_assignments(assignments: tuple[ast.LabelAssignment, ...]) -> None:
    names: set[str] = set()
    for assignment in assignments:
        if assignment.name == "__error__":
            raise BadRequest("__error__ cannot be formatted")
        if assignment.name in names:
            raise BadRequest(f"multiple label name '{assignment.name}' not allowed in a single format operation")
        names.add(assignment.name)
        if not assignment.rename:
            _check_template(assignment.value, "label", f"invalid template for label '{assignment.name}'")


def _check_template(text: str, name: str, complaint: str) -> None:
    try:
        compile_line_template(text, name)
    except TemplateError as error:
        raise BadRequest(f"{complaint}: {error}") from None


def _check_predicate(predicate: ast.Predicate) -> None:
    waiting = [predicate]
    while waiting:
        match waiting.pop():
            case ast.And(left, right) | ast.Or(left, right):
                waiting += (right, left)
            case ast.IpPredicate(pattern=pattern):
                parse_ip_pattern(pattern)
            case ast.InSubquery(query=subquery):
                check_stages("", subquery)
            case _:
                pass
