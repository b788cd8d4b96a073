"""`docker`: lines of Docker's json-file driver."""

from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.stages import json_stage, labels_stage, output_stage, timestamp_stage
from sigyn.agent.stages.stage import Run, Stage, StageContext, kind


@dataclass(frozen=True, slots=True)
class DockerOptions:
    """There are none."""


def _compile(_options: DockerOptions, context: StageContext) -> Stage:
    fields = {"output": "log", "stream": "stream", "timestamp": "time"}
    runs: tuple[Run, ...] = (
        json_stage.compile_json(json_stage.JsonOptions(expressions=fields), context).run,
        labels_stage.compile_labels({"stream": None}, context).run,
        timestamp_stage.compile_timestamp(
            timestamp_stage.TimestampOptions(source="timestamp", format="RFC3339Nano"), context
        ).run,
        output_stage.compile_output(output_stage.OutputOptions(source="output"), context).run,
    )

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for step in runs:
            entries = step(entries)
        return entries

    return Stage(run)


KIND = kind("docker", DockerOptions, _compile)
