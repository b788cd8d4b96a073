"""`match`: further stages for the entries that a selector selects, or their end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from sigyn.agent.config.decoding import Raw
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import Stage, StageContext, kind, required

_Matches: TypeAlias = Callable[[AgentEntry], bool]


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """`action` is `keep`, which runs the stages, or `drop`."""

    selector: str = ""
    stages: Raw | None = field(default=None)
    action: str = ""
    pipeline_name: str | None = None
    drop_counter_reason: str | None = None


def _compile(options: MatchOptions, context: StageContext) -> Stage:
    # Here and not above: LogQL's parser is a third of the agent's start, and brings Arrow.
    from sigyn.agent.stages.selector import compile_selector

    selector = required(options.selector, "selector statement required for match stage")
    matches = compile_selector(selector)
    if options.action not in ("", "keep", "drop"):
        raise ConfigurationError("match stage action should be 'keep' or 'drop'")
    has_stages = options.stages is not None and not options.stages.is_empty()
    if options.action == "drop":
        if has_stages:
            raise ConfigurationError("match stage configured to drop entries cannot contains stages")
        return _dropping(matches, options.drop_counter_reason or "match_stage", context)
    if options.stages is None or not has_stages:
        raise ConfigurationError("match stage requires at least one additional stage to be defined in '- stages'")
    return _nesting(matches, context.nested(options.stages.node, options.stages.path))


def _dropping(matches: _Matches, reason: str, context: StageContext) -> Stage:
    dropped = context.metrics.dropped_lines(reason)

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        kept = [entry for entry in entries if not matches(entry)]
        if len(kept) < len(entries):
            dropped(len(entries) - len(kept))
        return kept

    return Stage(run)


def _nesting(matches: _Matches, nested: Stage) -> Stage:
    inner = nested.run

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        result: list[AgentEntry] = []
        # Neighbours that match go through the stages together: the order stays.
        for selected, group in groupby(entries, matches):
            neighbours = list(group)
            result.extend(inner(neighbours) if selected else neighbours)
        return result

    return Stage(run, nested.flush, nested.held)


KIND = kind("match", MatchOptions, _compile)
