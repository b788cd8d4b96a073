"""A stage as the configuration names it; what it does is in sigyn/agent/stages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageConfig:
    """The name of a stage, its options (a dataclass of the stage's module), and the line where it stands."""

    name: str
    options: object
    line: int = 0
