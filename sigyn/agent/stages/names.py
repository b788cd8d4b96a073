"""Options that are maps of names, and the labels that come of them."""

from collections.abc import Mapping
from typing import Any

from sigyn.agent.config.decoding import key_text
from sigyn.agent.config.document import Items, Node, Scalar, Table
from sigyn.agent.errors import ConfigurationError
from sigyn.model.labels import LABEL_NAME


def read_names(node: Node, path: str) -> Mapping[str, str | None]:
    """A map of texts, any of which may be empty. Raises ConfigurationError."""
    if isinstance(node, Scalar) and node.value is None:
        return {}
    if not isinstance(node, Table):
        raise ConfigurationError(f"{path} has to be a map of names", line=node.line)
    return {key_text(key, path, True): _text(value, path) for key, value in node.entries}


def read_list(node: Node, path: str) -> tuple[str, ...]:
    """A list of texts. Raises ConfigurationError."""
    if isinstance(node, Scalar) and node.value is None:
        return ()
    if not isinstance(node, Items):
        raise ConfigurationError(f"{path} has to be a list of names", line=node.line)
    return tuple(_text(each, path) or "" for each in node.nodes)


def _text(node: Node, path: str) -> str | None:
    if isinstance(node, Scalar) and (node.value is None or isinstance(node.value, str)):
        return node.value
    raise ConfigurationError(f"a value of {path} has to be a text, in quotes if need be", line=node.line)


def check_label_names(names: Mapping[str, Any] | tuple[str, ...]) -> None:
    """Refuse names that no label can have. Raises ConfigurationError."""
    for name in names:
        if not LABEL_NAME.fullmatch(name):
            raise ConfigurationError(f"invalid label name: {name}")


def sources(names: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Pairs of name and source; an empty source is the name itself."""
    return [(name, source or name) for name, source in names.items()]
