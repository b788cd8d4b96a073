"""Group commit: pushes that arrive while a write is under way share the next one.

An idle store writes a push at once. Up to two groups are in flight, so that one is encoded while
the other waits for the disk; the second starts only with enough entries to be worth an object of
its own, so that a flood makes few, large objects.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from sigyn.model.batch import Batch
from sigyn.model.errors import SigynError, TooManyRequests, Unavailable
from sigyn.store.catalog import NewSegment
from sigyn.store.commit import Committer
from sigyn.store.live import LiveSegments
from sigyn.store.merge import merge_batches
from sigyn.store.metrics import StoreMetrics
from sigyn.store.recent import RecentSegments
from sigyn.store.segment import encode_segment, split_row_groups
from sigyn.store.settings import StoreSettings

_GROUPS_IN_FLIGHT = 2
_SECOND_GROUP_BYTES = 2 << 20
_CATCH_UP_SECONDS = 5
_PUTS_AT_ONCE = 8  # objects of different tenants in one group


@dataclass(frozen=True, slots=True, eq=False)
class _Push:
    batch: Batch
    size: int
    done: asyncio.Future[None]


class Writer:
    """Makes batches durable. All methods belong to one event loop; the work is done in threads."""

    def __init__(
        self,
        settings: StoreSettings,
        committer: Committer,
        live: LiveSegments,
        recent: RecentSegments,
        metrics: StoreMetrics,
    ) -> None:
        self._settings = settings
        self._committer = committer
        self._live = live
        self._recent = recent
        self._metrics = metrics
        self._counting = Lock()
        self._waiting: deque[_Push] = deque()
        self._bytes_waiting = 0  # not yet in a group
        self._bytes_held = 0  # waiting, or in a group under way
        self._groups = 0  # in flight
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._writers = ThreadPoolExecutor(_GROUPS_IN_FLIGHT, "sigyn-writer")
        self._putters = ThreadPoolExecutor(_PUTS_AT_ONCE, "sigyn-put")

    async def append(self, batch: Batch) -> None:
        """Returns when the batch's entries are in durable objects and in the catalog.

        Raises TooManyRequests when too much waits already, Unavailable when the object store or
        the catalog fails; the batch is not stored then.
        """
        if self._closed:
            raise Unavailable("the store is closed")
        if not len(batch.entries):
            return
        size = int(batch.entries.nbytes)
        if self._bytes_held and self._bytes_held + size > self._settings.max_waiting_bytes:
            self._metrics.pushes_refused += 1
            raise TooManyRequests(
                f"{self._bytes_held} bytes of entries wait to be written, {size} more would exceed "
                f"`max_waiting_bytes` ({self._settings.max_waiting_bytes}); try again in a second"
            )
        self._refuse_when_behind()
        push = _Push(batch, size, asyncio.get_running_loop().create_future())
        self._waiting.append(push)
        self._bytes_waiting += size
        self._bytes_held += size
        self._start_groups()
        await push.done

    def waiting_bytes(self) -> int:
        """Bytes of entries that are not yet durable."""
        return self._bytes_held

    async def flush(self) -> None:
        """Returns when everything appended before is written or has failed."""
        await self._idle.wait()

    async def close(self) -> None:
        """Refuses further batches, and returns when those under way are written."""
        self._closed = True
        await self.flush()
        self._writers.shutdown()
        self._putters.shutdown()

    def behind(self) -> str | None:
        """Why pushes are refused until compaction has caught up; None when they are not."""
        segments, text_bytes = self._live.uncompacted()
        settings = self._settings
        if segments <= settings.max_uncompacted_segments and text_bytes <= settings.max_uncompacted_bytes:
            return None
        return (
            f"{segments} segments with {text_bytes} bytes of text wait for compaction, more than "
            f"`max_uncompacted_segments` ({settings.max_uncompacted_segments}) or `max_uncompacted_bytes` "
            f"({settings.max_uncompacted_bytes}); try again in {_CATCH_UP_SECONDS} seconds"
        )

    def _refuse_when_behind(self) -> None:
        reason = self.behind()
        if reason is not None:
            self._metrics.pushes_refused += 1
            raise TooManyRequests(reason, retry_after=_CATCH_UP_SECONDS)

    def _start_groups(self) -> None:
        while self._waiting and (
            not self._groups or (self._groups < _GROUPS_IN_FLIGHT and self._bytes_waiting >= _SECOND_GROUP_BYTES)
        ):
            group = [self._waiting.popleft()]
            size = group[0].size
            while self._waiting and size + self._waiting[0].size <= self._settings.max_group_bytes:
                size += self._waiting[0].size
                group.append(self._waiting.popleft())
            self._bytes_waiting -= size
            self._groups += 1
            self._idle.clear()
            task = asyncio.get_running_loop().create_task(self._write(group, size))
            self._tasks.add(task)  # a task that nothing refers to may be collected
            task.add_done_callback(self._tasks.discard)

    async def _write(self, group: Sequence[_Push], size: int) -> None:
        batches: dict[str, list[Batch]] = {}
        for push in group:
            batches.setdefault(push.batch.tenant, []).append(push.batch)
        failures: dict[str, SigynError] = dict.fromkeys(batches, Unavailable("the write was broken off"))
        try:
            failures = await asyncio.get_running_loop().run_in_executor(self._writers, self._write_group, batches)
        except SigynError as error:
            failures = dict.fromkeys(batches, error)
        finally:
            self._bytes_held -= size
            self._groups -= 1
            self._start_groups()
            for push in group:
                self._answer(push, failures.get(push.batch.tenant))
            if not self._groups:
                self._idle.set()

    def _answer(self, push: _Push, failure: SigynError | None) -> None:
        if failure is None:
            self._metrics.pushes += 1
        else:
            self._metrics.pushes_failed += 1
        if push.done.done():  # the caller went away
            return
        if failure is None:
            push.done.set_result(None)
        else:
            push.done.set_exception(Unavailable(str(failure)))

    def _write_group(self, batches: dict[str, list[Batch]]) -> dict[str, SigynError]:
        """Writes a group; gives the tenants whose objects could not be stored, with the reason."""
        begun = time.perf_counter()
        stored: list[NewSegment] = []
        failures: dict[str, SigynError] = {}
        if len(batches) == 1:
            ((tenant, only),) = batches.items()
            stored.append(self._store(tenant, only))
        else:
            futures = {tenant: self._putters.submit(self._store, tenant, some) for tenant, some in batches.items()}
            for tenant, future in futures.items():
                try:
                    stored.append(future.result())
                except SigynError as error:
                    failures[tenant] = error
        if stored:
            self._committer.commit(stored)
            self._count(stored, batches, time.perf_counter() - begun)
        return failures

    def _store(self, tenant: str, batches: list[Batch]) -> NewSegment:
        labels, entries = merge_batches(batches)
        segment = self._committer.put(encode_segment(tenant, 0, labels, split_row_groups(entries)))
        self._recent.add(segment.key, entries)
        return segment

    def _count(self, stored: Sequence[NewSegment], batches: dict[str, list[Batch]], seconds: float) -> None:
        metrics = self._metrics
        with self._counting:
            metrics.commits += 1
            metrics.commit_seconds += seconds
            for segment in stored:
                encoded = segment.encoded
                metrics.segments_written += 1
                metrics.entries_written += encoded.rows
                metrics.text_bytes_written += encoded.text_bytes
                metrics.object_bytes_written += len(encoded.body)
                metrics.duplicates_dropped += sum(len(b.entries) for b in batches[encoded.tenant]) - encoded.rows
