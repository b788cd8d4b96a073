"""The severity of an entry, for its colour."""

from sigyn.model.results import LogEntry
from sigyn.services.discovery import DETECTED_LEVEL, SPELLINGS, LevelRules, level_from_line

_STYLES = {
    "trace": "dim",
    "debug": "blue",
    "info": "green",
    "warn": "yellow",
    "error": "red",
    "critical": "bold red",
    "fatal": "bold red",
}
_LABELS = (DETECTED_LEVEL, "level", "severity")
_RULES = LevelRules()


def style_of(entry: LogEntry) -> str:
    """The style for an entry's level; plain when it has none."""
    labels = dict(entry.stream + entry.metadata + entry.parsed)
    for name in _LABELS:
        level = labels.get(name, "").lower()
        style = _STYLES.get(SPELLINGS.get(level, level))
        if style:
            return style
    return _STYLES.get(level_from_line(entry.line, _RULES), "")
