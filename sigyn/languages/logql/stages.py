"""Parses the stages of a pipeline."""

from collections.abc import Callable
from typing import cast

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql import ast
from sigyn.languages.logql.ast import Span
from sigyn.languages.logql.captures import CaptureError, regexp_captures
from sigyn.languages.logql.diagnostics import meaning_error
from sigyn.languages.logql.hints import is_slip_of_stage
from sigyn.languages.logql.pattern import PatternError, parse_pattern
from sigyn.languages.logql.pipes import PIPES
from sigyn.languages.logql.predicates import parse_predicate
from sigyn.languages.logql.selectors import MATCH_OPERATORS, finish_matcher
from sigyn.languages.logql.tokens import CONVERSIONS

LINE_FILTERS = ("|=", "|~", "|>", "!=", "!~", "!>")
COMPARISONS = frozenset(("=", "==", "!=", ">", ">=", "<", "<=", "=~", "!~"))
_FILTER_WORDS = ("where", "filter")


def at_stage(cursor: Cursor) -> bool:
    """Whether a stage begins here; not for `| unwrap`, which only a range aggregation has, and not for pipes."""
    if cursor.kind in LINE_FILTERS:
        return True
    if cursor.kind != "|" or cursor.look(1) == "unwrap":
        return False
    return not cursor.extended or at_filter_word(cursor) or not (at_pipe(cursor) or _at_bare_field(cursor))


def at_pipe(cursor: Cursor) -> bool:
    """Extension: whether a pipe begins here. A name in front of a comparison is that of a label."""
    return cursor.kind == "|" and cursor.look_text(1) in PIPES and cursor.look(2) not in COMPARISONS


def at_filter_word(cursor: Cursor) -> bool:
    """Extension: whether `| where ...` begins here; in front of all pipes it is a label filter."""
    return cursor.extended and at_pipe(cursor) and cursor.look_text(1) in _FILTER_WORDS


def _at_bare_field(cursor: Cursor) -> bool:
    """Extension: `| x [1h]` reads as `| unwrap x [1h]`; not so `| jsn [1h]`."""
    return cursor.look(1) == "IDENTIFIER" and cursor.look(2) == "RANGE" and not is_slip_of_stage(cursor.look_text(1))


def parse_stages(cursor: Cursor) -> tuple[ast.Stage, ...]:
    """As many stages as there are."""
    stages: list[ast.Stage] = []
    while at_stage(cursor):
        stages.append(_parse_stage(cursor))
    return tuple(stages)


def parse_unwrap(cursor: Cursor) -> ast.Unwrap | None:
    """`| unwrap duration(x) | filter ...`, if it begins here."""
    if cursor.kind != "|":
        return None
    if cursor.extended and _at_bare_field(cursor):
        start = cursor.advance().start
        label = cursor.advance().text
        cursor.infos.append(f"`| {label}` in front of the range was read as `| unwrap {label}`")
        return ast.Unwrap(label, "", (), Span(start, cursor.last_end))
    if cursor.look(1) != "unwrap":
        return None
    start = cursor.advance().start
    label, conversion = _parse_unwrapped(cursor)
    filters: list[ast.LabelFilter] = []
    while cursor.kind == "|":
        filter_start = cursor.advance().start
        if cursor.kind not in ("IDENTIFIER", "("):
            raise cursor.unexpected("IDENTIFIER", "(")
        predicate = parse_predicate(cursor)
        filters.append(ast.LabelFilter(predicate, Span(filter_start, cursor.last_end)))
    return ast.Unwrap(label, conversion, tuple(filters), Span(start, cursor.last_end))


def parse_number_stage(cursor: Cursor) -> ast.NumberStage:
    """Extension: `| unwrap duration(x)` of a log query."""
    start = cursor.advance().start
    label, conversion = _parse_unwrapped(cursor)
    return ast.NumberStage(label, conversion, Span(start, cursor.last_end))


def _parse_unwrapped(cursor: Cursor) -> tuple[str, ast.Conversion]:
    """The label and its conversion behind the bar in front of `unwrap`."""
    cursor.advance()
    if cursor.kind not in CONVERSIONS:
        return cursor.expect("IDENTIFIER", *CONVERSIONS).text, ""
    conversion = cast(ast.Conversion, CONVERSIONS[cursor.advance().kind])
    cursor.expect("(")
    label = cursor.expect("IDENTIFIER").text
    cursor.expect(")")
    return label, conversion


def _parse_stage(cursor: Cursor) -> ast.Stage:
    start = cursor.token.start
    if cursor.kind in LINE_FILTERS:
        return _parse_line_filter(cursor)
    if at_filter_word(cursor):
        cursor.advance()
    cursor.advance()
    if cursor.kind in ("IDENTIFIER", "("):
        predicate = parse_predicate(cursor)
        return ast.LabelFilter(predicate, Span(start, cursor.last_end))
    parse = _STAGES.get(cursor.kind)
    if parse is None:
        raise cursor.unexpected()
    cursor.advance()
    return parse(cursor, start)


def _parse_line_filter(cursor: Cursor) -> ast.LineFilter:
    sign = cursor.advance()
    operands = [_parse_operand(cursor)]
    while cursor.accept("or"):
        operands.append(_parse_operand(cursor))
    operator = cast(ast.LineOperator, sign.kind)
    if operator not in ("|=", "!=") and any(operand.fold for operand in operands):
        span = Span(sign.start, cursor.last_end)
        message = f"`i` stands before a text, not before what `{operator}` looks for"
        raise meaning_error(cursor.query, span, message, 'write: |= i"text", or |~ "(?i)expression"')
    return ast.LineFilter(operator, tuple(operands), Span(sign.start, cursor.last_end))


