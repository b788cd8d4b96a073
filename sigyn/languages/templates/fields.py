"""`.a.b` on a value: elements of maps, and methods."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sigyn.languages.quoting import quote
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.nodes import Operand
from sigyn.languages.templates.site import Execution, Expression, Failure, Missing, Site
from sigyn.languages.templates.values import NO_VALUE, Function, Native, StringMap, type_name

ArgumentCompiler: TypeAlias = Callable[[str, Function], Sequence[Expression]]
"""Compiles the arguments that the template gives for the parameters of a method, once that is known."""

_ABSENT = object()


def _element(receiver: object, name: str, missing: Missing, fail: Failure) -> object:
    """The element `name` of a map."""
    if receiver is NO_VALUE:
        if missing == "error":
            raise fail(f"nil data; no entry for key {quote(name)}")
        return NO_VALUE
    if receiver is None:
        raise fail(f"nil pointer evaluating interface {{}}.{name}")
    if not isinstance(receiver, Mapping):
        raise fail(f"can't evaluate field {name} in type {type_name(receiver)}")
    value = receiver.get(name, _ABSENT)
    if value is not _ABSENT:
        return value
    if missing == "error":
        raise fail(f"map has no entry for key {quote(name)}")
    if missing == "default":
        return NO_VALUE
    return "" if isinstance(receiver, StringMap) else None


def _compile_last(
    receiver: Expression, name: str, missing: Missing, fail: Failure, arguments: ArgumentCompiler, has_arguments: bool
) -> Expression:
    # Which method it is shows only with the receiver; each is compiled when it is first met.
    compiled: dict[int, Sequence[Expression]] = {}

    def get(dot: object, execution: Execution) -> object:
        value = receiver(dot, execution)
        method = value.methods.get(name) if isinstance(value, Native) else None
        if method is None:
            if has_arguments and isinstance(value, Mapping):
                raise fail(f"{name} is not a method but has arguments")
            return _element(value, name, missing, fail)
        operands = compiled.get(id(method))
        if operands is None:
            operands = compiled[id(method)] = arguments(name, method)
        values = [operand(dot, execution) for operand in operands]
        try:
            return method.call(value, *values)
        except FunctionError as error:
            raise fail(f"error calling {name}: {error}") from None

    return get


def compile_fields(
    receiver: Expression,
    names: Sequence[str],
    node: Operand,
    site: Site,
    arguments: ArgumentCompiler,
    has_arguments: bool,
) -> Expression:
    """`receiver.a.b`; the arguments are for the last name, which must then be a method."""
    fail = site.failure(node)
    for name in names[:-1]:
        receiver = _compile_last(receiver, name, site.missing, fail, lambda _name, _method: (), False)
    return _compile_last(receiver, names[-1], site.missing, fail, arguments, has_arguments)


def compile_dot_field(name: str, node: Operand, site: Site) -> Expression:
    """`.name` without arguments. The plain case of labels comes first: it is most of all expressions."""
    fail = site.failure(node)
    missing = site.missing
    if missing == "error":
        return lambda dot, _execution: _element(dot, name, missing, fail)
    zero = "" if missing == "zero" else NO_VALUE
    method = _compile_last(lambda dot, _execution: dot, name, missing, fail, lambda _name, _method: (), False)

    def get(dot: object, execution: Execution) -> object:
        if type(dot) is StringMap:
            return dot.get(name, zero)
        return method(dot, execution)

    return get
