"""The running server as its operators see it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from sigyn.api.readiness import Readiness
from sigyn.api.services import PartStatus
from sigyn.services.demotion import Demotion
from sigyn.services.label_watch import DemotionRules
from sigyn.services.tail import TailHub
from sigyn.store.demoted import DemotedLabel
from sigyn.store.store import Store

_log = structlog.get_logger("sigyn.server")

RUNNING = "Running"
STOPPING = "Stopping"


@dataclass(slots=True)
class ServerOperations:
    """Operations over a store and what is built on it; `stopping` is set when the server shuts down."""

    store: Store
    tails: TailHub
    demotion: Demotion
    yaml: str
    limits_of: Callable[[str], str]
    demotion_of: Callable[[str], DemotionRules]
    otlp_grpc: bool
    stopping: bool = False
    readiness: Readiness = field(init=False)

    def __post_init__(self) -> None:
        self.readiness = Readiness(self.store.faults)

    async def not_ready(self) -> str | None:
        if self.stopping:
            return "the server is shutting down"
        return "\n".join(await self.readiness.faults()) or None

    def parts(self) -> Sequence[PartStatus]:
        state = STOPPING if self.stopping else RUNNING
        names = ("server", "store", "ingest", "query", "tail", "ruler", *(("otlp-grpc",) if self.otlp_grpc else ()))
        return [PartStatus(name, state) for name in names]

    def configuration(self) -> str:
        return self.yaml

    def limits(self, tenant: str) -> str:
        return self.limits_of(tenant)

    async def promote_label(self, tenant: str, name: str) -> DemotedLabel:
        label = await asyncio.to_thread(self.demotion.promote, tenant, name)
        _log.info("label promoted", tenant=tenant, label=name)
        return label

    async def demote_label(self, tenant: str, name: str) -> DemotedLabel:
        label = await asyncio.to_thread(self.demotion.demote_by_hand, tenant, name, self.demotion_of(tenant))
        _log.info("label demoted", tenant=tenant, label=name, reason=label.reason)
        return label

    async def flush(self) -> None:
        await self.store.flush()
