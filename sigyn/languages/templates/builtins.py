"""The functions that every template has: Go's text/template builtins, except `and` and `or`.

Those two evaluate their arguments only as far as needed, so that the compiler knows them itself.
"""

import html
from collections.abc import Callable, Mapping
from urllib.parse import quote_plus

from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.formatting import go_string, sprint, sprintln
from sigyn.languages.templates.printf import sprintf
from sigyn.languages.templates.values import (
    NO_VALUE_TEXT,
    Function,
    StringMap,
    Uint8,
    from_utf8,
    to_utf8,
    truth,
    type_name,
    utf8_length,
)


def _not(value: object) -> bool:
    return not truth(value)


def _length(value: object) -> int:
    if isinstance(value, str):
        return utf8_length(value)
    if isinstance(value, list | tuple | Mapping):
        return len(value)
    raise FunctionError("len of nil pointer" if value is None else f"len of type {type_name(value)}")


# --- indexing


def _offset(index: object, bound: int) -> int:
    """`index` as an offset below `bound`."""
    if index is None:
        raise FunctionError("cannot index slice/array with nil")
    if not isinstance(index, int) or isinstance(index, bool):
        raise FunctionError(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index < bound:
        raise FunctionError(f"index out of range: {int(index)}")
    return int(index)


def _index(item: object, *indexes: object) -> object:
    """`index x 1 "a"` is x[1]["a"]; a missing key of a map gives the zero value."""
    if item is None:
        raise FunctionError("index of untyped nil")
    for index in indexes:
        if item is None:
            raise FunctionError("index of nil pointer")
        if isinstance(item, Mapping):
            if not isinstance(index, str):
                given = "value is nil" if index is None else f"value has type {type_name(index)}"
                raise FunctionError(f"{given}; should be {'of type string' if index is None else 'string'}")
            item = item.get(index, "" if isinstance(item, StringMap) else None)
        elif isinstance(item, list | tuple):
            item = item[_offset(index, len(item))]
        elif isinstance(item, str):
            data = to_utf8(item)
            item = Uint8(data[_offset(index, len(data))])
        else:
            raise FunctionError(f"can't index item of type {type_name(item)}")
    return item


def _slice(item: object, *indexes: object) -> object:
    """`slice x 1 2` is x[1:2]; strings are cut by bytes."""
    if item is None:
        raise FunctionError("slice of untyped nil")
    if len(indexes) > 3:
        raise FunctionError(f"too many slice indexes: {len(indexes)}")
    if not isinstance(item, str | list | tuple):
        raise FunctionError(f"can't slice item of type {type_name(item)}")
    if isinstance(item, str) and len(indexes) == 3:
        raise FunctionError("cannot 3-index slice a string")
    data = to_utf8(item) if isinstance(item, str) else item
    bounds = [_offset(index, len(data) + 1) for index in indexes]
    start = bounds[0] if bounds else 0
    end = bounds[1] if len(bounds) > 1 else len(data)
    if start > end:
        raise FunctionError(f"invalid slice index: {start} > {end}")
    if len(bounds) == 3 and end > bounds[2]:
        raise FunctionError(f"invalid slice index: {end} > {bounds[2]}")
    part = data[start:end]
    return from_utf8(part) if isinstance(part, bytes) else part


# --- comparison


def _basic_kind(value: object) -> str:
    """What Go compares with what; empty for a value that has no order and no plain equality."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Uint8):
        return "int"
    for kind, name in ((int, "int"), (float, "float"), (complex, "complex"), (str, "string")):
        if isinstance(value, kind):
            return name
    return ""


def _equal(first: object, second: object) -> bool:
    if type(first) is str and type(second) is str:
        return first == second
    first_kind, second_kind = _basic_kind(first), _basic_kind(second)
    if first_kind != second_kind:
        if first is not None and second is not None:
            raise FunctionError("incompatible types for comparison")
        return False
    if not first_kind:
        if first is None or second is None:
            return first is second
        if isinstance(second, list | tuple | Mapping):
            shown = f"{go_string(second)}: {type_name(second)}"
            raise FunctionError(f"non-comparable type {shown}")
    return first == second


def _eq(first: object, *others: object) -> bool:
    """Whether the first argument equals any of the others."""
    if not others:
        raise FunctionError("missing argument for comparison")
    for other in others:  # noqa: SIM110 -- a generator costs as much as the comparison itself
        if _equal(first, other):
            return True
    return False


def _ne(first: object, second: object) -> bool:
    return not _equal(first, second)


def _ordered(compare: Callable[[object, object], bool]) -> Callable[[object, object], bool]:
    """`compare` for two values of one kind that has an order."""

    def comparison(first: object, second: object) -> bool:
        first_kind, second_kind = _basic_kind(first), _basic_kind(second)
        if not first_kind or not second_kind:
            raise FunctionError("invalid type for comparison")
        if first_kind != second_kind:
            raise FunctionError("incompatible types for comparison")
        if first_kind in ("bool", "complex"):
            raise FunctionError("invalid type for comparison")
        return compare(first, second)

    return comparison


def _less(first: object, second: object) -> bool:
    if isinstance(first, str) and isinstance(second, str):
        return first < second
    return isinstance(first, int | float) and isinstance(second, int | float) and first < second


def _less_or_equal(first: object, second: object) -> bool:
    return _less(first, second) or first == second


# --- printing and escaping


def _text(values: tuple[object, ...]) -> str:
    """The arguments of html, js and urlquery as one text, nil as the template prints it."""
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return sprint([NO_VALUE_TEXT if value is None else value for value in values])


_JAVASCRIPT = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _escape_javascript(rune: str) -> str:
    if rune in _JAVASCRIPT:
        return _JAVASCRIPT[rune]
    if rune >= " " and (rune.isascii() or rune.isprintable()):
        return rune
    return f"\\u{ord(rune):04X}"


def _html(*values: object) -> str:
    escaped = html.escape(_text(values), quote=True)
    return escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;").replace("\0", "\ufffd")


def _js(*values: object) -> str:
    return "".join(map(_escape_javascript, _text(values)))


def _urlquery(*values: object) -> str:
    return query_escape(_text(values))


def query_escape(text: str) -> str:
    """Go's url.QueryEscape: everything but letters, digits and `-_.~`, with `+` for a space."""
    return quote_plus(to_utf8(text), safe="")


def _call(function: object, *arguments: object) -> object:
    """Calls a function that the data hold."""
    if function is None:
        raise FunctionError("call of nil")
    if not isinstance(function, Function):
        raise FunctionError(f"non-function of type {type_name(function)}")
    wanted = len(function.parameters)
    if len(arguments) < wanted or (function.variadic is None and len(arguments) != wanted):
        least = "at least " if function.variadic is not None else ""
        raise FunctionError(f"wrong number of args: got {len(arguments)} want {least}{wanted}")
    return function.call(*arguments)


BUILTINS: Mapping[str, Function] = {
    "and": Function(truth, ("any",), "any"),
    "or": Function(truth, ("any",), "any"),
    "not": Function(_not, ("any",)),
    "call": Function(_call, ("any",), "any"),
    "len": Function(_length, ("any",)),
    "index": Function(_index, ("any",), "any"),
    "slice": Function(_slice, ("any",), "any"),
    "eq": Function(_eq, ("any",), "any"),
    "ne": Function(_ne, ("any", "any")),
    "lt": Function(_ordered(_less), ("any", "any")),
    "le": Function(_ordered(_less_or_equal), ("any", "any")),
    "gt": Function(_ordered(lambda first, second: not _less_or_equal(first, second)), ("any", "any")),
    "ge": Function(_ordered(lambda first, second: not _less(first, second)), ("any", "any")),
    "print": Function(lambda *values: sprint(values), (), "any"),
    "println": Function(lambda *values: sprintln(values), (), "any"),
    "printf": Function(lambda text, *values: sprintf(text, values), ("string",), "any"),
    "html": Function(_html, (), "any"),
    "js": Function(_js, (), "any"),
    "urlquery": Function(_urlquery, (), "any"),
}
"""`and` and `or` stand here for their names and number of arguments."""
