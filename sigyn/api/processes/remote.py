"""What an ingest process has in place of a store: all that is counted or kept once is asked of the owner."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pyarrow as pa

from sigyn.api.processes.channel import Files
from sigyn.api.processes.messages import Demoted, LabelsSeen
from sigyn.api.processes.segment_files import SegmentMessage, as_files
from sigyn.model.batch import Batch
from sigyn.model.errors import SigynError, TooManyRequests, Unavailable
from sigyn.model.labels import Labels
from sigyn.services.demotion import demoted
from sigyn.services.label_watch import DemotionRules
from sigyn.services.quotas import Claim, Grant
from sigyn.store.encoding import batches_by_tenant, encode_batches, failures_of_batches
from sigyn.store.group_commit import GROUPS_IN_FLIGHT, GroupCommit

Ask = Callable[[Any, Files], Awaitable[Any]]
"""Asks the owner, giving files away; raises its SigynError, and Unavailable when it is gone."""

_SEEN_SECONDS = 60.0
_MOST_SEEN = 50_000


class RemoteStore:
    """Encodes batches, in groups, and has the owner store and commit them. Belongs to one event loop.

    pushes, refused, failed  pushes that were stored, refused for too much that waits, not stored
    """

    def __init__(self, ask: Ask, *, max_waiting_bytes: int, max_group_bytes: int) -> None:
        self._ask = ask
        self._encoders = ThreadPoolExecutor(GROUPS_IN_FLIGHT, "encode")
        self._group = GroupCommit(
            self._write, max_waiting_bytes=max_waiting_bytes, max_group_bytes=max_group_bytes, answered=self._count
        )
        self.pushes = self.refused = self.failed = 0

    async def append(self, batch: Batch) -> None:
        """As in EntrySink."""
        if not len(batch.entries):
            return
        try:
            await self._group.append(batch, int(batch.entries.nbytes))
        except TooManyRequests:
            self.refused += 1
            raise

    @property
    def waiting_bytes(self) -> int:
        """Bytes of entries that are not yet durable."""
        return self._group.bytes_held

    async def close(self) -> None:
        """Returns when what is under way is stored or has failed."""
        await self._group.flush()
        self._encoders.shutdown()

    def _count(self, failure: SigynError | None) -> None:
        if failure is None:
            self.pushes += 1
        elif not isinstance(failure, TooManyRequests):
            self.failed += 1

    async def _write(self, group: Sequence[Batch]) -> Mapping[int, SigynError]:
        by_tenant = batches_by_tenant(group)
        ended = await asyncio.gather(*(self._write_tenant(*each) for each in by_tenant.items()))
        failures = {tenant: failure for tenant, failure in zip(by_tenant, ended, strict=True) if failure is not None}
        return failures_of_batches(group, failures)

    async def _write_tenant(self, tenant: str, batches: Sequence[Batch]) -> SigynError | None:
        try:
            message, files = await asyncio.get_running_loop().run_in_executor(self._encoders, _encoded, tenant, batches)
            await self._ask(message, files)
        except SigynError as error:
            return error
        return None


def _encoded(tenant: str, batches: Sequence[Batch]) -> tuple[SegmentMessage, Files]:
    segment = encode_batches(tenant, batches)
    try:
        return as_files(segment)
    except OSError as error:
        raise Unavailable(f"there is no memory to hand a segment over: {error.strerror}") from None


class RemoteQuotas:
    """Claims at the owner."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def claim(self, claim: Claim) -> Grant:
        """As in Claims."""
        grant: Grant = await self._ask(claim, ())
        return grant


@dataclass(slots=True)
class _Seen:
    """Streams that the owner knows, since a moment of the monotonic clock."""

    since: float
    streams: set[Labels] = field(default_factory=set)


class RemoteDemotion:
    """Knows which labels are demoted, since the owner tells, and shows it the streams that it has not seen of late.

    Those of the last minute the owner has counted, so that most pushes ask nothing. Safe to use from several threads.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lock = Lock()
        self._demoted: dict[str, Demoted] = {}
        self._seen: dict[str, _Seen] = {}

    def learn(self, told: Demoted) -> None:
        """Takes what is demoted from now on."""
        self._demoted[told.tenant] = told

    def look(self, tenant: str, streams: Sequence[Labels], rules: DemotionRules) -> list[Labels]:
        """Streams to show to the owner, without what is settled; one without labels when only what is demoted is not
        known."""
        known = self._demoted.get(tenant)
        unseen: list[Labels] = []
        if rules.enabled:
            settled = {*rules.kept, *(known.ever if known is not None else ())}
            with self._lock:
                seen = self._seen_of(tenant)
                for labels in streams:
                    if settled:
                        labels = tuple(pair for pair in labels if pair[0] not in settled)
                    if labels not in seen:
                        unseen.append(labels)
        return unseen or ([()] if known is None else [])

    async def settle(self, tenant: str, found: Sequence[Labels]) -> int:
        """As in LabelDemotion."""
        count: int = await self._ask(LabelsSeen(tenant, tuple(dict.fromkeys(found))), ())
        with self._lock:
            self._seen_of(tenant).update(found)
        return count

    def apply(self, tenant: str, streams: tuple[Labels, ...], entries: pa.Table) -> tuple[tuple[Labels, ...], pa.Table]:
        """As in LabelDemotion."""
        known = self._demoted.get(tenant)
        return (streams, entries) if known is None else demoted(streams, entries, known.names)

    def _seen_of(self, tenant: str) -> set[Labels]:
        now = time.monotonic()
        seen = self._seen.get(tenant)
        if seen is None or now - seen.since > _SEEN_SECONDS or len(seen.streams) > _MOST_SEEN:
            self._seen = {other: each for other, each in self._seen.items() if now - each.since <= _SEEN_SECONDS}
            seen = self._seen[tenant] = _Seen(now)
        return seen.streams
