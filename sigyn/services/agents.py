"""Agents that told this server of themselves: what they read, and how far behind they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import msgspec

from sigyn.model.errors import TooManyRequests
from sigyn.model.time import HOUR

REMEMBERED = HOUR
"""ns after which an agent that tells nothing is forgotten."""

MOST = 1_000
"""Agents of a tenant."""


class AgentTarget(msgspec.Struct, frozen=True):
    """What an agent reads; `lag_seconds`: the age of the newest entry when it was taken, where that is known."""

    job: str
    type: str
    state: str
    labels: Mapping[str, str]
    path: str = ""
    files: int = 0
    unread_bytes: int = 0
    lag_seconds: float | None = None


class AgentReport(msgspec.Struct, frozen=True):
    """An agent as it tells of itself; `id` is the same after a restart. `started` is ns."""

    id: str
    host: str
    version: str
    started: int
    targets: Sequence[AgentTarget]
    buffered_bytes: int = 0
    buffered_batches: int = 0


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An agent, and when (ns) it was last heard of."""

    report: AgentReport
    heard: int


class AgentRegistry:
    """In memory: after a restart agents tell of themselves again within seconds. Safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, KnownAgent]] = {}
        self._lock = Lock()

    def put(self, tenant: str, report: AgentReport, now: int) -> None:
        """Takes a report at `now` (ns); raises TooManyRequests for more than MOST agents."""
        with self._lock:
            own = self._current(tenant, now)
            if report.id not in own and len(own) >= MOST:
                raise TooManyRequests(f"{MOST} agents tell of themselves already", retry_after=60)
            own[report.id] = KnownAgent(report, now)
            self._known[tenant] = own

    def of(self, tenant: str, now: int) -> list[KnownAgent]:
        """The tenant's agents that told of themselves within REMEMBERED, by host."""
        with self._lock:
            own = self._current(tenant, now)
        return sorted(own.values(), key=lambda agent: (agent.report.host, agent.report.id))

    def _current(self, tenant: str, now: int) -> dict[str, KnownAgent]:
        own = self._known.get(tenant, {})
        return {id: agent for id, agent in own.items() if now - agent.heard < REMEMBERED}
