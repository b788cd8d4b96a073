"""Log lines that an alert carries: `$logs` and `$traceIDs` of templates."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sigyn.languages.templates import Function, StringMap
from sigyn.languages.templates.times import Time
from sigyn.languages.templates.values import Native
from sigyn.model.results import LogEntry

LONGEST_LINE = 4096
"""Characters of a line that an alert carries; the rest is cut off."""

_TRACE_LABELS = ("trace_id", "traceID", "traceid", "traceId", "TraceID")
_TRACE_IN_LINE = re.compile(r"trace_?id\W{1,4}([0-9a-f]{16,32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.I)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line with its time in ns, its labels, and the trace that it belongs to, empty when it names none."""

    timestamp: int
    line: str
    labels: Mapping[str, str]
    trace_id: str = ""

    @classmethod
    def of(cls, entry: LogEntry) -> "LogLine":
        """What an alert carries of an entry."""
        labels = dict(entry.stream + entry.metadata + entry.parsed)
        found = next((labels[name] for name in _TRACE_LABELS if labels.get(name)), "")
        if not found:
            match = _TRACE_IN_LINE.search(entry.line)
            found = match[1] if match else ""
        line = entry.line if len(entry.line) <= LONGEST_LINE else entry.line[:LONGEST_LINE] + "…"
        return cls(entry.timestamp, line, dict(entry.stream), found)


def trace_ids(lines: Iterable[LogLine]) -> tuple[str, ...]:
    """The traces of these lines, each once, in their order."""
    return tuple(dict.fromkeys(line.trace_id for line in lines if line.trace_id))


class TemplateLines(Native, list[object]):
    """`$logs`: prints as the lines below each other; `range` gives each with .Line, .Time, .TraceID and .Labels."""

    type_name: ClassVar[str] = "template.Logs"
    methods: ClassVar[Mapping[str, Function]] = {}

    def __init__(self, lines: Sequence[LogLine]) -> None:
        super().__init__(
            {
                "Line": line.line,
                "Time": Time(line.timestamp),
                "TraceID": line.trace_id,
                "Labels": StringMap(line.labels),
            }
            for line in lines
        )
        self._text = "\n".join(line.line for line in lines)

    def go_string(self) -> str:
        """The lines alone."""
        return self._text


class TemplateTraces(Native, list[object]):
    """`$traceIDs`: prints with commas between them."""

    type_name: ClassVar[str] = "template.TraceIDs"
    methods: ClassVar[Mapping[str, Function]] = {}

    def go_string(self) -> str:
        """The ids in one line."""
        return ", ".join(map(str, self))
