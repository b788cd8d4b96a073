"""Live tail: entries reach those who watch as soon as they are acknowledged.

The ingest service publishes every committed batch. Each tail has a queue of the batches that its
selector matches, bounded in entries and bytes; what does not fit while a client is slow is dropped,
and the client is told which entries it missed, as in Loki. Pipelines run where the tail is read, on
threads, so that a costly query or a slow client never holds up a push.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql.ast import LogQuery, Selector
from sigyn.languages.logql.entry_labels import with_entry_labels
from sigyn.model.batch import Batch
from sigyn.model.errors import TooManyRequests
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

_MOST_DROPPED = 1_000
"""Dropped entries that are named to a client; those beyond are only counted."""

_QUEUE_BYTES = 32 << 20
"""Text that waits for a client: 10,000 lines may have 256 KB each."""

_FRAME_ENTRIES = 1_000
_FRAME_BYTES = 4 << 20
"""Text of a frame, unless it is of one entry."""

_THREADS = 2

Encoded = TypeVar("Encoded")


@dataclass(frozen=True, slots=True)
class DroppedEntry:
    """An entry that a slow client missed."""

    labels: Labels
    timestamp: int


@dataclass(frozen=True, slots=True)
class TailFrame:
    """Entries in the order of their times, and what was dropped since the last frame."""

    entries: list[LogEntry]
    dropped: list[DroppedEntry]


@dataclass(eq=False, slots=True)
class Tail:
    """One client's view: read it with `next`. Made by `TailHub.open`."""

    tenant: str
    query: LogQuery
    queue_entries: int
    _executor: Executor
    _names: frozenset[str] | None = None
    _selector: Selector = field(init=False)
    _pipeline: Pipeline = field(init=False)
    _waiting: deque[tuple[tuple[Labels, ...], pa.Table]] = field(default_factory=deque)
    _waiting_entries: int = 0
    _waiting_bytes: int = 0
    _dropped: list[DroppedEntry] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, encode: Callable[[TailFrame], Encoded | None], delay: float = 0.0) -> Encoded:
        """Waits for entries that match, or for word of dropped ones, of which `encode` makes something to send.

        It runs on the thread that runs the pipeline, and not on the event loop: a frame has up to 1000 entries, and
        there may be a hundred tails. With a delay in seconds, entries wait that long for stragglers, to come in order
        of time.
        """
        while True:
            await self._arrived.wait()
            if delay:
                await asyncio.sleep(delay)
            process = partial(self._process, *self._take(), encode)
            encoded = await asyncio.get_running_loop().run_in_executor(self._executor, process)
            if encoded is not None:
                return encoded

    def prepare(self, demoted: frozenset[str]) -> None:
        """Makes ready for entries that may carry these labels themselves; raises BadRequest for a broken stage."""
        if demoted != self._names:
            query = with_entry_labels(self.query, demoted)
            self._selector, self._pipeline, self._names = query.selector, Pipeline(query.stages), demoted

    def offer(self, batch: Batch) -> None:
        """Queues what the selector matches, or drops it when the queue is full."""
        matched = [i for i, labels in enumerate(batch.streams) if selector_matches(self._selector, labels)]
        if not matched:
            return
        entries = batch.entries
        if len(matched) < len(batch.streams):
            entries = entries.filter(pc.is_in(entries["stream"], pa.array(matched, pa.int32())))
        head, size = _head(entries, self.queue_entries - self._waiting_entries, _QUEUE_BYTES - self._waiting_bytes)
        if not self._waiting and not head.num_rows:
            head, size = _head(entries, min(1, self.queue_entries), None)
        if head.num_rows < entries.num_rows:
            self._drop(batch.streams, entries.slice(head.num_rows))
        if head.num_rows:
            self._waiting.append((batch.streams, head))
            self._waiting_entries += head.num_rows
            self._waiting_bytes += size
        self._arrived.set()

    def _drop(self, streams: tuple[Labels, ...], entries: pa.Table) -> None:
        named = entries.slice(0, _MOST_DROPPED - len(self._dropped))
        for ordinal, timestamp in zip(named["stream"].to_pylist(), named["timestamp"].to_pylist(), strict=True):
            self._dropped.append(DroppedEntry(streams[ordinal], timestamp))

    def _take(self) -> tuple[list[tuple[tuple[Labels, ...], pa.Table]], list[DroppedEntry]]:
        taken: list[tuple[tuple[Labels, ...], pa.Table]] = []
        count = bytes_taken = 0
        while self._waiting and count < _FRAME_ENTRIES:
            streams, entries = self._waiting[0]
            head, size = _head(entries, _FRAME_ENTRIES - count, _FRAME_BYTES - bytes_taken)
            if not count and not head.num_rows:
                head, size = _head(entries, 1, None)
            if not head.num_rows:
                break
            if head.num_rows < entries.num_rows:
                self._waiting[0] = (streams, entries.slice(head.num_rows))
            else:
                self._waiting.popleft()
            taken.append((streams, head))
            count += head.num_rows
            bytes_taken += size
        self._waiting_entries -= count
        self._waiting_bytes -= bytes_taken
        dropped, self._dropped = self._dropped, []
        if not self._waiting:
            self._arrived.clear()
        return taken, dropped

    def _process(
        self,
        parts: list[tuple[tuple[Labels, ...], pa.Table]],
        dropped: list[DroppedEntry],
        encode: Callable[[TailFrame], Encoded | None],
    ) -> Encoded | None:
        pipeline = self._pipeline
        found = [entry for streams, entries in parts for entry in _processed(pipeline, streams, entries)]
        found.sort(key=lambda entry: entry.timestamp)
        return encode(TailFrame(found, dropped)) if found or dropped else None