def _parse_operand(cursor: Cursor) -> ast.LineOperand:
    if cursor.accept("ip"):
        cursor.expect("(")
        value = cursor.expect("STRING").value
        cursor.expect(")")
        return ast.LineOperand(value, ip=True)
    if cursor.extended and _at_folded(cursor):
        cursor.advance()
        return ast.LineOperand(cursor.expect("STRING").value, fold=True)
    return ast.LineOperand(cursor.expect("STRING", "ip").value)


def _at_folded(cursor: Cursor) -> bool:
    """Extension: `i"text"`, the text in any case."""
    return cursor.token.text == "i" and cursor.look(1) == "STRING"


def _parse_extractions(cursor: Cursor) -> tuple[ast.Extraction, ...]:
    extractions: list[ast.Extraction] = []
    if cursor.kind == "IDENTIFIER":
        extractions.append(_parse_extraction(cursor))
        while cursor.accept(","):
            extractions.append(_parse_extraction(cursor))
    return tuple(extractions)


def _parse_extraction(cursor: Cursor) -> ast.Extraction:
    name = cursor.expect("IDENTIFIER").text
    if cursor.accept("="):
        return ast.Extraction(name, cursor.expect("STRING").value)
    return ast.Extraction(name, name)


def _parse_json(cursor: Cursor, start: int) -> ast.Stage:
    extractions = _parse_extractions(cursor)
    return ast.JsonParser(extractions, Span(start, cursor.last_end))


def _parse_logfmt(cursor: Cursor, start: int) -> ast.Stage:
    flags: set[str] = set()
    while flag := cursor.accept("PARSER_FLAG"):
        flags.add(flag.text)
    extractions = _parse_extractions(cursor)
    return ast.LogfmtParser("--strict" in flags, "--keep-empty" in flags, extractions, Span(start, cursor.last_end))


def _parse_regexp(cursor: Cursor, start: int) -> ast.Stage:
    pattern = cursor.expect("STRING")
    try:
        regexp_captures(pattern.value)
    except CaptureError as error:
        span = Span(pattern.start, pattern.end)
        raise meaning_error(cursor.query, span, f"invalid regexp parser: {error}") from None
    return ast.RegexpParser(pattern.value, Span(start, pattern.end))


def _parse_pattern(cursor: Cursor, start: int) -> ast.Stage:
    pattern = cursor.expect("STRING")
    try:
        parse_pattern(pattern.value)
    except PatternError as error:
        span = Span(pattern.start, pattern.end)
        raise meaning_error(cursor.query, span, f"invalid pattern parser: {error}") from None
    return ast.PatternParser(pattern.value, Span(start, pattern.end))


def _parse_line_format(cursor: Cursor, start: int) -> ast.Stage:
    template = cursor.expect("STRING")
    return ast.LineFormat(template.value, Span(start, template.end))


def _parse_label_format(cursor: Cursor, start: int) -> ast.Stage:
    assignments = [_parse_assignment(cursor)]
    while cursor.accept(","):
        assignments.append(_parse_assignment(cursor))
    return ast.LabelFormat(tuple(assignments), Span(start, cursor.last_end))


def _parse_assignment(cursor: Cursor) -> ast.LabelAssignment:
    name = cursor.expect("IDENTIFIER").text
    cursor.expect("=")
    if cursor.kind not in ("IDENTIFIER", "STRING"):
        raise cursor.unexpected("IDENTIFIER", "STRING")
    value = cursor.advance()
    return ast.LabelAssignment(name, value.value, rename=value.kind == "IDENTIFIER")


def _parse_choices(cursor: Cursor) -> tuple[ast.LabelChoice, ...]:
    choices = [_parse_choice(cursor)]
    while cursor.accept(","):
        choices.append(_parse_choice(cursor))
    return tuple(choices)


def _parse_choice(cursor: Cursor) -> ast.LabelChoice:
    name = cursor.expect("IDENTIFIER")
    # `drop a != "b"` is a matcher; a line filter needs no `|` before it and can't be told apart.
    if cursor.kind in MATCH_OPERATORS:
        return ast.LabelChoice(name.text, finish_matcher(cursor, name.text, name.start))
    return ast.LabelChoice(name.text)


def _parse_drop(cursor: Cursor, start: int) -> ast.Stage:
    choices = _parse_choices(cursor)
    return ast.Drop(choices, Span(start, cursor.last_end))


def _parse_keep(cursor: Cursor, start: int) -> ast.Stage:
    choices = _parse_choices(cursor)
    return ast.Keep(choices, Span(start, cursor.last_end))


def _parse_unpack(cursor: Cursor, start: int) -> ast.Stage:
    return ast.Unpack(Span(start, cursor.last_end))


def _parse_decolorize(cursor: Cursor, start: int) -> ast.Stage:
    return ast.Decolorize(Span(start, cursor.last_end))


_STAGES: dict[str, Callable[[Cursor, int], ast.Stage]] = {
    "json": _parse_json,
    "logfmt": _parse_logfmt,
    "regexp": _parse_regexp,
    "pattern": _parse_pattern,
    "unpack": _parse_unpack,
    "decolorize": _parse_decolorize,
    "line_format": _parse_line_format,
    "label_format": _parse_label_format,
    "drop": _parse_drop,
    "keep": _parse_keep,
}
