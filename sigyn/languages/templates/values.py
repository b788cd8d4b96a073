"""Go's values as the templates see them.

A Python value stands for the Go value that prints and behaves alike:

    str -> string           bool -> bool                 int -> int
    float -> float64        Int64 -> int64               Uint8 -> uint8
    complex -> complex128   None -> a nil interface      dict -> map[string]interface {}
    list, tuple -> []interface {}                        StringMap -> map[string]string
    Native -> a named Go type with methods (time.Time, time.Duration, ...)

Go tells apart a nil interface and no value at all; the second is NO_VALUE. A pipeline turns the
first into the second, as Go does when it digs the value out of an interface.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeAlias


class _NoValue:
    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = _NoValue()
"""A missing key, or what is left of a nil interface after a pipeline; prints as `<no value>`."""

NO_VALUE_TEXT = "<no value>"


class StringMap(dict[str, str]):
    """map[string]string: with the policy `zero` a missing key is the empty string."""

    __slots__ = ()


class Int64(int):
    """int64, which Go does not accept where a function wants int."""

    __slots__ = ()


class Uint8(int):
    """uint8: a byte of an indexed string."""

    __slots__ = ()


Kind: TypeAlias = Literal["any", "string", "int", "int64", "float64", "bool", "time.Time", "time.Duration"]
"""The Go type of a parameter; `any` is interface{}."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that templates may call.

    `parameters` are the types of the fixed parameters, `variadic` the type of any further ones.
    A `contextual` function gets the context of the execution before its arguments. `call` raises
    FunctionError for what Go returns as an error or panics with.
    """

    call: Callable[..., object]
    parameters: tuple[Kind, ...] = ()
    variadic: Kind | None = None
    contextual: bool = False


class Native:
    """A named Go type with methods; subclasses set both class variables.

    `methods` are called with the receiver as first argument, which `parameters` does not count.
    """

    __slots__ = ()
    type_name: ClassVar[str]
    methods: ClassVar[Mapping[str, Function]]

    def go_string(self) -> str:
        """What Go's String method gives."""
        raise NotImplementedError


_INT64_BOUND = 1 << 63


def wrap_int64(value: int) -> int:
    """`value` as Go's 64 bit arithmetic leaves it: overflow wraps around."""
    return (value + _INT64_BOUND) % (2 * _INT64_BOUND) - _INT64_BOUND


_TYPE_NAMES: Mapping[type, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    complex: "complex128",
    Int64: "int64",
    Uint8: "uint8",
    StringMap: "map[string]string",
    dict: "map[string]interface {}",
    list: "[]interface {}",
    tuple: "[]interface {}",
    type(None): "interface {}",
    _NoValue: "<nil>",
    Function: "func",
}


def type_name(value: object) -> str:
    """The name of the Go type, as %T prints it."""
    if isinstance(value, Native):
        return value.type_name
    return _TYPE_NAMES.get(type(value), "map[string]interface {}" if isinstance(value, Mapping) else "interface {}")


def truth(value: object) -> bool:
    """Go's truth of a template value: false for nil, zero, false and whatever has no elements."""
    if value is NO_VALUE or value is None:
        return False
    if isinstance(value, Native) and not isinstance(value, int | list | dict):
        return True
    return bool(value)


def utf8_length(text: str) -> int:
    """Go's len of a string: bytes, not code points."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def from_utf8(data: bytes) -> str:
    """The text of `data`; each byte that is not UTF-8 becomes U+FFFD, as in Go's conversion to runes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        marked = data.decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\udc80" <= rune <= "\udcff" else rune for rune in marked)


def to_utf8(text: str) -> bytes:
    """The bytes of `text`; a lone surrogate, which Go's strings can't hold, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