class TailHub:
    """All open tails. Everything here but the pipelines runs on the event loop."""

    def __init__(
        self,
        queue_entries: int = 10_000,
        most_tails: Callable[[str], int] = lambda _tenant: 100,
        demoted: Callable[[str], frozenset[str]] = lambda _tenant: frozenset(),
    ) -> None:
        """`most_tails` gives how many a tenant may have open, 0 for any number; `demoted` its labels that entries may
        carry themselves."""
        self._queue_entries = queue_entries
        self._most_tails = most_tails
        self._demoted = demoted
        self._tails: dict[str, set[Tail]] = {}
        self._executor = ThreadPoolExecutor(_THREADS, "tail")

    def close(self) -> None:
        """Lets go of the threads; open tails end with an error."""
        self._executor.shutdown(cancel_futures=True)

    @property
    def count(self) -> int:
        """Tails open now."""
        return sum(len(tails) for tails in self._tails.values())

    @contextmanager
    def open(self, tenant: str, query: LogQuery) -> Iterator[Tail]:
        """A tail of what is published from now on; raises TooManyRequests."""
        most, count = self._most_tails(tenant), len(self._tails.get(tenant, ())) + 1
        if most and count > most:
            raise TooManyRequests(f"max concurrent tail requests limit exceeded, count > limit ({count} > {most})")
        tail = Tail(tenant, query, self._queue_entries, self._executor)
        tail.prepare(self._demoted(tenant))
        tails = self._tails.setdefault(tenant, set())
        tails.add(tail)
        try:
            yield tail
        finally:
            tails.discard(tail)
            if not tails:
                self._tails.pop(tenant, None)

    def publish(self, batch: Batch) -> None:
        """Gives the tails of its tenant a batch that was acknowledged."""
        for tail in self._tails.get(batch.tenant, ()):
            tail.prepare(self._demoted(batch.tenant))
            tail.offer(batch)


def _head(entries: pa.Table, most: int, most_bytes: int | None) -> tuple[pa.Table, int]:
    """The first entries, at most so many with so many bytes of text, and the bytes that they have."""
    head = entries.slice(0, max(most, 0))
    sizes = [pc.fill_null(pc.binary_length(head[name]), 0).to_numpy() for name in ("line", "metadata")]
    ends = np.cumsum(np.sum(sizes, axis=0, dtype=np.int64))
    fitting = len(ends) if most_bytes is None else int(np.searchsorted(ends, most_bytes, "right"))
    return head.slice(0, fitting), int(ends[fitting - 1]) if fitting else 0


def _processed(pipeline: Pipeline, streams: tuple[Labels, ...], entries: pa.Table) -> Iterator[LogEntry]:
    columns = (entries[name].to_pylist() for name in ("stream", "timestamp", "line", "detected_level", "metadata"))
    for ordinal, timestamp, line, level, metadata in zip(*columns, strict=True):
        processed = pipeline.process(streams[ordinal], timestamp, line, _metadata(level, metadata))
        if processed is not None:
            yield processed.as_log_entry()


def _metadata(level: str | None, text: str | None) -> Labels:
    pairs: dict[str, str] = msgspec.json.decode(text) if text else {}
    if level is not None:
        pairs["detected_level"] = level
    return tuple(sorted(pairs.items()))
