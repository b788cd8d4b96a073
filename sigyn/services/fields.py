"""Which fields log lines have, of which types, and which labels are worth a click.

Logs Drilldown and Grafana's query builder ask for this. Names, types, parsers and the exclusion of
identifiers follow Loki's recorded answers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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

MOST_TEXT = 4 << 20
"""Characters that are looked at, about: 1,000 lines of 4 KiB, and fewer where they are longer. Below a second of work
for any of them: a line of 100 KB can have 8,000 fields."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_LOGFMT_PAIR = re.compile(r'(?<![^\s="])([^\s="]++)=("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s"]*+)(?=\s|$)')
"""Begins where a name can begin, so that a long word is read once and not from each of its letters."""


@dataclass(slots=True)
class DetectedField:
    """A field with what was seen of it; `json_path` is empty for fields that are not of JSON."""

    label: str
    values: dict[str, None] = field(default_factory=dict)
    parsers: list[str] = field(default_factory=list)
    json_path: tuple[str, ...] = ()

    @property
    def type(self) -> FieldType:
        """The type that all values have; whole and broken numbers together are floats."""
        common: FieldType | None = None
        for value in self.values:
            common = _common_type(common, value_type(value))
            if common == "string":  # which any other type makes a string, too
                break
        return common or "string"

    @property
    def cardinality(self) -> int:
        return len(self.values)

    def add(self, value: str, parser: str) -> None:
        """Notes one occurrence."""
        self.values[value] = None
        if parser not in self.parsers:
            self.parsers.append(parser)


@dataclass(frozen=True, slots=True)
class DetectedLabel:
    """A label and how many values it has."""

    label: str
    cardinality: int


def detect_fields(entries: Iterable[LogEntry], parsers: Sequence[str] = ()) -> dict[str, DetectedField]:
    """The fields of these entries by name: structured metadata, then what the lines hold.

    `parsers` names the parsers of the query; when it has some, the fields are those that they
    found, else each line is read as JSON, and failing that as logfmt. Entries beyond MOST_TEXT of
    lines, or of parsed values, are not looked at.
    """
    found = _Found()
    read = 0
    for entry in entries:
        if read >= MOST_TEXT:
            break
        for name, value in entry.metadata:
            found.field(name).values[value] = None
        if parsers:
            for name, value in entry.parsed:
                if not name.startswith("__"):
                    parsed = found.field(name)
                    parsed.values[value] = None
                    parsed.parsers = parsed.parsers or list(dict.fromkeys(parsers))
                read += len(value)
        else:
            read += len(entry.line)
            found.read_line(entry)
    return found.fields


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


def label_name(path: tuple[str, ...]) -> str:
    """The label that `| json` gives the value at this path."""
    name = _NOT_IN_NAMES.sub("_", "_".join(path))
    return f"_{name}" if name[:1].isdigit() else name


class _Found:
    """The fields so far, with the names of the paths that lines have: most have the same."""

    def __init__(self) -> None:
        self.fields: dict[str, DetectedField] = {}
        self._names: dict[tuple[str, ...], str] = {}

    def field(self, name: str) -> DetectedField:
        """The field of this name, which may be new."""
        found = self.fields.get(name)
        if found is None:
            found = self.fields[name] = DetectedField(name)
        return found

    def read_line(self, entry: LogEntry) -> None:
        """Adds the fields of a line of JSON, or of logfmt."""
        taken = {name for name, _ in entry.stream} | {name for name, _ in entry.metadata}
        line = entry.line
        value = _json_object(line)
        if value is not None:
            for path, text in flatten_json(value):
                of_path = self._of_line(path, taken)
                of_path.add(text, "json")
                of_path.json_path = of_path.json_path or path
        elif "=" in line:
            for match in _LOGFMT_PAIR.finditer(line):
                key, text = match.groups()
                text = _unquote(text) if text.startswith('"') else text
                if text:
                    self._of_line((key,), taken).add(text, "logfmt")

    def _of_line(self, path: tuple[str, ...], taken: set[str]) -> DetectedField:
        name = self._names.get(path)
        if name is None:
            name = self._names[path] = label_name(path)
        return self.field(f"{name}_extracted" if name in taken else name)


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


def _common_type(known: FieldType | None, new: FieldType) -> FieldType:
    if known is None or known == new:
        return new
    return "float" if {known, new} == {"int", "float"} else "string"


def _is_identifier(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value) or _UUID.fullmatch(value))
