"""`eventlogmessage`: the lines `Key: value` of a Windows event's message into the extracted data."""

import re
from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages.stage import Stage, StageContext, each, kind
from sigyn.agent.stages.values import to_text
from sigyn.model.labels import LABEL_NAME

_INVALID = re.compile(r"^[^a-zA-Z_]|[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class EventLogMessageOptions:
    """What happens to keys that exist already, and to keys that can't be label names."""

    source: str = "message"
    overwrite_existing: bool = False
    drop_invalid_labels: bool = False


def _compile(options: EventLogMessageOptions, _context: StageContext) -> Stage:
    source = options.source or "message"

    def change(entry: AgentEntry) -> None:
        text = to_text(entry.extracted.get(source))
        if text is None:
            return
        for line in text.split("\r\n"):
            key, colon, value = line.partition(":")
            if not colon or not key:
                continue
            if not LABEL_NAME.fullmatch(key):
                if options.drop_invalid_labels:
                    continue
                key = _INVALID.sub("_", key)
            if key in entry.extracted and not options.overwrite_existing:
                key += "_extracted"
            entry.extracted[key] = value.strip()

    return each(change)


KIND = kind("eventlogmessage", EventLogMessageOptions, _compile)
