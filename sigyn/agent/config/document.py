"""YAML 1.1 as Promtail's library reads it, with the line of everything kept.

It differs from PyYAML's reading in what a plain word stands for: `y`, `n`, `on` and `off` are
booleans, `1:30` is a text, dates stay texts.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from sigyn.agent.errors import ConfigurationError

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_INTEGER = re.compile(r"([-+]?)(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DEEPEST = 100

Plain: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: what it stands for, and how it is written."""

    value: Plain
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    nodes: tuple["Node", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A map, in the order of the file; keys are as in YAML, so that `n` is false."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    line: int


Node: TypeAlias = Scalar | Items | Table


def read_document(text: str) -> Node:
    """The one document in `text`. Raises ConfigurationError when it is not YAML."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        return Scalar(None, "", 1) if node is None else _convert(loader, node, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigurationError(
            f"this is not YAML: {error.problem or error.context}", line=mark.line + 1 if mark else 0
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"this is not YAML: {error}") from None
    finally:
        loader.dispose()


def plain_value(text: str) -> Plain:
    """What an unquoted word stands for."""
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if whole := _INTEGER.fullmatch(text):
        return _integer(whole[1], whole[2])
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def _integer(sign: str, digits: str) -> int | str:
    digits = digits.replace("_", "")
    octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
    try:
        value = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        return sign + digits
    return -value if sign == "-" else value


def _convert(loader: yaml.SafeLoader, node: yaml.Node, depth: int) -> Node:
    line = node.start_mark.line + 1
    if depth > _DEEPEST:
        raise ConfigurationError("nested too deeply", line=line)
    if isinstance(node, yaml.MappingNode):
        written_here = {id(key_node) for key_node, _ in node.value}  # not those that `<<` brings
        loader.flatten_mapping(node)
        entries: dict[tuple[type, Plain], tuple[Scalar, Node]] = {}
        own: dict[tuple[type, Plain], int] = {}
        for key_node, value_node in node.value:
            key = _convert(loader, key_node, depth + 1)
            if not isinstance(key, Scalar):
                raise ConfigurationError("a key has to be a plain word, not a list or a map", line=key.line)
            name = type(key.value), key.value
            if name in own:
                raise ConfigurationError(
                    f"the key `{key.text}` stands here and in line {own[name]}; write it once", line=key.line
                )
            if id(key_node) in written_here:
                own[name] = key.line
            entries[name] = (key, _convert(loader, value_node, depth + 1))
        return Table(tuple(entries.values()), line)
    if isinstance(node, yaml.SequenceNode):
        return Items(tuple(_convert(loader, each, depth + 1) for each in node.value), line)
    assert isinstance(node, yaml.ScalarNode)
    return Scalar(_value(node), str(node.value), line)


def _value(node: yaml.ScalarNode) -> Plain:
    text = str(node.value)
    if node.style or node.tag == "tag:yaml.org,2002:binary":
        return text
    tag = node.tag.removeprefix("tag:yaml.org,2002:")
    return text if tag == "str" and _explicit(node) else plain_value(text)


def _explicit(node: yaml.ScalarNode) -> bool:
    """Whether a text was marked as one by `!!str`: the mark of the node begins before its text."""
    written = node.end_mark.index - node.start_mark.index
    return written > len(node.value) and bool(node.value)
