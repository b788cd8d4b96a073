"""Turns YAML into frozen dataclasses: the types of the fields say what is taken.

Two readings exist because Promtail has two. Sections of the file take any scalar where a text is
wanted (`password: 123`); the options of stages do not, as Promtail decodes them with another library.

A field's metadata may say `key`, its name in the file, and `read`, a function that reads its value.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sigyn.agent.config.document import Items, Node, Scalar, Table
from sigyn.agent.config.units import Unit
from sigyn.agent.errors import ConfigurationError
from sigyn.languages.durations import DurationError, parse_duration, parse_go_duration
from sigyn.languages.regex import RegexError, compile_regex
from sigyn.languages.relabel import RelabelError
from sigyn.model.labels import LABEL_NAME

T = TypeVar("T")

_SIZE = re.compile(r"([0-9]+)\s*([kmgtpe]?)(i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}


def parse_size(text: str) -> int:
    """`256kb`, `1MiB`, `4096` in bytes; every unit is a power of 1024, as in Promtail. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no size such as 256KiB or 2MB")
    return int(match[1]) << 10 * _POWERS[match[2].lower()]


@dataclass(frozen=True, slots=True)
class Raw:
    """Something that is read later, by somebody who knows what it is."""

    node: Node
    path: str

    def is_empty(self) -> bool:
        """Whether nothing stands there, or a list without elements."""
        return is_null(self.node) or (isinstance(self.node, Items) and not self.node.nodes)


def decode(node: Node, wanted: type[T], path: str, *, strict: bool = False) -> T:
    """`node` as a `wanted`, a dataclass. `path` names the place in errors, `strict` is the reading of stages.

    Raises ConfigurationError with the line and, for an unknown key, its neighbours.
    """
    value: T = _decode(node, wanted, path, strict)
    return value


def is_null(node: Node) -> bool:
    """Whether nothing stands there."""
    return isinstance(node, Scalar) and node.value is None


def key_text(key: Scalar, path: str, strict: bool) -> str:
    """The key of a map as text. Raises ConfigurationError for `n:` and its like in the strict reading."""
    if isinstance(key.value, str) or (not strict and key.value is not None):
        return key.text
    raise ConfigurationError(
        f"the key `{key.text}` of {path} is {_name_of(key)} in YAML 1.1, not a text; put it in quotes", line=key.line
    )


def _decode(node: Node, wanted: Any, path: str, strict: bool) -> Any:
    if wanted is Raw:
        return Raw(node, path)
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        return _decode_union(node, get_args(wanted), path, strict)
    if origin is Annotated:
        kind, unit = get_args(wanted)
        return _decode_unit(node, unit, path, strict) if isinstance(unit, Unit) else _decode(node, kind, path, strict)
    if origin is tuple:
        return _decode_items(node, get_args(wanted)[0], path, strict)
    if origin is not None and issubclass(origin, Mapping):
        return _decode_table(node, get_args(wanted)[1], path, strict)
    if is_dataclass(wanted):
        return _decode_fields(node, wanted, path, strict)
    return _decode_scalar(node, wanted, path, strict)


def _decode_union(node: Node, options: tuple[Any, ...], path: str, strict: bool) -> Any:
    if is_null(node) and type(None) in options:
        return None
    concrete = [option for option in options if option is not type(None)]
    for option in concrete:
        if isinstance(node, Items) == (get_origin(option) is tuple):
            return _decode(node, option, path, strict)
    return _decode(node, concrete[0], path, strict)


def _decode_items(node: Node, wanted: Any, path: str, strict: bool) -> tuple[Any, ...]:
    if is_null(node):
        return ()
    if not isinstance(node, Items):
        raise _mismatch(node, "a list", path)
    return tuple(_decode(each, wanted, f"{path}[{index}]", strict) for index, each in enumerate(node.nodes))


def _decode_table(node: Node, wanted: Any, path: str, strict: bool) -> dict[str, Any]:
    if is_null(node):
        return {}
    if not isinstance(node, Table):
        raise _mismatch(node, "a map", path)
    return {
        name: _decode(value, wanted, f"{path}.{name}", strict)
        for key, value in node.entries
        for name in (key_text(key, path, strict),)
    }


def _decode_labels(node: Node, path: str, strict: bool) -> dict[str, str]:
    labels = _decode_table(node, str, path, strict)
    for key, _ in node.entries if isinstance(node, Table) else ():
        if not LABEL_NAME.fullmatch(key.text):
            raise ConfigurationError(
                f"{path}: `{key.text}` can't be a label: a name has letters, digits and _, and no digit first",
                line=key.line,
            )
    return labels


