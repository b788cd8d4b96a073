"""Pushes: validated, looked into, made durable.

decoded push -> redaction -> limits -> service_name, detected_level -> demoted labels -> stream limit -> store -> tails
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, ParamSpec, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import BadRequest, TooLarge, TooManyRequests, UnprocessableRequest
from sigyn.model.labels import Labels
from sigyn.model.time import Clock, system_clock
from sigyn.services.active_streams import STREAM_LIMIT
from sigyn.services.admission import Admitted, Refusals, admit
from sigyn.services.demotion import LabelDemotion
from sigyn.services.detection import LEVEL_LOOPS, detect_levels, without_detected_level
from sigyn.services.discovery import LevelRules
from sigyn.services.push_counters import push_counters
from sigyn.services.push_limits import PushLimits
from sigyn.services.push_policies import BLOCKED, POLICY_BLOCKED, SILENT
from sigyn.services.quotas import (
    IN_THREAD_FROM_STREAMS,
    Claims,
    Grant,
    Quotas,
    claim_of,
    entry_sizes,
    granted,
    quota_of,
)
from sigyn.services.redaction import RedactionRules, redacted
from sigyn.services.refusal_watch import RefusalWatch
from sigyn.services.stream_rates import PER_STREAM_RATE_LIMIT
from sigyn.services.time_unit_watch import TimeUnitWatch
from sigyn.wire.kernels import METADATA_LOOPS, PROTOBUF_LOOPS
from sigyn.wire.push import DecodedPush

Arguments = ParamSpec("Arguments")
Outcome = TypeVar("Outcome")

_TRY_AGAIN = frozenset({STREAM_LIMIT, PER_STREAM_RATE_LIMIT})
_BLOCKED = frozenset({BLOCKED, POLICY_BLOCKED})
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


class StreamsRefused(PushRefused):
    """Some streams of a push were refused: the tenant has as many as it may have, or they brought too much."""

    status = 429


class PushOverBurst(TooLarge):
    """A push brings more than its tenant may bring at once; nothing is stored, and trying again is of no use."""

    status = 429


class PushBlocked(PushRefused):
    """A push, or all of it that was refused, is blocked for a time."""

    def __init__(self, message: str, outcome: PushOutcome, status: int) -> None:
        super().__init__(message, outcome)
        self.status = status


class IngestService:
    """Takes in pushes of all tenants; `limits` gives those of one.

    Without a `demotion`, labels stay with the streams; without `quotas`, it has some of its own.
    """

    def __init__(
        self,
        store: EntrySink,
        limits: Callable[[str], PushLimits] | None = None,
        clock: Clock = system_clock,
        demotion: LabelDemotion[Any] | None = None,
        quotas: Claims | None = None,
    ) -> None:
        default = PushLimits()
        self.counters = push_counters()
        self._store = store
        self._limits = limits or (lambda _tenant: default)
        self._clock = clock
        self._demotion = demotion
        self._quotas = quotas or Quotas(clock)
        self._time_units = TimeUnitWatch(clock)
        self._refusals = RefusalWatch(clock)
        self._listeners: list[Callable[[Batch], None]] = []

    def subscribe(self, listener: Callable[[Batch], None]) -> Callable[[], None]:
        """Calls `listener` with every batch once it is durable; gives the function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, batch: Batch) -> None:
        """Tells those who subscribed of a batch that is durable."""
        for listener in list(self._listeners):
            listener(batch)

    async def push(self, tenant: str, decoded: DecodedPush) -> PushOutcome:
        """Stores the entries of a push and returns when they are durable.

        Entries beyond the limits are dropped and the rest is stored all the same; PushRefused then
        says what was wrong, in Loki's words. Raises UnprocessableRequest for a push without
        streams, TooManyRequests past the rate limit, and what the store raises, with nothing stored.
        """
        if not decoded.stream_count:
            raise UnprocessableRequest("error at least one valid stream is required for ingestion")
        limits = self._limits(tenant)
        if self._clock() < limits.policies.blocked_until:
            return self._blocked(tenant, decoded, limits)
        large = decoded.entries.nbytes >= _IN_THREAD_FROM_BYTES or decoded.stream_count >= IN_THREAD_FROM_STREAMS
        run = asyncio.to_thread if large else _at_once
        if limits.redaction:
            decoded, hidden = await run(redacted, decoded, limits.redaction)
            for rule, count in hidden.items():
                self.counters.of(tenant).redacted[rule] += count
        admitted, refusals, found = await run(self._admit, tenant, decoded, limits)
        if self._demotion is not None and found:
            labels = await self._demotion.settle(tenant, found)
            self.counters.of(tenant).demoted_labels += labels
        streams, entries = await run(self._entries, tenant, admitted, limits)
        quota, grant = quota_of(limits), Grant()
        if quota and len(entries):
            # Of entries as they came: labels that were demoted are not in Loki's count.
            sizes = await run(entry_sizes, admitted.entries)
            claim = await run(claim_of, tenant, streams, entries, sizes, quota)
            grant = await self._quotas.claim(claim)
            entries = granted(claim, grant, entries, refusals)
            if grant.wait:
                self._count(tenant, decoded, refusals, limits.redaction)
                self._refuse_for_rate(tenant, grant, *claim.without(grant.refused))
        self._count(tenant, decoded, refusals, limits.redaction)
        size = _text_bytes(entries)
        if len(entries):
            batch = Batch(tenant, streams, entries)
            await self._store.append(batch)
            if mistaken := self._time_units.look(batch):
                self.counters.of(tenant).mistaken_times += mistaken
            self.tell(batch)
        outcome = PushOutcome(len(entries), size, refusals)
        _tell(outcome, limits.policies.blocked_status)
        return outcome

    def _blocked(self, tenant: str, decoded: DecodedPush, limits: PushLimits) -> PushOutcome:
        """Refuses all of a push."""
        policies, refusals = limits.policies, Refusals()
        entries = len(decoded.entries) + sum(refused.entries for refused in decoded.refused)
        size = _text_bytes(decoded.entries) + sum(refused.bytes for refused in decoded.refused)
        refusals.add(BLOCKED, policies.blocked_text(tenant), entries, size)
        self._count(tenant, decoded, refusals, limits.redaction)
        outcome = PushOutcome(0, 0, refusals)
        _tell(outcome, policies.blocked_status)
        return outcome

    def _admit(self, tenant: str, decoded: DecodedPush, limits: PushLimits) -> tuple[Admitted, Refusals, list[Any]]:
        """What keeps to the limits, what was refused, and what to settle of labels before the rest is stored."""
        admitted, refusals = admit(tenant, decoded, limits, self._clock())
        if self._demotion is None:
            return admitted, refusals, []
        return admitted, refusals, self._demotion.look(tenant, admitted.streams, limits.demotion)

    def _entries(self, tenant: str, admitted: Admitted, limits: PushLimits) -> tuple[tuple[Labels, ...], pa.Table]:
        """What is going to be stored, as far as the quota grants it: streams and entries."""
        streams, entries = admitted.streams, _with_levels(admitted, limits)
        return (streams, entries) if self._demotion is None else self._demotion.apply(tenant, streams, entries)

    def _count(self, tenant: str, decoded: DecodedPush, refusals: Refusals, rules: RedactionRules) -> None:
        counters = self.counters.of(tenant)
        metadata = pc.sum(pc.binary_length(decoded.entries["metadata"])).as_py() or 0
        counters.lines += len(decoded.entries) + sum(refused.entries for refused in decoded.refused)
        counters.bytes += _text_bytes(decoded.entries) + sum(refused.bytes for refused in decoded.refused)
        counters.metadata_bytes += metadata
        for reason, refusal in refusals.by_reason.items():
            counters.discarded_lines[reason] += refusal.entries
            counters.discarded_bytes[reason] += refusal.bytes
        self._refusals.look(tenant, refusals, rules)

    def _refuse_for_rate(self, tenant: str, grant: Grant, lines: int, size: int) -> NoReturn:
        """Loki's rate limit, in bytes of lines and structured metadata, and one in lines."""
        counters = self.counters.of(tenant)
        counters.discarded_lines["rate_limited"] += lines
        counters.discarded_bytes["rate_limited"] += size
        message = (
            f"ingestion rate limit exceeded for user {tenant} (limit: {grant.limit}) while attempting to ingest"
            f" '{lines}' lines totaling '{size}' bytes, reduce log volume or contact your Loki administrator to"
            " see if the limit can be increased"
        )
        self._refusals.tell(tenant, "rate_limited", message, lines)
        if grant.most:
            raise PushOverBurst(f"{message}; a push may have {grant.most} at most, however long its sender waits")
        raise TooManyRequests(message, retry_after=grant.wait)


