"""Compiles the statements of a template to closures."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import TypeAlias

from sigyn.languages.quoting import quote
from sigyn.languages.templates.expressions import compile_pipe
from sigyn.languages.templates.formatting import go_string
from sigyn.languages.templates.limits import LARGE_MAP, MAXIMUM_CALL_DEPTH, WORK_OF_ELEMENT
from sigyn.languages.templates.nodes import Action, Body, Break, Call, Continue, If, Range, Statement, Text, With
from sigyn.languages.templates.site import Execution, Expression, Failure, Site, dig
from sigyn.languages.templates.values import NO_VALUE, NO_VALUE_TEXT, Function, Int64, Native, truth


class Signal(Enum):
    """How a statement left its body, when not by its end."""

    BREAK = auto()
    CONTINUE = auto()


Write: TypeAlias = Callable[[str], object]
Step: TypeAlias = Callable[[object, Execution, Write], Signal | None]
"""A compiled statement or body: takes dot, the state and where the text goes."""

Blocks: TypeAlias = dict[str, tuple[Step, int]]
"""The compiled templates by name, with the number of variables that each needs."""


def compile_body(body: Body, site: Site, blocks: Blocks) -> Step:
    """The statements of a list; the variables that they declare stay in `site`."""
    steps = [_compile_statement(statement, site, blocks) for statement in body]
    if not steps:
        return lambda _dot, _execution, _write: None
    if len(steps) == 1:
        return steps[0]
    if not any(map(_may_leave, body)):

        def run(dot: object, execution: Execution, write: Write) -> None:
            for step in steps:
                step(dot, execution, write)

        return run

    def run_until_left(dot: object, execution: Execution, write: Write) -> Signal | None:
        for step in steps:
            signal = step(dot, execution, write)
            if signal is not None:
                return signal
        return None

    return run_until_left


def _may_leave(statement: Statement) -> bool:
    """Whether `break` or `continue` of a range around this statement is in it."""
    if isinstance(statement, If | With):
        bodies = [body for _, body in statement.branches] + [statement.otherwise or ()]
        return any(_may_leave(inner) for body in bodies for inner in body)
    if isinstance(statement, Range):
        return any(map(_may_leave, statement.otherwise or ()))
    return isinstance(statement, Break | Continue)


def _compile_statement(statement: Statement, site: Site, blocks: Blocks) -> Step:
    match statement:
        case Text():
            return _compile_text(statement.value)
        case Action():
            return _compile_action(statement, site)
        case If() | With():
            return _compile_branches(statement, site, blocks)
        case Range():
            return _compile_range(statement, site, blocks)
        case Call():
            return _compile_template_call(statement, site, blocks)
        case Break():
            return lambda _dot, _execution, _write: Signal.BREAK
        case Continue():
            return lambda _dot, _execution, _write: Signal.CONTINUE


def _compile_text(value: str) -> Step:
    def write_text(_dot: object, _execution: Execution, write: Write) -> None:
        write(value)

    return write_text


def _compile_action(statement: Action, site: Site) -> Step:
    value = compile_pipe(statement.pipe, site)
    if statement.pipe.declarations:

        def evaluate(dot: object, execution: Execution, _write: Write) -> None:
            value(dot, execution)

        return evaluate
    fail = site.failure(statement)

    def write_value(dot: object, execution: Execution, write: Write) -> None:
        result = value(dot, execution)
        if type(result) is str:
            write(result)
        elif result is NO_VALUE or result is None:
            write(NO_VALUE_TEXT)
        elif isinstance(result, Function):
            raise fail(f"can't print {statement} of type func")
        else:
            write(go_string(result))

    return write_value


def _compile_branches(statement: If | With, site: Site, blocks: Blocks) -> Step:
    mark = len(site.scope)
    branches: list[tuple[Expression, Step]] = []
    for pipe, body in statement.branches:
        condition = compile_pipe(pipe, site)
        inside = len(site.scope)
        branches.append((condition, compile_body(body, site, blocks)))
        del site.scope[inside:]
    otherwise = compile_body(statement.otherwise, site, blocks) if statement.otherwise else None
    del site.scope[mark:]
    changes_dot = isinstance(statement, With)

    def branch(dot: object, execution: Execution, write: Write) -> Signal | None:
        for condition, body in branches:
            value = condition(dot, execution)
            if truth(value):
                return body(value if changes_dot else dot, execution, write)
        return None if otherwise is None else otherwise(dot, execution, write)

    return branch


def _pairs(value: object, two_variables: bool, fail: Failure) -> Iterable[tuple[object, object]]:
    """Index and element of what `range` goes through."""
    if value is NO_VALUE:
        return ()
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, list | tuple):
        return enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if two_variables:
            raise fail(f"can't use {go_string(value)} to iterate over more than one variable")
        kind = Int64 if isinstance(value, Int64 | Native) else int
        return ((NO_VALUE, kind(index)) for index in range(value))
    raise fail(f"range can't iterate over {go_string(value)}")


def _compile_range(statement: Range, site: Site, blocks: Blocks) -> Step:
    mark = len(site.scope)
    fail = site.failure(statement.pipe)
    pipe = compile_pipe(statement.pipe, site)
    slots = [site.slot(variable.name) for variable in statement.pipe.declarations]
    # With two variables the index comes first, with one it is the element.
    element_slot = slots[-1] if slots else None
    index_slot = slots[0] if len(slots) > 1 else None
    inside = len(site.scope)
    body = compile_body(statement.body, site, blocks)
    del site.scope[inside:]
    otherwise = compile_body(statement.otherwise, site, blocks) if statement.otherwise else None
    del site.scope[mark:]
    two_variables = len(slots) > 1

    def iterate(dot: object, execution: Execution, write: Write) -> Signal | None:
        value = dig(pipe(dot, execution))
        if isinstance(value, Mapping) and len(value) > LARGE_MAP:
            execution.charge(len(value) * WORK_OF_ELEMENT, fail)
        empty = True
        for index, element in _pairs(value, two_variables, fail):
            empty = False
            execution.step(fail)
            if element_slot is not None:
                execution.variables[element_slot] = element
            if index_slot is not None:
                execution.variables[index_slot] = index
            if body(element, execution, write) is Signal.BREAK:
                break
        if empty and otherwise is not None:
            return otherwise(dot, execution, write)
        return None

    return iterate


def _compile_template_call(statement: Call, site: Site, blocks: Blocks) -> Step:
    """A call looks the template up when it is executed: it may stand before the definition."""
    fail = site.failure(statement)
    name = statement.name
    argument = None if statement.pipe is None else compile_pipe(statement.pipe, site)

    def call(dot: object, execution: Execution, write: Write) -> None:
        if name not in blocks:
            raise fail(f"template {quote(name)} not defined")
        execution.step(fail)
        if execution.depth >= MAXIMUM_CALL_DEPTH:
            raise fail(f"exceeded maximum template depth ({MAXIMUM_CALL_DEPTH})")
        value = NO_VALUE if argument is None else dig(argument(dot, execution))
        body, slots = blocks[name]
        # It sees none of our variables. After an error nobody looks at the state again.
        outer = execution.variables
        execution.variables = [value] + [NO_VALUE] * (slots - 1)
        execution.depth += 1
        body(value, execution, write)
        execution.depth -= 1
        execution.variables = outer

    return call
