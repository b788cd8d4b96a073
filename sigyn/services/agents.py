"""Agents that told this server of themselves: what they read, and how far behind they are."""

from collections import Counter, OrderedDict
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

MOST_OF_ALL = 10_000
"""Agents of all tenants: whoever may name a tenant at will must not fill memory with them."""


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

    def __init__(self, most_of_all: int = MOST_OF_ALL) -> None:
        self._most = most_of_all
        self._known: OrderedDict[tuple[str, str], KnownAgent] = OrderedDict()  # by tenant and id, as they were heard
        self._counts: Counter[str] = Counter()  # by tenant
        self._lock = Lock()

    def put(self, tenant: str, report: AgentReport, now: int) -> None:
        """Takes a report at `now` (ns); raises TooManyRequests for more than MOST agents of a tenant.

        With more than MOST_OF_ALL, the one that was heard of the longest ago is forgotten.
        """
        key = (tenant, report.id)
        with self._lock:
            while self._known and now - next(iter(self._known.values())).heard >= REMEMBERED:
                self._forget_first()
            if key not in self._known:
                if self._counts[tenant] >= MOST:
                    raise TooManyRequests(f"{MOST} agents tell of themselves already", retry_after=60)
                self._counts[tenant] += 1
            self._known[key] = KnownAgent(report, now)
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._forget_first()

    def of(self, tenant: str, now: int) -> list[KnownAgent]:
        """The tenant's agents that told of themselves within REMEMBERED, by host."""
        with self._lock:
            known = list(self._known.items())
        own = [agent for (of, _), agent in known if of == tenant and now - agent.heard < REMEMBERED]
        return sorted(own, key=lambda agent: (agent.report.host, agent.report.id))

    def _forget_first(self) -> None:
        (tenant, _), _ = self._known.popitem(last=False)
        self._counts[tenant] -= 1
        if not self._counts[tenant]:
            del self._counts[tenant]
