"""What the text of a template depends on, read from its syntax tree."""

from dataclasses import dataclass

from sigyn.languages.templates.nodes import (
    Action,
    Body,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    If,
    Operand,
    Pipe,
    Statement,
    Text,
    Variable,
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Names of the fields of dot, and of the functions, that a template may ask."""

    fields: frozenset[str]
    functions: frozenset[str]


_NOTHING = Inputs(frozenset(), frozenset())


class _Anything(Exception):
    """The template looks at dot as a whole, or at something that these names don't tell."""


def inputs_of(body: Body) -> Inputs | None:
    """The inputs of a template; None when it may ask more than names tell: all of dot, or another dot."""
    try:
        return _of_body(body)
    except _Anything:
        return None


def _joined(*parts: Inputs) -> Inputs:
    return Inputs(
        frozenset[str]().union(*(part.fields for part in parts)),
        frozenset[str]().union(*(part.functions for part in parts)),
    )


def _of_body(body: Body) -> Inputs:
    return _joined(*map(_of_statement, body))


def _of_statement(statement: Statement) -> Inputs:
    match statement:
        case Text():
            return _NOTHING
        case Action(pipe=pipe):
            return _of_pipe(pipe)
        case If(branches=branches, otherwise=otherwise):
            chosen = [_joined(_of_pipe(pipe), _of_body(body)) for pipe, body in branches]
            return _joined(*chosen, _of_body(otherwise or ()))
        case _:  # another dot, or another template
            raise _Anything


def _of_pipe(pipe: Pipe) -> Inputs:
    return _joined(*map(_of_command, pipe.commands))


def _of_command(command: Command) -> Inputs:
    return _joined(*map(_of_operand, command.operands))


def _of_operand(operand: Operand) -> Inputs:
    match operand:
        case Field(names=names):
            return Inputs(frozenset(names[:1]), frozenset())
        case Variable(name="$", names=names):
            if not names:
                raise _Anything
            return Inputs(frozenset(names[:1]), frozenset())
        case Chain(operand=inner):
            return _of_operand(inner)
        case Pipe():
            return _of_pipe(operand)
        case Identifier(name=name):
            return Inputs(frozenset(), frozenset((name,)))
        case Dot():
            raise _Anything
        case _:
            return _NOTHING
