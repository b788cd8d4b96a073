"""What a pipeline looks for that row groups can be skipped by: texts in lines, values of fields."""

from collections.abc import Collection, Sequence

from sigyn.engine.automata.syntax import NotUnderstood, parse_expression, required_texts
from sigyn.engine.sql.scope import EXTRACTED
from sigyn.languages.logql import ast
from sigyn.languages.logql.pattern import parse_line_pattern
from sigyn.store.needles.search import FieldIs, LineHolds, Sought
from sigyn.store.shapes.shape import Syntax

_NOT_OF_LINES = ("__error__", "__error_details__", "detected_level")


def sought_by(stages: Sequence[ast.Stage], stream_names: Collection[str]) -> tuple[Sought, ...]:
    """What every entry that passes these stages has.

    Only stages count in front of the first that changes the line, or names labels otherwise than the
    parsers of JSON and logfmt do. A label that some stream has may come from there.
    """
    sought: list[Sought] = []
    parsers: frozenset[Syntax] = frozenset()
    for stage in stages:
        match stage:
            case ast.LineFilter("|=", operands) if not any(operand.fold or operand.ip for operand in operands):
                sought.append(LineHolds(tuple(operand.value for operand in operands)))
            case ast.LineFilter("|~", (operand,)) if not operand.ip:
                sought += [LineHolds((text,)) for text in _required(operand.value)]
            case ast.LineFilter("|>", (operand,)):
                pieces = parse_line_pattern(operand.value).pieces
                sought += [LineHolds((piece,)) for piece in pieces if isinstance(piece, str)]
            case ast.LineFilter():
                continue
            case ast.JsonParser(()):
                parsers |= {"json"}
            case ast.LogfmtParser(_, _, ()):
                parsers |= {"logfmt"}
            case ast.LabelFilter(predicate):
                sought += [field for field in _fields(predicate, parsers) if field.name not in stream_names]
            case _:
                break
    return tuple(sought)


def are_all_sought(stages: Sequence[ast.Stage], sought: Sequence[Sought]) -> bool:
    """Whether fields that are sought are all that these stages filter by."""
    if any(isinstance(stage, ast.LineFilter) for stage in stages):
        return False
    conditions = sum(_parts(stage.predicate) for stage in stages if isinstance(stage, ast.LabelFilter))
    return conditions == len(sought)


def _parts(predicate: ast.Predicate) -> int:
    match predicate:
        case ast.And(left, right) | ast.Or(left, right):
            return _parts(left) + _parts(right)
        case _:
            return 1


def _required(pattern: str) -> list[str]:
    """Texts in every line that a regular expression is found in."""
    try:
        return required_texts(parse_expression(pattern))
    except NotUnderstood:
        return []


def _fields(predicate: ast.Predicate, parsers: frozenset[Syntax]) -> list[FieldIs]:
    match predicate:
        case ast.And(left, right):
            return [*_fields(left, parsers), *_fields(right, parsers)]
        case ast.StringPredicate(name, "=", value) if value and not (name in _NOT_OF_LINES or name.endswith(EXTRACTED)):
            return [FieldIs(name, value, parsers)]
        case _:
            return []
