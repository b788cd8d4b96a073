"""What the owner of the store does for ingest processes: stores their segments, grants, demotes and counts."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sigyn.api.ops.metrics import Metrics
from sigyn.api.processes.channel import Files
from sigyn.api.processes.messages import Demoted, LabelsSeen, Report
from sigyn.api.processes.segment_files import SegmentMessage, batch_of, from_files
from sigyn.api.tenant_settings import SettingsByTenant
from sigyn.model.errors import Unavailable
from sigyn.services.demotion import Demotion
from sigyn.services.ingest import IngestService
from sigyn.services.quotas import IN_THREAD_FROM_STREAMS, Claim, Quotas
from sigyn.store.store import Store


@dataclass(frozen=True, slots=True)
class Owner:
    """The parts of the owner that answer ingest processes. Belongs to its event loop."""

    store: Store
    ingest: IngestService
    demotion: Demotion
    quotas: Quotas
    tenants: SettingsByTenant
    metrics: Metrics

    async def answer(self, question: Any, files: Files) -> Any:
        """The answer to a SegmentMessage, a Claim or LabelsSeen. Raises what the store raises."""
        match question:
            case SegmentMessage():
                await self._store(question, files)
                return None
            case Claim():
                return await self.quotas.claim(question)
            case LabelsSeen():
                return await self._demote(question)
        raise TypeError(f"no ingest process asks for {type(question).__name__}")

    def demoted(self, tenant: str) -> Demoted:
        """What is demoted of a tenant."""
        labels = self.store.demoted
        return Demoted(tenant, labels.names(tenant), labels.ever(tenant))

    def count(self, report: Report) -> None:
        """Counts what an ingest process did."""
        self.ingest.counters.add(report.counters)
        for ended in report.ended:
            self.metrics.count_request(ended.method, ended.route, ended.status, ended.seconds)
        store = self.store.metrics
        store.pushes += report.pushes
        store.pushes_refused += report.refused
        store.pushes_failed += report.failed

    async def _store(self, message: SegmentMessage, files: Files) -> None:
        try:
            segment = from_files(message, files)
        except OSError as error:
            raise Unavailable(f"a segment could not be taken over: {error.strerror}") from None
        await self.store.append_segment(segment)
        self.ingest.tell(batch_of(segment))

    async def _demote(self, seen: LabelsSeen) -> int:
        rules = self.tenants.push(seen.tenant).demotion
        if len(seen.streams) < IN_THREAD_FROM_STREAMS:
            found = self.demotion.look(seen.tenant, seen.streams, rules)
        else:
            found = await asyncio.to_thread(self.demotion.look, seen.tenant, seen.streams, rules)
        return await self.demotion.settle(seen.tenant, found) if found else 0
