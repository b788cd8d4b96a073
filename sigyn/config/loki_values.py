"""Values in a file of Loki's."""

import json
from typing import Any

from sigyn.config.errors import ConfigError
from sigyn.config.values import Kind
from sigyn.config.yaml_tree import Items, Scalar, Tree, plain


def value_at(found: Tree, kind: Kind, key: str, source: str) -> Any:
    """The value at `key` of the file `source`; a list of texts is one text with commas. Raises ConfigError."""
    if kind.structured:
        try:
            return kind.read(json.dumps(plain(found)))
        except ValueError as error:
            raise ConfigError(f"{source}:{found.line}: `{key}`: {error}") from None
    match found:
        case Scalar(text, line):
            pass
        case Items(values, line) if all(isinstance(each, Scalar) for each in values):
            text = ",".join(each.text for each in values if isinstance(each, Scalar))
        case _:
            raise ConfigError(f"{source}:{found.line}: `{key}` holds a value ({kind.unit})")
    try:
        return kind.read(text)
    except ValueError as error:
        raise ConfigError(f"{source}:{line}: `{key}` is `{kind.in_errors(text)}`: {error}") from None
