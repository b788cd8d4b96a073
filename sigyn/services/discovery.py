"""What Loki finds out about entries at ingestion: the service that they are of, and their level.

Rules from Loki's documentation (limits_config: discover_service_name, discover_log_levels,
log_level_fields, log_level_from_json_max_depth) and from recorded answers.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sigyn.model.known_names import LEVEL_FIELDS, SERVICE_LABELS
from sigyn.model.labels import Labels

SERVICE_NAME = "service_name"
DETECTED_LEVEL = "detected_level"
UNKNOWN_SERVICE = "unknown_service"
SEVERITY_NUMBER = "severity_number"

LEVELS = ("unknown", "trace", "debug", "info", "warn", "error", "critical", "fatal")
UNKNOWN = LEVELS[0]
SPELLINGS = {
    "trace": "trace",
    "trc": "trace",
    "debug": "debug",
    "dbg": "debug",
    "info": "info",
    "inf": "info",
    "information": "info",
    "warn": "warn",
    "wrn": "warn",
    "warning": "warn",
    "error": "error",
    "err": "error",
    "critical": "critical",
    "fatal": "fatal",
}
"""How a level field may spell a level, whatever the case."""

WORDS = ("trace", "debug", "info", "warn", "warning", "error", "err", "critical", "fatal")
"""Words that give the level away in a line without a level field."""

BEFORE_WORD = " \t\n\r\"'([{<=,;|"
AFTER_WORD = " \t\n\r\"')]}>:=,;|"
"""What may stand beside such a word, besides the ends of the line."""

_SEVERITY = re.compile(r"[0-9]{1,9}")
_JSON_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)(?:"([ \t\r\n]*:)?|\\?\Z)|[{}\[\]]', re.DOTALL)
_JSON_STRING = re.compile(rb'[ \t\r\n]*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_LOGFMT_PAIR = re.compile(
    rb"""([^\x00-\x20=]+)(?:=(?:"((?:[^"\\]|\\.)*)"|"(?:[^"\\]|\\.)*\\?\Z|([^\x00-\x20]*)))?|=""", re.DOTALL
)
_WORD = re.compile(
    rf"(?<![^{re.escape(BEFORE_WORD)}])(?:{'|'.join(WORDS)})(?![^{re.escape(AFTER_WORD)}])".encode(), re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class LevelRules:
    """How levels are found, with Loki's names and defaults: `fields` is log_level_fields,
    `json_depth` log_level_from_json_max_depth (0: however deep)."""

    fields: tuple[str, ...] = LEVEL_FIELDS
    json_depth: int = 2


def with_service_name(labels: Labels, candidates: Iterable[str] = SERVICE_LABELS) -> Labels:
    """`labels` with a `service_name`: its own, else that of the first candidate that it has."""
    names = dict(labels)
    if SERVICE_NAME in names:
        return labels
    service = next((names[name] for name in candidates if name in names), UNKNOWN_SERVICE)
    return tuple(sorted((*labels, (SERVICE_NAME, service))))


def level_from_fields(values: Mapping[str, str], rules: LevelRules) -> str | None:
    """The level that labels or structured metadata say: of the first level field that is there.

    A spelling of a known level gives the level; any other value (`audit`) is taken as it is.
    """
    for field in rules.fields:
        value = values.get(field) or values.get(field.replace(".", "_"))
        if value:
            return SPELLINGS.get(value.lower(), value)
    return None


def level_from_metadata(values: Mapping[str, str], rules: LevelRules) -> str | None:
    """The level that structured metadata say by a level field or by OpenTelemetry's severity number."""
    level = level_from_fields(values, rules)
    if level is None and SEVERITY_NUMBER in values:
        return level_of_severity(values[SEVERITY_NUMBER])
    return level


def level_of_severity(number: str) -> str | None:
    """The level of an OpenTelemetry severity number, 1 to 24; None for anything else."""
    if not _SEVERITY.fullmatch(number) or not 1 <= int(number) <= 24:
        return None
    return ("trace", "debug", "info", "warn", "error", "fatal")[(int(number) - 1) // 4]


def level_from_line(line: str, rules: LevelRules) -> str:
    """The level that a line gives away: a level field of JSON or logfmt, else a word; else unknown.

    JSON is what begins with a brace, whole or broken. Of several level fields the first counts that
    spells a level, of several words the first.
    """
    text = line.encode()
    fields = _encoded(rules.fields)
    if text.lstrip(b" \t\r\n")[:1] == b"{":
        level = _level_from_json(text, fields, rules.json_depth)
    else:
        level = _level_from_logfmt(text, fields)
    if level is None and (match := _WORD.search(text)):
        level = SPELLINGS[match[0].lower().decode()]
    return level or UNKNOWN


def detect_level(labels: Labels, metadata: Mapping[str, str], line: str, rules: LevelRules) -> str:
    """The level of an entry, the reference for `detect_levels`.

    In this order: a `detected_level` that the client sent, a label, structured metadata, the line.
    """
    sent = metadata.get(DETECTED_LEVEL)
    if sent:
        return SPELLINGS.get(sent.lower(), sent)
    return (
        level_from_fields(dict(labels), rules) or level_from_metadata(metadata, rules) or level_from_line(line, rules)
    )


@lru_cache(maxsize=64)
def _encoded(fields: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(field.encode() for field in fields if field)


def _level_from_json(text: bytes, fields: frozenset[bytes], max_depth: int) -> str | None:
    depth = array_depth = 0
    for token in _JSON_TOKEN.finditer(text):
        mark = token[0][:1]
        if mark in b"{[":
            depth += 1
            if mark == b"[" and not array_depth:
                array_depth = depth
        elif mark in b"}]":
            if depth == array_depth:
                array_depth = 0
            depth -= 1
            if depth <= 0:
                break
        elif token[2] and not array_depth and (depth <= max_depth or max_depth <= 0) and token[1] in fields:
            value = _JSON_STRING.match(text, token.end())
            if value and (level := _spelled(value[1])):
                return level
    return None


def _level_from_logfmt(text: bytes, fields: frozenset[bytes]) -> str | None:
    for pair in _LOGFMT_PAIR.finditer(text):
        if pair[1] in fields and (level := _spelled(pair[2] or pair[3] or b"")):
            return level
    return None


def _spelled(value: bytes) -> str | None:
    return SPELLINGS.get(value.lower().decode("utf-8", "replace"))
