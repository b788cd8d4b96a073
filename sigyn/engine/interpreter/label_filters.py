"""`| name="value"`, `| name > 5`, `| name > 5s`, `| name > 5MB`, `| name = ip("...")`, with `and` and `or`."""

import operator
from collections.abc import Callable
from typing import TypeAlias

from sigyn.engine.interpreter.addresses import compile_addresses
from sigyn.engine.interpreter.entry import ERROR, Processed, Run
from sigyn.engine.interpreter.selectors import compile_match
from sigyn.languages.bytes import parse_bytes
from sigyn.languages.durations import parse_go_duration
from sigyn.languages.go_numbers import parse_go_float
from sigyn.languages.logql import ast
from sigyn.model.errors import BadRequest, QueryError

FILTER_ERROR = "LabelFilterErr"

Quantity: TypeAlias = int | float

_COMPARISONS: dict[str, Callable[[Quantity, Quantity], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def compile_label_filter(predicate: ast.Predicate) -> Run:
    """Keep entries whose labels satisfy a predicate.

    Comparisons of text see a missing label as "". All others drop an entry without the label, and
    keep one whose label can't be read, with `__error__="LabelFilterErr"`; they let pass an entry
    that has an error already. `and` and `or` look at the right side only when the left one does
    not decide. Raises QueryError for a value that is no expression or no set of addresses.
    """
    match predicate:
        case ast.And():
            needed = [compile_label_filter(operand) for operand in _operands(predicate, ast.And)]
            return lambda entry: all(keep(entry) for keep in needed)
        case ast.Or():
            choices = [compile_label_filter(operand) for operand in _operands(predicate, ast.Or)]
            return lambda entry: any(keep(entry) for keep in choices)
        case ast.StringPredicate(name, comparison, value):
            matches = compile_match(comparison, value)
            return lambda entry: matches(entry.get(name) or "")
        case ast.NumberPredicate():
            return _compile_quantity(predicate, parse_go_float)
        case ast.DurationPredicate():
            return _compile_quantity(predicate, parse_go_duration)
        case ast.BytesPredicate():
            return _compile_quantity(predicate, parse_bytes)
        case ast.IpPredicate():
            return _compile_addresses(predicate)
        case ast.OneOf(name, values, negative):
            wanted = frozenset(values)
            return lambda entry: ((entry.get(name) or "") in wanted) is not negative
        case ast.InSubquery():
            raise QueryError("a subquery in a label filter works in queries only, not here")


def _operands(predicate: ast.Predicate, kind: type[ast.And] | type[ast.Or]) -> list[ast.Predicate]:
    """What a chain of `and` or of `or` joins, from left to right."""
    operands: list[ast.Predicate] = []
    waiting = [predicate]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.And, ast.Or)) and isinstance(node, kind):
            waiting += (node.right, node.left)
        else:
            operands.append(node)
    return operands


def _compile_quantity(
    predicate: ast.NumberPredicate | ast.DurationPredicate | ast.BytesPredicate,
    parse: Callable[[str], Quantity],
) -> Run:
    name, wanted, compare = predicate.name, predicate.value, _COMPARISONS[predicate.operator]

    def run(entry: Processed) -> bool:
        if ERROR in entry.parsed:
            return True
        text = entry.get(name)
        if text is None:
            return False
        try:
            value = parse(text)
        except BadRequest as error:
            entry.fail(FILTER_ERROR, str(error))
            return True
        return compare(value, wanted)

    return run


def _compile_addresses(predicate: ast.IpPredicate) -> Run:
    name, negative, holds = predicate.name, predicate.operator == "!=", compile_addresses(predicate.pattern)

    def run(entry: Processed) -> bool:
        if ERROR in entry.parsed:
            return True
        text = entry.get(name)
        return text is not None and holds(text) is not negative

    return run
