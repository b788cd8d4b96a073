"""Stages one after the other, themselves a stage."""

from collections.abc import Iterable, Sequence
from itertools import chain

from sigyn.agent.config.decoding import is_null, key_text, unknown_key
from sigyn.agent.config.document import Items, Node, Table
from sigyn.agent.config.stages import StageConfig
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages.kinds import KINDS
from sigyn.agent.stages.stage import Stage, StageContext
from sigyn.model.time import Clock


def read_stages(node: Node, path: str) -> tuple[StageConfig, ...]:
    """`pipeline_stages` as values. Raises ConfigurationError."""
    if is_null(node):
        return ()
    if not isinstance(node, Items):
        raise ConfigurationError(f"{path} has to be a list of stages", line=node.line)
    return tuple(_read_stage(each, f"{path}[{index}]") for index, each in enumerate(node.nodes))


def compile_stages(
    stages: Sequence[StageConfig], job_name: str, metrics: StageMetrics, clock: Clock, steady: Clock
) -> Stage:
    """Compile stages into one. Raises ConfigurationError."""

    def nested(node: Node, path: str) -> Stage:
        return compile_stages(read_stages(node, path), job_name, metrics, clock, steady)

    context = StageContext(job_name, metrics, clock, steady, nested)
    return link([_compile(stage, context) for stage in stages])


def link(stages: Sequence[Stage]) -> Stage:
    """The stages in a row; what one of them lets go of passes through the ones behind it."""
    runs = [stage.run for stage in stages]
    holders = [stage for stage in stages if stage.flush is not None]

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for step in runs:
            if not entries:
                break
            entries = step(entries)
        return entries

    def flush(now: int) -> list[AgentEntry]:
        entries: list[AgentEntry] = []
        for stage in stages:
            if entries:
                entries = stage.run(entries)
            if stage.flush is not None:
                entries = entries + stage.flush(now)
        return entries

    def held() -> Iterable[AgentEntry]:
        return chain.from_iterable(stage.held() for stage in holders)

    return Stage(run, flush, held) if holders else Stage(run)


def _read_stage(node: Node, path: str) -> StageConfig:
    if not isinstance(node, Table):
        raise ConfigurationError(
            "invalid YAML config, make sure each stage of your pipeline is a YAML object (must end with a `:`), "
            f"check {path}",
            line=node.line,
        )
    if len(node.entries) != 1:
        raise ConfigurationError(f"{path} has to be one stage: a map with one key", line=node.line)
    key, options = node.entries[0]
    name = key_text(key, path, True)
    if name not in KINDS:
        raise unknown_key(name, KINDS, f"{path}, which has to name a stage", key.line)
    return StageConfig(name, KINDS[name].read(options, f"{path}.{name}"), key.line)


def _compile(stage: StageConfig, context: StageContext) -> Stage:
    try:
        return KINDS[stage.name].compile(stage.options, context)
    except ConfigurationError as error:
        if error.line:
            raise
        raise ConfigurationError(f"invalid {stage.name} stage config: {error}", line=stage.line) from None