def _tell(outcome: PushOutcome, blocked_status: int) -> None:
    """Raises PushRefused when anything was refused that its sender may hear of."""
    refusals = outcome.refusals
    blocked = refusals.by_reason.keys() & _BLOCKED
    if blocked and blocked_status == SILENT:
        refusals = Refusals({reason: each for reason, each in refusals.by_reason.items() if reason not in blocked})
    elif blocked and len(blocked) == len(refusals.by_reason):
        raise PushBlocked(refusals.message(), outcome, blocked_status)
    if refusals.by_reason:
        refused = PushRefused if _TRY_AGAIN.isdisjoint(refusals.by_reason) else StreamsRefused
        raise refused(refusals.message(), outcome)


def warm() -> None:
    """Compiles what large pushes need, ahead of the first one: 140 MB of memory, and seconds the
    first time on a machine. Call it in a thread; without it the first large pushes are slower."""
    for loops in (PROTOBUF_LOOPS, METADATA_LOOPS, LEVEL_LOOPS):
        loops.warm()


async def _at_once(work: Callable[Arguments, Outcome], /, *args: Arguments.args, **names: Arguments.kwargs) -> Outcome:
    """What `asyncio.to_thread` does, for work that is shorter than the way to a thread."""
    return work(*args, **names)


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
