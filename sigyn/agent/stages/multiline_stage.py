"""`multiline`: joins lines that belong together, such as stack traces."""

from dataclasses import dataclass

from sigyn.agent.config.units import Duration
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import compile_expression
from sigyn.agent.stages.stage import NEVER, Stage, StageContext, kind, required
from sigyn.model.time import SECOND

_STREAMS = 10_000
"""Streams whose last block is remembered: files come and go, and of each its first line would stay."""


@dataclass(frozen=True, slots=True)
class MultilineOptions:
    """A block begins with a line that `firstline` matches; `line_start_pattern` is another name for it."""

    firstline: str = ""
    line_start_pattern: str = ""
    max_wait_time: Duration | None = None
    max_lines: int | None = None


class _Block:
    """The lines of one stream that wait for their block to be complete."""

    __slots__ = ("due", "first", "last", "lines")

    def __init__(self, first: AgentEntry) -> None:
        self.first = first
        self.last = first
        self.lines: list[str] = []
        self.due = NEVER

    def release(self) -> AgentEntry:
        """The block as one entry: everything but the text is from its first line."""
        first = self.first
        entry = AgentEntry(
            first.labels.copy(), first.timestamp, "\n".join(self.lines), {}, first.extracted.copy(), self.last.origin
        )
        self.lines.clear()
        self.due = NEVER
        return entry


def _compile(options: MultilineOptions, context: StageContext) -> Stage:
    if options.firstline and options.line_start_pattern:
        raise ConfigurationError("`firstline` and `line_start_pattern` are the same; give one of them")
    pattern = options.firstline or options.line_start_pattern
    begins = compile_expression(
        required(pattern, "multiline stage config must define `firstline` regular expression")
    ).matches
    wait = 3 * SECOND if options.max_wait_time is None else options.max_wait_time
    most = 128 if options.max_lines is None else options.max_lines
    blocks: dict[frozenset[tuple[str, str]], _Block] = {}
    clock = context.steady

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        due = clock() + wait
        ready: list[AgentEntry] = []
        for entry in entries:
            key = frozenset(entry.labels.items())
            block = blocks.get(key)
            if begins(entry.line):
                if block is not None and block.lines:
                    ready.append(block.release())
                block = blocks[key] = _Block(entry)
            elif block is None:
                ready.append(entry)  # nothing has begun yet
                continue
            block.lines.append(entry.line)
            block.last = entry
            block.due = due
            if len(block.lines) >= most:
                ready.append(block.release())
        if len(blocks) > _STREAMS:
            done = [key for key, block in blocks.items() if not block.lines]
            for key in done[: len(blocks) - _STREAMS]:
                del blocks[key]
        return ready

    def flush(now: int) -> list[AgentEntry]:
        ready = [block.release() for block in blocks.values() if block.lines and block.due <= now]
        if now >= NEVER:
            blocks.clear()
        return ready

    return Stage(run, flush, lambda: [block.first for block in blocks.values() if block.lines])


KIND = kind("multiline", MultilineOptions, _compile)
