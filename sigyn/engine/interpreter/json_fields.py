"""`| json`."""

import re
from collections.abc import Callable, Iterable
from json import JSONDecodeError, JSONDecoder
from typing import Any

from sigyn.engine.interpreter.entry import RESERVED, Processed, Run
from sigyn.engine.interpreter.json_syntax import OBJECT, JsonSyntaxError, skip_space, walk_object
from sigyn.engine.interpreter.names import NameCache

JSON_ERROR = "JSONParserErr"

ODD = re.compile(r"\ufffd|\\u(?:[dD][89a-fA-F]|[fF][fF][fF][dD])")
"""Characters that the walk treats in a way of its own: halves of surrogate pairs and U+FFFD."""


def reject(constant: str) -> None:
    """Refuses `NaN` and the like. Raises JSONDecodeError."""
    raise JSONDecodeError("not in JSON", constant, 0)


strict_decode: Callable[[str, int], tuple[Any, int]] = JSONDecoder(
    object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=reject, strict=False
).raw_decode
"""Decode the value at an offset: objects as tuples of pairs in the order of the text, numbers as they
are written. Raises JSONDecodeError (a ValueError), and RecursionError for very deep values."""


def compile_json() -> Run:
    """Extract the fields of a JSON object, those of nested objects under names joined by `_`.

    The first field of a name wins, also against a label that an earlier parser made. Null and
    arrays are left out. A line that can't be read to the end of its object keeps the fields before
    that place and gets `__error__="JSONParserErr"`.
    """
    names, inner_names = NameCache(), NameCache(are_first=False)

    def add_pairs(entry: Processed, prefix: str, pairs: Iterable[tuple[str, Any]]) -> None:
        parsed = entry.parsed
        own_names = inner_names if prefix else names
        for key, value in pairs:
            name = prefix + own_names[key]
            if value.__class__ is tuple:
                add_pairs(entry, name + "_", value)
            elif value.__class__ is str:
                _add(entry, parsed, name, value)
            elif value is True:
                _add(entry, parsed, name, "true")
            elif value is False:
                _add(entry, parsed, name, "false")

    def run(entry: Processed) -> bool:
        line = entry.line
        start = skip_space(line, 0)
        if line[start : start + 1] != "{":
            entry.fail(JSON_ERROR, OBJECT)
            return True
        if not ODD.search(line):
            try:
                value, _ = strict_decode(line, start)
                add_pairs(entry, "", value)
                return True
            except (ValueError, RecursionError):
                pass  # not strictly JSON: the walk below knows what Loki makes of it
        try:
            for path, text in walk_object(line):
                name = "_".join((names[path[0]], *(inner_names[key] for key in path[1:])))
                _add(entry, entry.parsed, name, text)
        except JsonSyntaxError as error:
            entry.fail(JSON_ERROR, str(error))
        return True

    return run


def _add(entry: Processed, parsed: dict[str, str], name: str, value: str) -> None:
    if not name:
        return
    if name in entry.original or name in entry.metadata or name in RESERVED:
        name = entry.extracted_name(name)
    if name not in parsed:
        parsed[name] = value
