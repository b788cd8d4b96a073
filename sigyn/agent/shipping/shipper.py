"""From entries to servers: batches, the buffer, clients, and positions when all of them have a batch."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from sigyn.agent.config.clients import ClientConfig
from sigyn.agent.config.process import LimitsConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.positions import Changes, Positions, write_atomically
from sigyn.agent.shipping.backlog import Backlog, Cursors
from sigyn.agent.shipping.batch import OpenBatch, variant_of
from sigyn.agent.shipping.buffer import SEGMENT_BYTES, DiskBuffer
from sigyn.agent.shipping.client import PushClient
from sigyn.agent.shipping.limits import EntryLimits
from sigyn.agent.shipping.record import Record
from sigyn.model.errors import Unavailable
from sigyn.model.time import SECOND

_log = structlog.get_logger("sigyn.agent.shipping")
_MEMORY_BYTES = 16 << 20  # of sealed batches, when there is no buffer on disk
_RETRY_WRITE = 2.0
_SOON = 0.02  # seconds in which a batch that somebody waits for takes in others


@dataclass(frozen=True, slots=True)
class BufferSettings:
    """Where batches wait on disk, and how many bytes they may take."""

    folder: Path
    max_bytes: int = 1 << 30


class Shipper:
    """Takes entries from all targets, on one event loop.

    Back-pressure: after `add`, a target awaits `room`, which returns when there is room for more.
    """

    def __init__(
        self,
        clients: Sequence[ClientConfig],
        limits: LimitsConfig,
        positions: Positions,
        counters: AgentCounters,
        buffer: BufferSettings | None,
        *,
        sync_period: float = 10.0,
    ) -> None:
        """Opens the buffer; raises Unavailable and ConfigurationError. `sync_period` in seconds."""
        self._buffer = DiskBuffer(buffer.folder, _segment_bytes(buffer.max_bytes)) if buffer else None
        self._max_bytes = buffer.max_bytes if buffer else _MEMORY_BYTES
        self._clients = [PushClient(config, counters, patient=buffer is not None) for config in clients]
        self._cursors = Cursors(buffer.folder / "cursors.json" if buffer else None)
        self._cursors.keep([client.name for client in self._clients])
        self._backlog = Backlog(self._cursors, self._buffer)
        self._variants = list(
            {variant_of(config.external_labels): config.external_labels for config in clients}.values()
        )
        self._batch_bytes = min((config.batchsize for config in clients), default=1 << 20)
        self._batch_wait = min((config.batchwait for config in clients), default=SECOND) / SECOND
        self._limits = EntryLimits(limits, counters, [client.host for client in self._clients])
        self._max_streams = limits.max_streams
        self._positions = positions
        positions.apply(self._backlog.delivered_positions)
        self._counters = counters
        self._sync_period = sync_period
        self._batch = OpenBatch(self._max_streams)
        self._timer: asyncio.TimerHandle | None = None
        self._is_awaited = False  # the open batch
        self._written = asyncio.Event()  # set, and made anew, when batches are in the buffer
        self._sealed: list[Record] = []
        self._sealed_bytes = 0
        self._sequence = self._last_written = self._backlog.last
        self._to_write = asyncio.Event()
        self._writing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []
        self._senders: list[asyncio.Task[None]] = []

    @property
    def clients(self) -> Sequence[PushClient]:
        """One for each server."""
        return self._clients

    @property
    def batch_bytes(self) -> int:
        """Size that batches should have: targets read no more than this at once."""
        return self._batch_bytes

    def positions(self) -> dict[str, str]:
        """Where to go on reading: what is delivered, and what waits in the buffer."""
        values = Positions(self._positions.path, self._positions.snapshot())
        values.apply(self._backlog.outstanding_positions())
        return values.snapshot()

    def start(self) -> None:
        """Begins to send, first of all what waits in the buffer."""
        self._keepers = [
            asyncio.create_task(self._write(), name="buffer"),
            asyncio.create_task(self._checkpoint(), name="positions"),
        ]
        self._senders = [asyncio.create_task(self._send(client), name=client.name) for client in self._clients]

    def add(self, entries: Sequence[AgentEntry], positions: Changes, size: int) -> None:
        """Takes entries of about `size` bytes; `positions` hold once all entries so far are delivered."""
        if self._batch.size and self._batch.size + size > self._batch_bytes:
            self._seal()
        batch = self._batch
        batch.add(self._limits.admit(entries) if self._limits.active else entries, positions)
        if batch.size >= self._batch_bytes:
            self._seal()
        elif self._timer is None and batch:
            self._seal_in(self._batch_wait)

    def full(self) -> bool:
        """Whether targets must wait."""
        if self._buffer is None:
            return self._sealed_bytes + self._backlog.memory >= self._max_bytes
        return self._sealed_bytes >= _MEMORY_BYTES or self._buffer.bytes + self._sealed_bytes >= self._max_bytes

    async def room(self) -> None:
        """Returns when there is room for more entries."""
        await self._limits.pace()
        while self.full():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._backlog.progress(), 1.0)
            if self._buffer:
                await self._save_or_tell()

    async def kept(self) -> None:
        """Returns when all entries so far are in the buffer; at once without one."""
        if self._buffer is None:
            return
        last = self._sequence + bool(self._batch)
        if self._batch and not self._is_awaited:
            self._is_awaited = True
            self._seal_in(min(_SOON, self._batch_wait))
        while self._last_written < last:
            await self._written.wait()

    def failed(self) -> BaseException | None:
        """The error of a task that ended although it should not."""
        return next((error for task in (*self._keepers, *self._senders) if (error := task_error(task))), None)

    async def close(self, patience: float) -> None:
        """Sends what there is, for at most `patience` seconds, and saves positions.

        Without a buffer what could not be sent is read again at the next start; with one it waits there.
        """
        self._seal()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._undelivered() and not self._all_stuck():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._backlog.progress(), 0.1)
        for task in self._senders:
            task.cancel()
        # Those that write are not cancelled: a write goes on in its thread, and must not be begun again.
        self._stopping.set()
        self._to_write.set()
        await asyncio.gather(*self._senders, *self._keepers, return_exceptions=True)
        for client in self._clients:
            await client.close()
        delivered = self._backlog.delivered
        try:
            await self._save()
        except Unavailable as error:
            _log.error("positions can't be saved", reason=str(error))
            delivered = 0  # the buffer still knows how far everything was read
        if self._buffer:
            self._buffer.close(delivered)

    def _undelivered(self) -> bool:
        return bool(self._sealed) or self._backlog.delivered < self._sequence

    def _all_stuck(self) -> bool:
        """With a buffer there is no use in waiting for a server that is away."""
        return self._buffer is not None and not self._sealed and all(client.waiting for client in self._clients)

    def _seal_in(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._seal)

    def _seal(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._is_awaited = False
        if not self._batch:
            return
        self._sequence += 1
        record = self._batch.seal(self._sequence, self._variants)
        if self._batch.refused:
            self._limits.count("stream_limited", self._batch.refused, 0)
        self._batch = OpenBatch(self._max_streams)
        self._sealed.append(record)
        self._sealed_bytes += record.size
        self._to_write.set()

    async def _write(self) -> None:
        while self._sealed or not self._stopping.is_set():
            await self._to_write.wait()
            self._to_write.clear()
            while self._sealed:
                try:
                    await self._append()
                except Unavailable as error:
                    _log.error("the buffer can't be written, reading waits", reason=str(error))
                    if self._stopping.is_set():
                        return  # what could not be kept is read again at the next start
                    await asyncio.sleep(_RETRY_WRITE * random.uniform(0.5, 1.0))

    async def _append(self) -> None:
        """Makes sealed batches durable, then lets clients have them; raises Unavailable."""
        records = list(self._sealed)
        if self._buffer:
            # Batches without entries too: what they say of positions must not be lost before what follows.
            async with self._writing:
                await asyncio.to_thread(self._buffer.append, records)
        del self._sealed[: len(records)]
        self._sealed_bytes -= sum(record.size for record in records)
        for record in records:
            self._backlog.put(record)
        self._last_written = records[-1].sequence
        self._written.set()
        self._written = asyncio.Event()

    async def _send(self, client: PushClient) -> None:
        sequence = self._cursors.get(client.name)
        while True:
            record = await self._backlog.next(sequence)
            variants = {post.variant for post in record.posts}
            # A batch of before a restart may have been made for other external labels: those it has are taken.
            variant = client.variant if client.variant in variants else min(variants, default="")
            for post in record.posts:
                if post.variant == variant:
                    await client.send(post)
            sequence = record.sequence
            self._positions.apply(self._backlog.acknowledge(client.name, sequence))

    async def _checkpoint(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._sync_period)
            await self._save_or_tell()

    async def _save_or_tell(self) -> None:
        try:
            await self._save()
        except Unavailable as error:
            _log.error("positions can't be saved", reason=str(error))

    async def _save(self) -> None:
        """Positions first, then the room of batches that they cover."""
        delivered = self._backlog.delivered
        text = self._positions.changed_text()
        async with self._writing:
            if text is not None:
                try:
                    await asyncio.to_thread(write_atomically, self._positions.path, text)
                except Unavailable:
                    self._positions.unsaved()
                    raise
            if self._buffer:
                await asyncio.to_thread(self._buffer.drop_through, delivered)
                self._counters.buffer_bytes.set(self._buffer.bytes)
        self._counters.buffer_batches.set(self._backlog.waiting)


def _segment_bytes(max_bytes: int) -> int:
    """Segments give their room back when they are full and delivered: one that is not full must leave room for more."""
    return min(SEGMENT_BYTES, max_bytes // 4)


def task_error(task: asyncio.Task[None]) -> BaseException | None:
    """What a task ended with, if with an error."""
    return task.exception() if task.done() and not task.cancelled() else None
