"""Arguments of functions: Go's types of parameters against literals and values."""

from sigyn.languages.templates.errors import TemplateError
from sigyn.languages.templates.limits import LONG_TEXT
from sigyn.languages.templates.nodes import Bool, Nil, Number, String
from sigyn.languages.templates.site import Execution, Expression, Failure, constant, raising
from sigyn.languages.templates.values import NO_VALUE, Int64, Kind, type_name

_FOUND: dict[Kind, str] = {"string": "string", "bool": "bool", "int": "integer", "int64": "integer", "float64": "float"}
_TYPES: dict[Kind, type] = {"bool": bool, "int": int, "int64": Int64, "float64": float}


def literal_argument(node: Bool | Number | String | Nil, plain: Expression, kind: Kind, fail: Failure) -> Expression:
    """A literal where a parameter of this type is; `5.0` is an int there, as constants are in Go.

    `plain` is the literal where no type is asked for.
    """
    if kind == "any":
        return plain
    if isinstance(node, Nil):
        return raising(fail, f"cannot assign nil to {kind}")
    match kind, node:
        case ("string", String(value=value)) | ("bool", Bool(value=value)):
            return constant(value)
        case "int", Number(integer=int() as integer):
            return constant(integer)
        case "int64", Number(integer=int() as integer):
            return constant(Int64(integer))
        case "float64", Number(floating=float() as floating):
            return constant(floating)
    if kind in _FOUND:
        return raising(fail, f"expected {_FOUND[kind]}; found {node}")
    return raising(fail, f"can't handle {node} for arg of type {kind}")


def checked_argument(expression: Expression, kind: Kind, fail: Failure) -> Expression:
    """`expression` where a parameter of this type is; the type of its value must be the same."""

    def mismatch(value: object) -> TemplateError:
        if value is None or value is NO_VALUE:
            return fail(f"invalid value; expected {kind}")
        return fail(f"wrong type for value; expected {kind}; got {type_name(value)}")

    if kind == "any":

        def any_argument(dot: object, execution: Execution) -> object:
            value = expression(dot, execution)
            if type(value) is str:
                if len(value) > LONG_TEXT:
                    execution.charge(len(value), fail)
                return value
            return None if value is NO_VALUE else value

        return any_argument
    if kind == "string":

        def string_argument(dot: object, execution: Execution) -> object:
            value = expression(dot, execution)
            if type(value) is not str:
                raise mismatch(value)
            if len(value) > LONG_TEXT:
                execution.charge(len(value), fail)
            return value

        return string_argument
    wanted = _TYPES.get(kind)

    def typed_argument(dot: object, execution: Execution) -> object:
        value = expression(dot, execution)
        if type(value) is wanted or (wanted is None and type_name(value) == kind):
            return value
        raise mismatch(value)

    return typed_argument
