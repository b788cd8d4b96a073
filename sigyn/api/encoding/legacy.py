"""Entries as Loki's API before 1.0 wrote them: labels as text, times as RFC 3339."""

from collections.abc import Sequence

from sigyn.api.encoding.streams import merge_labels
from sigyn.model.labels import Labels, format_labels
from sigyn.model.results import LogEntry
from sigyn.model.rfc3339 import format_rfc3339_nano


def legacy_streams(entries: Sequence[LogEntry]) -> list[dict[str, object]]:
    """`[{"labels": "{a=\\"b\\"}", "entries": [{"ts": ..., "line": ...}]}]`."""
    groups: dict[Labels, list[dict[str, str]]] = {}
    for entry in entries:
        groups.setdefault(merge_labels(entry), []).append(
            {"ts": format_rfc3339_nano(entry.timestamp), "line": entry.line}
        )
    return [{"labels": format_labels(labels), "entries": group} for labels, group in groups.items()]
