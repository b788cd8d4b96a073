"""Compiles operands, commands and pipelines to closures, after Go's executor."""

from collections.abc import Sequence

from sigyn.languages.templates.arguments import checked_argument, literal_argument
from sigyn.languages.templates.builtins import BUILTINS
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.fields import compile_dot_field, compile_fields
from sigyn.languages.templates.limits import LONG_TEXT, WORK_OF_PRINTING
from sigyn.languages.templates.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Number,
    Operand,
    Pipe,
    String,
    Variable,
)
from sigyn.languages.templates.site import (
    Execution,
    Expression,
    Failure,
    Site,
    constant,
    dig,
    literal_value,
    overflows_int,
    raising,
)
from sigyn.languages.templates.values import Function, Kind, truth


def compile_pipe(pipe: Pipe, site: Site) -> Expression:
    """A pipeline; declares its variables in `site` and sets them when it is executed."""
    value: Expression | None = None
    for command in pipe.commands:
        value = _compile_command(command, value, site)
    if value is None:
        raise AssertionError("BUG: the parser refuses empty pipelines")
    for variable in pipe.declarations:
        slot = site.slot(variable.name) if pipe.assign else site.declare(variable.name)
        if slot is None:
            value = raising(site.failure(pipe), f"undefined variable: {variable.name}")
        else:
            value = _setting(value, slot)
    return value


def _setting(value: Expression, slot: int) -> Expression:
    def set_variable(dot: object, execution: Execution) -> object:
        result = execution.variables[slot] = dig(value(dot, execution))
        return result

    return set_variable


def _compile_command(command: Command, final: Expression | None, site: Site) -> Expression:
    """A command; `final` is the value of the command before it in the pipeline."""
    first, arguments = command.operands[0], command.operands[1:]
    if isinstance(first, Field | Chain | Variable) and not (isinstance(first, Variable) and not first.names):
        return _compile_chain(first, arguments, final, site)
    if isinstance(first, Identifier):
        return _compile_function(first, command, arguments, final, site)
    if arguments or final is not None:
        return raising(site.failure(first), f"can't give argument to non-function {first}")
    if isinstance(first, Nil):
        return raising(site.failure(first), "nil is not a command")
    return compile_operand(first, site)


def compile_operand(node: Operand, site: Site) -> Expression:
    """An operand that stands alone."""
    match node:
        case Dot():
            return lambda dot, _execution: dot
        case Number() if overflows_int(node):
            return raising(site.failure(node), f"{node} overflows int")
        case Bool() | Number() | String() | Nil():
            return constant(literal_value(node))
        case Identifier():
            return _compile_function(node, node, (), None, site)
        case Pipe():
            return compile_pipe(node, site)
        case Variable(names=()):
            return _compile_variable(node, site)
        case Field() | Variable() | Chain():
            return _compile_chain(node, (), None, site)


def _compile_variable(node: Variable, site: Site) -> Expression:
    slot = site.slot(node.name)
    if slot is None:
        return raising(site.failure(node), f"undefined variable: {node.name}")
    return lambda _dot, execution: execution.variables[slot]


def _compile_chain(
    node: Field | Chain | Variable, arguments: Sequence[Operand], final: Expression | None, site: Site
) -> Expression:
    """Fields of dot, of a variable or of a pipeline, the last of them perhaps a method with arguments."""
    has_arguments = bool(arguments) or final is not None
    if isinstance(node, Field) and len(node.names) == 1 and not has_arguments:
        return compile_dot_field(node.names[0], node, site)
    match node:
        case Field():
            receiver: Expression = lambda dot, _execution: dot
        case Variable():
            receiver = _compile_variable(Variable(node.position, node.name), site)
        case Chain(operand=Nil()):
            return raising(site.failure(node), f"indirection through explicit nil in {node}")
        case Chain():
            receiver = _digging(compile_operand(node.operand, site))
    operands = _compile_operands(arguments, site)

    def fit(name: str, method: Function) -> Sequence[Expression]:
        return _fit_arguments(method, name, node, operands, final, site)

    return compile_fields(receiver, node.names, node, site, fit, has_arguments)


