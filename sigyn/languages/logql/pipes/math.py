"""`| math share = errors / total * 100`: a column computed from others."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from sigyn.languages.go_numbers import format_plain
from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import NOWHERE, Span
from sigyn.languages.logql.numbers import number_value
from sigyn.languages.logql.pipes.words import accept_word, at_name, read_name, wrong

EXAMPLE = "| math share = errors / total * 100"

MathOperator: TypeAlias = Literal["+", "-", "*", "/", "%", "^"]
MathFunction: TypeAlias = Literal["abs", "ceil", "floor", "round", "sqrt", "ln", "min", "max"]

_ARGUMENTS: dict[str, int] = {"abs": 1, "ceil": 1, "floor": 1, "round": 1, "sqrt": 1, "ln": 1, "min": 2, "max": 2}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}


@dataclass(frozen=True, slots=True)
class Literally:
    """A number."""

    value: float

    def __str__(self) -> str:
        return format_plain(self.value)


@dataclass(frozen=True, slots=True)
class Column:
    """The number in a field."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Operation:
    """`left + right`."""

    operator: MathOperator
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


@dataclass(frozen=True, slots=True)
class Call:
    """`round(a)`, `max(a, b)`."""

    function: MathFunction
    arguments: tuple["Expression", ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Expression: TypeAlias = Literally | Column | Operation | Call


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name = expression`."""

    name: str
    expression: Expression

    def __str__(self) -> str:
        return f"{self.name} = {self.expression}"


@dataclass(frozen=True, slots=True)
class Math:
    """`| math a = ..., b = ...`: each column may use those before it."""

    assignments: tuple[Assignment, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return f"| math {', '.join(map(str, self.assignments))}"


def parse_math(cursor: Cursor, start: int) -> Math:
    """What stands behind `| math`. Raises ParseError."""
    assignments = [_parse_assignment(cursor)]
    while cursor.accept(","):
        assignments.append(_parse_assignment(cursor))
    return Math(tuple(assignments), Span(start, cursor.last_end))


def _parse_assignment(cursor: Cursor) -> Assignment:
    if at_name(cursor) and cursor.look(1) == "=":
        name = cursor.advance().text
        cursor.advance()
        return Assignment(name, _parse_expression(cursor, 1))
    expression = _parse_expression(cursor, 1)
    if not accept_word(cursor, "as"):
        raise wrong(cursor, "`math` needs a name for what it computes", EXAMPLE)
    return Assignment(read_name(cursor, "as", EXAMPLE), expression)


def _parse_expression(cursor: Cursor, loosest: int) -> Expression:
    cursor.descend()
    left = _parse_operand(cursor)
    while (precedence := _PRECEDENCE.get(cursor.kind, 0)) >= loosest:
        operator = cast(MathOperator, cursor.advance().kind)
        left = Operation(operator, left, _parse_expression(cursor, precedence + (operator != "^")))
    cursor.ascend()
    return left


def _parse_operand(cursor: Cursor) -> Expression:
    if cursor.accept("("):
        inner = _parse_expression(cursor, 1)
        if not cursor.accept(")"):
            raise wrong(cursor, "`math` needs a `)` here", EXAMPLE)
        return inner
    if cursor.kind == "NUMBER":
        return Literally(number_value(cursor, cursor.advance()))
    if cursor.kind == "-" and cursor.look(1) == "NUMBER":
        cursor.advance()
        return Literally(-number_value(cursor, cursor.advance()))
    if cursor.accept("-"):
        return Operation("-", Literally(0.0), _parse_expression(cursor, 3))
    name = read_name(cursor, "math", EXAMPLE)
    if cursor.kind != "(" or name.lower() not in _ARGUMENTS:
        return Column(name)
    cursor.advance()
    arguments = [_parse_expression(cursor, 1)]
    while cursor.accept(","):
        arguments.append(_parse_expression(cursor, 1))
    wanted = _ARGUMENTS[name.lower()]
    if len(arguments) != wanted or not cursor.accept(")"):
        raise wrong(cursor, f"`{name}` takes {wanted} argument{'s' * (wanted > 1)}", f"{EXAMPLE}, whole = round(share)")
    return Call(cast(MathFunction, name.lower()), tuple(arguments))
