"""The severity of a line, for its colour."""

import re

from sigyn.model.results import LogEntry

_STYLES = {
    "trace": "dim",
    "debug": "blue",
    "info": "green",
    "warn": "yellow",
    "error": "red",
    "critical": "bold red",
    "fatal": "bold red",
}
_ALIASES = {
    "warning": "warn",
    "err": "error",
    "crit": "critical",
    "emerg": "fatal",
    "panic": "fatal",
    "information": "info",
    "notice": "info",
}
_LABELS = ("detected_level", "level", "severity", "lvl")
_IN_LINE = re.compile(r"\b(trace|debug|info|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|panic)\b", re.IGNORECASE)
_HEAD = 256  # characters in which a level usually stands; beyond, the word is probably part of a message


def style_of(entry: LogEntry) -> str:
    """The style for an entry's level; plain when it has none."""
    labels = dict(entry.stream + entry.metadata + entry.parsed)
    for name in _LABELS:
        style = _style(labels.get(name, ""))
        if style:
            return style
    found = _IN_LINE.search(entry.line, 0, _HEAD)
    return _style(found[1]) if found else ""


def _style(level: str) -> str:
    word = level.lower()
    return _STYLES.get(_ALIASES.get(word, word), "")
