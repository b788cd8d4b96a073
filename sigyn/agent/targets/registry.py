"""Which targets a scrape config asks for, beside files."""

from collections.abc import Sequence
from typing import Protocol

from sigyn.agent.config.scrape import ScrapeConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.discovery.groups import TargetLabels
from sigyn.agent.positions import Positions
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.listener import Listener
from sigyn.agent.targets.moments import Moments


class Follower(Listener, Protocol):
    """A listener that reads what discovery finds."""

    def follow(self, source: str, targets: Sequence[tuple[TargetLabels, dict[str, str]]]) -> None: ...


def follower_of(
    scrape: ScrapeConfig, job: Job, moments: Moments, counters: AgentCounters, positions: Positions
) -> Follower | None:
    """What takes the discovered targets in place of the file reader."""
    return None


def listeners_of(
    scrape: ScrapeConfig, job: Job, moments: Moments, counters: AgentCounters, positions: Positions
) -> list[Listener]:
    """The listeners of a scrape config."""
    return []