def _digging(expression: Expression) -> Expression:
    return lambda dot, execution: dig(expression(dot, execution))


# --- calls


def _compile_function(
    node: Identifier, shown: Identifier | Command, arguments: Sequence[Operand], final: Expression | None, site: Site
) -> Expression:
    function = site.functions[node.name]
    operands = _fit_arguments(function, node.name, node, _compile_operands(arguments, site), final, site)
    if node.name in ("and", "or") and function is BUILTINS[node.name]:
        return operands[0] if len(operands) == 1 else _compile_logic(operands, node.name == "or")
    fail = site.failure(shown)
    call = _compile_call(function, node.name, operands, fail)
    return _charging(call, fail) if function.variadic == "any" else call


def _charging(call: Expression, fail: Failure) -> Expression:
    """A call that can make a long text of values that are none, such as `print .`."""

    def charge(dot: object, execution: Execution) -> object:
        result = call(dot, execution)
        if type(result) is str and len(result) > LONG_TEXT:
            execution.charge(len(result) * WORK_OF_PRINTING, fail)
        return result

    return charge


def _compile_logic(operands: Sequence[Expression], stop: bool) -> Expression:
    """The first operand whose truth is `stop`, or else the last; those behind it aren't evaluated."""
    leading, last = operands[:-1], operands[-1]

    def logic(dot: object, execution: Execution) -> object:
        for operand in leading:
            value = operand(dot, execution)
            if truth(value) is stop:
                return value
        return last(dot, execution)

    return logic


def _compile_operands(arguments: Sequence[Operand], site: Site) -> list[tuple[Operand, Expression]]:
    return [(argument, compile_operand(argument, site)) for argument in arguments]


def _fit_arguments(
    function: Function,
    name: str,
    node: Operand,
    arguments: Sequence[tuple[Operand, Expression]],
    final: Expression | None,
    site: Site,
) -> Sequence[Expression]:
    """The arguments as the parameters want them; with a wrong number of them one that raises."""
    fail = site.failure(node)
    count = len(arguments) + (final is not None)
    fixed = len(function.parameters)
    if function.variadic is None and count != fixed:
        return (raising(fail, f"wrong number of args for {name}: want {fixed} got {count}"),)
    if count < fixed:
        return (raising(fail, f"wrong number of args for {name}: want at least {fixed} got {len(arguments)}"),)
    kinds: list[Kind] = list(function.parameters)
    if function.variadic is not None:
        kinds.extend([function.variadic] * (count - fixed))
    operands = [
        literal_argument(each, expression, kind, site.failure(each))
        if isinstance(each, Bool | Number | String | Nil)
        else checked_argument(expression, kind, site.failure(each))
        for (each, expression), kind in zip(arguments, kinds, strict=False)
    ]
    if final is not None:
        operands.append(checked_argument(final, kinds[-1], fail))
    return operands


def _compile_call(function: Function, name: str, operands: Sequence[Expression], fail: Failure) -> Expression:
    """The call itself; written out for few arguments, because this is where lines spend their time."""
    call = function.call
    if function.contextual:
        operands = (lambda _dot, execution: execution.context, *operands)

    def failed(error: FunctionError) -> Exception:
        return fail(f"error calling {name}: {error}")

    match operands:
        case ():

            def call_none(_dot: object, _execution: Execution) -> object:
                try:
                    return call()
                except FunctionError as error:
                    raise failed(error) from None

            return call_none
        case (first,):

            def call_one(dot: object, execution: Execution) -> object:
                try:
                    return call(first(dot, execution))
                except FunctionError as error:
                    raise failed(error) from None

            return call_one
        case (first, second):

            def call_two(dot: object, execution: Execution) -> object:
                try:
                    return call(first(dot, execution), second(dot, execution))
                except FunctionError as error:
                    raise failed(error) from None

            return call_two

    def call_many(dot: object, execution: Execution) -> object:
        try:
            return call(*[operand(dot, execution) for operand in operands])
        except FunctionError as error:
            raise failed(error) from None

    return call_many
