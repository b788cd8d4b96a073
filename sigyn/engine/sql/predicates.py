"""Label filters as SQL.

A predicate compiles to SQL that is exact wherever it is not in doubt: an entry whose label can't
be read as SQL reads it (a number such as `1e3` or ` 5`) is handed to the interpreter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sigyn.engine.frame import Frame, flags_of
from sigyn.engine.interpreter.selectors import compile_match
from sigyn.engine.sql.conversions import address_test, byte_count, duration_nanoseconds
from sigyn.engine.sql.masks import number_mask, text_mask
from sigyn.engine.sql.scope import ERROR, Scope
from sigyn.engine.sql.steps import Convert, Map, Number
from sigyn.engine.sql.text import FALSE, NULL, Mask, Sql, Test, all_of, any_of, build, column, expression, flag, literal
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.languages.logql import ast

_OPERATORS = {"==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


@dataclass(frozen=True, slots=True)
class Compiled:
    """`true` says whether the entry passes, except where `doubt` holds."""

    true: Sql
    doubt: Sql | None = None


def compile_predicate(predicate: ast.Predicate, scope: Scope) -> Compiled:
    """SQL for a label filter; may add steps to the scope.

    Raises Unsupported when it can't be said in SQL.
    """
    match predicate:
        case ast.And(left, right):
            return _both(all_of, compile_predicate(left, scope), compile_predicate(right, scope))
        case ast.Or(left, right):
            return _both(any_of, compile_predicate(left, scope), compile_predicate(right, scope))
        case ast.StringPredicate(name, operator, value):
            return Compiled(
                text_matches(scope.text(name), operator, value).with_test(_text_test(scope, name, operator, value))
            )
        case ast.NumberPredicate(name, operator, value):
            return _passes_errors(scope, _number(scope, name, operator, value))
        case ast.DurationPredicate(name, operator, value):
            return _passes_errors(scope, _converted(scope, name, operator, float(value), duration_nanoseconds))
        case ast.BytesPredicate(name, operator, value):
            return _passes_errors(scope, _converted(scope, name, operator, float(value), byte_count))
        case ast.IpPredicate(name, operator, pattern):
            return _passes_errors(scope, _address(scope, name, operator, address_test(pattern)))
        case ast.OneOf(name, values, negative):
            if not values:
                return Compiled(Sql("true") if negative else FALSE)
            found = build("({} IN (" + ", ".join(["{}"] * len(values)) + "))", scope.text(name), *map(literal, values))
            return Compiled(build("(NOT {})", found) if negative else found)
        case ast.InSubquery():
            raise Unsupported("a subquery")


def text_matches(text: Sql, operator: ast.MatchOperator, value: str) -> Sql:
    """A matcher over a text that is never NULL; regular expressions are anchored."""
    match operator:
        case "=":
            return build("({} = {})", text, literal(value))
        case "!=":
            return build("({} <> {})", text, literal(value))
        case "=~":
            return build("regexp_full_match({}, {}, 's')", text, expression(value))
        case "!~":
            return build("(NOT regexp_full_match({}, {}, 's'))", text, expression(value))


def number(scope: Scope, text: Sql) -> tuple[Sql, Sql]:
    """The number that a text (or NULL) stands for, and when the interpreter has to read it instead."""
    name = scope.fresh("number")
    step = Number(name, f"{name}.doubt", text)
    scope.steps.append(step)
    return column(step.name), flag(step.doubt)


def _passes_errors(scope: Scope, compiled: Compiled) -> Compiled:
    """Comparisons of numbers let an entry pass that has an error already."""
    error = scope.label(ERROR)
    if error is NULL:
        return compiled
    failed = build("({} IS NOT NULL)", error).with_test(any_of([condition for condition, _ in scope.errors]).test)
    return Compiled(any_of([compiled.true, failed]), compiled.doubt)


def has_text(label: Sql) -> Sql:
    """Whether a label is there and not empty."""
    name = label.name
    filled = build("coalesce({} <> '', false)", label)
    return filled if name is None else filled.with_test(lambda frame: frame.has_text(name))


def _both(join: Callable[[Sequence[Sql]], Sql], left: Compiled, right: Compiled) -> Compiled:
    doubts = [doubt for doubt in (left.doubt, right.doubt) if doubt is not None]
    return Compiled(join([left.true, right.true]), any_of(doubts) if doubts else None)


def is_known(value: Sql) -> Sql:
    """Whether a column has a value."""
    name = value.name
    known = build("({} IS NOT NULL)", value)
    if name is None:
        return known
    return known.with_test(lambda frame: flags_of(frame.column(name).is_valid()))


def _text_test(scope: Scope, name: str, operator: ast.MatchOperator, value: str) -> Test | None:
    """`text_matches` without SQL, where the label is one column, or the error."""
    if name == ERROR:
        return _error_test(scope, compile_match(operator, value))
    label = scope.label(name).name
    if label is None:
        return None
    matches = compile_match(operator, value)
    return lambda frame: text_mask(frame, label, operator, value, matches)


def _error_test(scope: Scope, matches: Callable[[str], bool]) -> Test | None:
    found = [(condition.test, matches(error)) for condition, error in scope.errors]
    tests = [(test, is_match) for test, is_match in found if test is not None]
    if len(tests) < len(found):
        return None

    def passes(frame: Frame) -> Mask:
        mask = np.full(len(frame), matches(""))
        for test, is_match in reversed(tests):  # the first that holds is the error
            mask[test(frame)] = is_match
        return mask

    return passes


def _number(scope: Scope, name: str, operator: ast.CompareOperator, against: float) -> Compiled:
    text = scope.label(name)
    if text is NULL:
        return Compiled(FALSE)
    value, doubt = number(scope, text)
    passes = build(f"coalesce({{}} {_OPERATORS[operator]} {against!r}::DOUBLE, false)", value)
    return Compiled(passes.with_test(_number_test(value, operator, against)), doubt)


def _number_test(value: Sql, operator: ast.CompareOperator, against: float) -> Test | None:
    name = value.name
    return None if name is None else lambda frame: number_mask(frame, name, operator, against)


def _converted(scope: Scope, name: str, operator: ast.CompareOperator, against: float, convert: Convert) -> Compiled:
    text = scope.label(name)
    if text is NULL:
        return Compiled(FALSE)
    value = mapped(scope, text, convert)
    passes = build(f"coalesce({{}} {_OPERATORS[operator]} {against!r}::DOUBLE, false)", value)
    return Compiled(passes, build("({} IS NOT NULL AND {} IS NULL)", text, value))


def _address(scope: Scope, name: str, operator: str, convert: Convert) -> Compiled:
    text = scope.label(name)
    if text is NULL:
        return Compiled(FALSE)
    value = mapped(scope, text, convert)
    wanted = "1" if operator == "=" else "0"
    return Compiled(build(f"coalesce({{}} = {wanted}, false)", value))


def mapped(scope: Scope, text: Sql, convert: Callable[[str], float | None]) -> Sql:
    """A column with `convert` of each text."""
    name = scope.fresh("mapped")
    scope.steps.append(Map(name, text, convert))
    return column(name)