@lru_cache(maxsize=256)
def _fields_of(wanted: type) -> Mapping[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(wanted, include_extras=True)
    return {field.metadata.get("key", field.name): (field, hints[field.name]) for field in fields(wanted)}


def _decode_fields(node: Node, wanted: Any, path: str, strict: bool) -> Any:
    known = _fields_of(wanted)
    if is_null(node):
        node = Table((), node.line)
    if not isinstance(node, Table):
        raise _mismatch(node, "a map", path)
    values: dict[str, Any] = {}
    for key, value in node.entries:
        name = key_text(key, path, strict)
        field = known.get(name.lower() if strict else name)
        if field is None:
            raise unknown_key(name, known, path, key.line)
        if not is_null(value) or field[0].default is MISSING:
            read = field[0].metadata.get("read")
            inside = f"{path}.{name}" if path else name
            values[field[0].name] = read(value, inside) if read else _decode(value, field[1], inside, strict)
    try:
        return wanted(**values)
    except RelabelError as error:
        at_fault = (key.line for key, _ in node.entries if key.text == error.field)
        raise ConfigurationError(f"{path}: {error}", line=next(at_fault, node.line)) from None
    except ConfigurationError as error:
        raise error if error.line else ConfigurationError(f"{path}: {error}", line=node.line) from None


def unknown_key(name: str, known: Mapping[str, object], path: str, line: int) -> ConfigurationError:
    """An error for a key that nobody knows, with the keys that are near."""
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    names = near or sorted(known)
    quoted = ", ".join(f"`{each}`" for each in names[:12])
    hint = f"did you mean {quoted}?" if near else f"known here: {quoted}"
    where = f" in {path}" if path else ""
    return ConfigurationError(f"unknown key `{name}`{where} ({hint})", line=line)


def one_of(names: Sequence[str], what: str) -> Callable[[Node, str], str]:
    """Reads a text that has to be one of `names`; `what` says in errors what they are."""

    def read(node: Node, path: str) -> str:
        word: str = _decode_scalar(node, str, path, False)
        if word not in names:
            near = get_close_matches(word, names, n=1, cutoff=0.6)
            hint = f"did you mean `{near[0]}`? It" if near else "it"
            raise ConfigurationError(
                f"unknown {what} `{word}` in {path} ({hint} may be {', '.join(names)})", line=node.line
            )
        return word

    return read


def _decode_unit(node: Node, unit: Unit, path: str, strict: bool) -> Any:
    if unit is Unit.LABELS:
        return _decode_labels(node, path, strict)
    if unit is Unit.REGEX:
        pattern: str = _decode_scalar(node, str, path, strict)
        try:
            compile_regex(pattern)
        except RegexError as error:
            raise ConfigurationError(f"{path}: could not compile regular expression: {error}", line=node.line) from None
        return pattern
    if unit is Unit.TEXT:
        text: str = _decode_scalar(node, str, path, False)
        return text
    if unit is Unit.PORT:
        port: int = _decode_scalar(node, int, path, strict)
        if not 0 <= port <= 65_535:
            raise _mismatch(node, unit.value, path)
        return port
    if not isinstance(node, Scalar) or isinstance(node.value, bool):
        raise _mismatch(node, unit.value, path)
    if isinstance(node.value, int) and (unit is Unit.SIZE or not strict):
        return node.value
    parse: Callable[[str], int] = parse_size
    if unit is Unit.DURATION:
        parse = parse_go_duration if strict else parse_duration
    try:
        return parse(node.text)
    except (DurationError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}", line=node.line) from None


_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


def _decode_scalar(node: Node, wanted: Any, path: str, strict: bool) -> Any:
    if isinstance(node, Scalar):
        value = node.value
        if value is None:
            return wanted()
        if wanted is str and (isinstance(value, str) or not strict):
            return node.text
        if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if wanted is int and isinstance(value, float) and value.is_integer():
            return int(value)
        if type(value) is wanted:
            return value
    raise _mismatch(node, _WORDS[wanted], path)


def _mismatch(node: Node, wanted: str, path: str) -> ConfigurationError:
    return ConfigurationError(f"{path} has to be {wanted}, not {_name_of(node)}", line=node.line)


def _name_of(node: Node) -> str:
    match node:
        case Items():
            return "a list"
        case Table():
            return "a map"
        case Scalar(value=None):
            return "empty"
        case Scalar(value=bool()):
            return f"the boolean `{node.text}`"
        case Scalar(value=str()):
            return f"the text `{node.text}`"
        case Scalar():
            return f"the number `{node.text}`"
