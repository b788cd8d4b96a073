"""Pushes: validated, looked into, made durable.

decoded push -> limits -> service_name, detected_level -> store -> tails
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import BadRequest, TooManyRequests, UnprocessableRequest
from sigyn.model.time import SECOND, Clock, system_clock
from sigyn.services.admission import Admitted, Refusals, admit
from sigyn.services.detection import LEVEL_LOOPS, detect_levels, without_detected_level
from sigyn.services.discovery import LevelRules
from sigyn.services.push_limits import PushLimits
from sigyn.wire.kernels import METADATA_LOOPS, PROTOBUF_LOOPS
from sigyn.wire.push import DecodedPush

_IN_THREAD_FROM_BYTES = 256 << 10  # about 1 ms of work, which the event loop can bear


class EntrySink(Protocol):
    """Where entries become durable: the store."""

    async def append(self, batch: Batch) -> None:
        """Returns once the batch is durable; raises Unavailable or TooManyRequests with nothing kept."""


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """What became of a push: entries and bytes of line text that are stored, and what was refused."""

    entries: int
    bytes: int
    refusals: Refusals


class PushRefused(BadRequest):
    """Part of a push, or all of it, was refused; the rest is stored, as `outcome` says."""

    def __init__(self, message: str, outcome: PushOutcome) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(slots=True)
class PushCounters:
    """What came in, by tenant, and what was refused, by tenant and reason. Bytes are of line text
    and structured metadata."""

    lines: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    metadata_bytes: Counter[str] = field(default_factory=Counter)
    discarded_lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    discarded_bytes: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: int


class IngestService:
    """Takes in pushes of all tenants; `limits` gives those of one."""

    def __init__(
        self, store: EntrySink, limits: Callable[[str], PushLimits] | None = None, clock: Clock = system_clock
    ) -> None:
        default = PushLimits()
        self.counters = PushCounters()
        self._store = store
        self._limits = limits or (lambda _tenant: default)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._listeners: list[Callable[[Batch], None]] = []

    def subscribe(self, listener: Callable[[Batch], None]) -> Callable[[], None]:
        """Calls `listener` with every batch once it is durable; gives the function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def push(self, tenant: str, decoded: DecodedPush) -> PushOutcome:
        """Stores the entries of a push and returns when they are durable.

        Entries beyond the limits are dropped and the rest is stored all the same; PushRefused then
        says what was wrong, in Loki's words. Raises UnprocessableRequest for a push without
        streams, TooManyRequests past the rate limit, and what the store raises, with nothing stored.
        """
        if not decoded.stream_count:
            raise UnprocessableRequest("error at least one valid stream is required for ingestion")
        limits = self._limits(tenant)
        if decoded.entries.nbytes >= _IN_THREAD_FROM_BYTES:
            batch, refusals = await asyncio.to_thread(self._prepare, tenant, decoded, limits)
        else:
            batch, refusals = self._prepare(tenant, decoded, limits)
        self._count(tenant, decoded, refusals)
        size = _text_bytes(batch.entries)
        if len(batch.entries):
            self._take_from_bucket(tenant, limits, len(batch.entries), size)
            await self._store.append(batch)
            for listener in list(self._listeners):
                listener(batch)
        outcome = PushOutcome(len(batch.entries), size, refusals)
        if refusals.by_reason:
            raise PushRefused(refusals.message(), outcome)
        return outcome

    def _prepare(self, tenant: str, decoded: DecodedPush, limits: PushLimits) -> tuple[Batch, Refusals]:
        admitted, refusals = admit(decoded, limits, self._clock())
        return Batch(tenant, admitted.streams, _with_levels(admitted, limits)), refusals

    def _count(self, tenant: str, decoded: DecodedPush, refusals: Refusals) -> None:
        counters = self.counters
        metadata = pc.sum(pc.binary_length(decoded.entries["metadata"])).as_py() or 0
        counters.lines[tenant] += len(decoded.entries) + sum(refused.entries for refused in decoded.refused)
        counters.bytes[tenant] += _text_bytes(decoded.entries) + sum(refused.bytes for refused in decoded.refused)
        counters.metadata_bytes[tenant] += metadata
        for reason, refusal in refusals.by_reason.items():
            counters.discarded_lines[tenant, reason] += refusal.entries
            counters.discarded_bytes[tenant, reason] += refusal.bytes

    def _take_from_bucket(self, tenant: str, limits: PushLimits, lines: int, size: int) -> None:
        """Loki's rate limit: `ingestion_rate` bytes a second, with bursts of `ingestion_burst_size`."""
        rate = limits.ingestion_rate
        if not rate:
            return
        burst = max(limits.ingestion_burst_size, rate)
        now = self._clock()
        bucket = self._buckets.setdefault(tenant, _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled) / SECOND * rate)
        bucket.filled = now
        if bucket.tokens < size:
            self.counters.discarded_lines[tenant, "rate_limited"] += lines
            self.counters.discarded_bytes[tenant, "rate_limited"] += size
            raise TooManyRequests(
                f"ingestion rate limit exceeded for user {tenant} (limit: {rate} bytes/sec) while attempting to ingest"
                f" '{lines}' lines totaling '{size}' bytes, reduce log volume or contact your Loki administrator to"
                " see if the limit can be increased",
                retry_after=max((min(size, burst) - bucket.tokens) / rate, 1.0),
            )
        bucket.tokens -= size


def warm() -> None:
    """Compiles what large pushes need, ahead of the first one: 140 MB of memory, and seconds the
    first time on a machine. Call it in a thread; without it the first large pushes are slower."""
    for loops in (PROTOBUF_LOOPS, METADATA_LOOPS, LEVEL_LOOPS):
        loops.warm()


def _with_levels(admitted: Admitted, limits: PushLimits) -> pa.Table:
    entries = admitted.entries
    metadata = entries["metadata"]
    levels = pa.nulls(len(entries), pa.string())
    if limits.discover_log_levels:
        rules = LevelRules(limits.log_level_fields, limits.log_level_from_json_max_depth)
        levels = detect_levels(admitted.streams, entries["stream"].to_numpy(), entries["line"], metadata, rules)
        metadata = without_detected_level(metadata)
    return pa.Table.from_arrays(
        [entries["stream"], entries["timestamp"], entries["line"], levels, metadata], schema=ENTRY_SCHEMA
    )


def _text_bytes(entries: pa.Table) -> int:
    return int(pc.sum(pc.binary_length(entries["line"])).as_py() or 0)
