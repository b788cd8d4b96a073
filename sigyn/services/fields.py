"""Which fields log lines have, of which types, and which labels are worth a click.

Logs Drilldown and Grafana's query builder ask for this. Names, types, parsers and the exclusion of
identifiers follow Loki's recorded answers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

FieldType: TypeAlias = Literal["string", "int", "float", "boolean", "duration", "bytes"]

_INT = re.compile(r"[+-]?[0-9]{1,19}")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DURATION = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h))+")
_BYTES = re.compile(r"[0-9]+(\.[0-9]*)?\s?([kmgtpe]i?b?|b)", re.IGNORECASE)
_BOOLEANS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_UUID = re.compile(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_KEPT_LABELS = frozenset({"cluster", "namespace", "instance", "pod"})
"""Labels that are shown whatever their values."""

_JSON: msgspec.json.Decoder[object] = msgspec.json.Decoder(object, float_hook=str)
"""Keeps the digits of a number as they were sent."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_LOGFMT_PAIR = re.compile(r'(?<![^\s="])([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
"""Begins where a name can begin, so that a long word is read once and not from each of its letters."""


@dataclass(slots=True)
class DetectedField:
    """A field with what was seen of it; `json_path` is empty for fields that are not of JSON."""

    label: str
    values: dict[str, None] = field(default_factory=dict)
    parsers: list[str] = field(default_factory=list)
    json_path: tuple[str, ...] = ()
    _type: FieldType | None = None

    @property
    def type(self) -> FieldType:
        """The type that all values have; whole and broken numbers together are floats."""
        return self._type or "string"

    @property
    def cardinality(self) -> int:
        return len(self.values)

    def add(self, value: str, parsers: Iterable[str], json_path: tuple[str, ...] = ()) -> None:
        """Notes one occurrence."""
        self.json_path = self.json_path or json_path
        for parser in parsers:
            if parser not in self.parsers:
                self.parsers.append(parser)
        if value not in self.values:
            self.values[value] = None
            if self._type != "string":  # which any other type makes a string, too
                self._type = _common_type(self._type, value_type(value))


@dataclass(frozen=True, slots=True)
class DetectedLabel:
    """A label and how many values it has."""

    label: str
    cardinality: int


def detect_fields(entries: Iterable[LogEntry], parsers: Sequence[str] = ()) -> dict[str, DetectedField]:
    """The fields of these entries by name: structured metadata, then what the lines hold.

    `parsers` names the parsers of the query; when it has some, the fields are those that they
    found, else each line is read as JSON, and failing that as logfmt.
    """
    fields: dict[str, DetectedField] = {}
    for entry in entries:
        for name, value in entry.metadata:
            _field(fields, name).add(value, ())
        if parsers:
            for name, value in entry.parsed:
                if not name.startswith("__"):
                    _field(fields, name).add(value, parsers)
        else:
            _add_line(fields, entry)
    return fields


def detect_labels(series: Iterable[Labels]) -> list[DetectedLabel]:
    """The labels of these streams, without those whose values are all numbers or UUIDs."""
    values: dict[str, set[str]] = {}
    for labels in series:
        for name, value in labels:
            values.setdefault(name, set()).add(value)
    return [
        DetectedLabel(name, len(found))
        for name, found in sorted(values.items())
        if name in _KEPT_LABELS or not all(_is_identifier(value) for value in found)
    ]


def value_type(value: str) -> FieldType:
    """The narrowest type that a value can be read as."""
    if _INT.fullmatch(value):
        return "int"
    if _FLOAT.fullmatch(value):
        return "float"
    if value in _BOOLEANS:
        return "boolean"
    if _DURATION.fullmatch(value):
        return "duration"
    if _BYTES.fullmatch(value):
        return "bytes"
    return "string"


def flatten_json(value: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Paths and texts of the scalars of an object, without nulls and arrays, as `| json` reads it."""
    for key, inner in value.items():
        path = (*above, key)
        match inner:
            case dict():
                yield from flatten_json(inner, path)
            case str():
                yield path, inner
            case bool():
                yield path, "true" if inner else "false"
            case int():
                yield path, str(inner)
            case _:
                pass


@lru_cache(maxsize=4096)
def label_name(path: tuple[str, ...]) -> str:
    """The label that `| json` gives the value at this path."""
    name = _NOT_IN_NAMES.sub("_", "_".join(path))
    return f"_{name}" if name[:1].isdigit() else name


def _add_line(fields: dict[str, DetectedField], entry: LogEntry) -> None:
    taken = {name for name, _ in entry.stream} | {name for name, _ in entry.metadata}
    found = _json_object(entry.line)
    if found is not None:
        for path, value in flatten_json(found):
            name = label_name(path)
            _field(fields, f"{name}_extracted" if name in taken else name).add(value, ("json",), path)
        return
    for match in _LOGFMT_PAIR.finditer(entry.line):
        key, value = match.groups()
        text = _unquote(value) if value.startswith('"') else value
        name = label_name((key,))
        if text:
            _field(fields, f"{name}_extracted" if name in taken else name).add(text, ("logfmt",))


def _json_object(line: str) -> dict[str, object] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = _JSON.decode(line)
    except (msgspec.DecodeError, RecursionError):  # broken, or too deep
        return None
    return value if isinstance(value, dict) else None


def _unquote(text: str) -> str:
    try:
        value = msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        return text[1:-1]
    return value


def _field(fields: dict[str, DetectedField], name: str) -> DetectedField:
    found = fields.get(name)
    if found is None:
        found = fields[name] = DetectedField(name)
    return found


def _common_type(known: FieldType | None, new: FieldType) -> FieldType:
    if known is None or known == new:
        return new
    return "float" if {known, new} == {"int", "float"} else "string"


def _is_identifier(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value) or _UUID.fullmatch(value))
