"""`cri`: lines of Kubernetes' container runtimes, with partial lines joined.

A line is `time stream flags content`; the flag P says that the next line of the stream goes on.
"""

from dataclasses import dataclass

from sigyn.agent.config.units import Size
from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages.stage import Stage, StageContext, kind
from sigyn.agent.stages.timestamp_stage import TimestampOptions, compile_timestamp
from sigyn.agent.stages.values import byte_length

_STREAMS = frozenset(("stdout", "stderr"))


@dataclass(frozen=True, slots=True)
class CriOptions:
    """Bounds on what is kept of partial lines: how many, and with truncation how many bytes of each."""

    max_partial_lines: int = 100
    max_partial_line_size: Size = 0
    max_partial_line_size_truncate: bool = False


def _compile(options: CriOptions, context: StageContext) -> Stage:
    set_times = compile_timestamp(TimestampOptions(source="time", format="RFC3339Nano"), context).run
    most = options.max_partial_lines or 100
    size = options.max_partial_line_size if options.max_partial_line_size_truncate else 0
    partial: dict[frozenset[tuple[str, str]], AgentEntry] = {}

    def cut(line: str) -> str:
        if not size or byte_length(line) <= size:
            return line
        return line.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "surrogateescape")

    def join(entry: AgentEntry, flags: object, kept: list[AgentEntry]) -> None:
        key = frozenset(entry.labels.items())
        if flags == "P":
            if len(partial) >= most:
                kept.extend(partial.values())
                partial.clear()
            before = partial.get(key)
            if before is not None:
                entry.line = before.line + entry.line
            entry.line = cut(entry.line)
            partial[key] = entry
            return
        if partial:
            before = partial.pop(key, None)
            if before is not None:
                entry.line = cut(before.line + entry.line)
        kept.append(entry)

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        parsed: list[AgentEntry] = []
        for entry in entries:
            parts = entry.line.split(" ", 3)
            if len(parts) == 4 and parts[1] in _STREAMS and parts[0] and parts[2]:
                extracted = entry.extracted
                extracted["time"], extracted["stream"], extracted["flags"], extracted["content"] = parts
                entry.labels["stream"] = parts[1]
                entry.line = parts[3]
                parsed.append(entry)
        set_times(parsed)
        if len(parsed) == len(entries) and not partial and all(each.extracted["flags"] != "P" for each in parsed):
            return entries
        kept: list[AgentEntry] = []
        for entry in entries:
            join(entry, entry.extracted.get("flags"), kept)
        return kept

    return Stage(run, flush=lambda _now: [], held=partial.values)


KIND = kind("cri", CriOptions, _compile)
