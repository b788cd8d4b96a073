"""JSON text as Go's encoding/json writes it: keys sorted, `<`, `>` and `&` escaped, numbers as float64."""

from collections.abc import Mapping
from json import dumps

from sigyn.languages.go_numbers import format_plain, format_short

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def encode_go_json(value: object) -> str:
    """`value`, made of maps, lists, texts, numbers, booleans and null, as JSON text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quote_go_json(value)
        case int() | float():
            return _number(float(value))
        case Mapping():
            inside = ",".join(f"{quote_go_json(str(key))}:{encode_go_json(value[key])}" for key in sorted(value))
            return f"{{{inside}}}"
        case list() | tuple():
            return f"[{','.join(map(encode_go_json, value))}]"
    raise TypeError(f"JSON has no {type(value).__name__}")


def quote_go_json(text: str) -> str:
    """A JSON string."""
    return dumps(text, ensure_ascii=False).translate(_ESCAPES)


def _number(value: float) -> str:
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return format_plain(value)
    return format_short(value).replace("e-0", "e-")
