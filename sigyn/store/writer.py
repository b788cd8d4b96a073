"""The writer: batches, or segments that another process made of them, into objects and the catalog."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock

from sigyn.model.batch import Batch
from sigyn.model.errors import SigynError, TooManyRequests, Unavailable
from sigyn.store.catalog import NewSegment
from sigyn.store.commit import Committer
from sigyn.store.encoding import ReadySegment, batches_by_tenant, encode_batches, failures_of_batches
from sigyn.store.group_commit import GROUPS_IN_FLIGHT, GroupCommit
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.outage import Outage
from sigyn.store.recent import RecentSegments
from sigyn.store.settings import StoreSettings

_CATCH_UP_SECONDS = 5
_BETWEEN_WARNINGS = 60.0  # seconds
_FAILING_SECONDS = 15.0
"""How long a push that failed says that pushes fail: agents send again within seconds, and where nobody does, for
instance since a balancer sends pushes elsewhere, it says nothing of what the next one would meet."""
_PUTS_AT_ONCE = 8  # objects of different tenants, or processes, in one group

_Stored = tuple[ReadySegment, NewSegment]


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
        self._closed = False
        self._outage = Outage("pushes can't be stored and get 503", "pushes are stored again", _BETWEEN_WARNINGS)
        self._writers = ThreadPoolExecutor(2 * GROUPS_IN_FLIGHT, "sigyn-writer")
        self._putters = ThreadPoolExecutor(_PUTS_AT_ONCE, "sigyn-put")
        self._batches = GroupCommit(
            self._write_batches,
            max_waiting_bytes=settings.max_waiting_bytes,
            max_group_bytes=settings.max_group_bytes,
            answered=self._count_push,
        )
        # Who sends segments bounds what waits of them.
        self._segments = GroupCommit(
            self._write_segments,
            max_waiting_bytes=0,
            max_group_bytes=settings.max_group_bytes,
            answered=self._outage.told,
        )

    async def append(self, batch: Batch) -> None:
        """Returns when the batch's entries are in durable objects and in the catalog.

        Raises TooManyRequests when too much waits already, Unavailable when the object store or
        the catalog fails; the batch is not stored then.
        """
        self._refuse_when_closed()
        if not len(batch.entries):
            return
        try:
            self._refuse_when_behind()
            await self._batches.append(batch, int(batch.entries.nbytes))
        except TooManyRequests:
            self._metrics.pushes_refused += 1
            raise

    async def append_segment(self, segment: ReadySegment) -> None:
        """Returns when a level 0 segment is a durable object and in the catalog; several share one commit.

        Raises as `append` does. Who made it counts the pushes in it.
        """
        self._refuse_when_closed()
        self._refuse_when_behind()
        await self._segments.append(segment, segment.size)

    def waiting_bytes(self) -> int:
        """Bytes of entries that are not yet durable."""
        return self._batches.bytes_held + self._segments.bytes_held

    async def flush(self) -> None:
        """Returns when everything appended before is written or has failed."""
        await self._batches.flush()
        await self._segments.flush()

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

    def failing(self) -> str | None:
        """Why the last push could not be stored, if that was a moment ago; else None."""
        failure = self._outage.failing(_FAILING_SECONDS)
        return None if failure is None else str(failure)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")

    def _refuse_when_behind(self) -> None:
        reason = self.behind()
        if reason is not None:
            raise TooManyRequests(reason, retry_after=_CATCH_UP_SECONDS)

    def _count_push(self, failure: SigynError | None) -> None:
        self._outage.told(failure)
        if failure is None:
            self._metrics.pushes += 1
        else:
            self._metrics.pushes_failed += 1

    async def _write_batches(self, group: Sequence[Batch]) -> Mapping[int, SigynError]:
        by_tenant = batches_by_tenant(group)
        stores = [partial(self._store_batches, tenant, batches) for tenant, batches in by_tenant.items()]
        failures = await asyncio.get_running_loop().run_in_executor(self._writers, self._write, stores)
        of_tenants = {tenant: failures[number] for number, tenant in enumerate(by_tenant) if number in failures}
        return failures_of_batches(group, of_tenants)

    async def _write_segments(self, group: Sequence[ReadySegment]) -> Mapping[int, SigynError]:
        stores = [partial(self._store, segment) for segment in group]
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._write, stores)

    def _write(self, stores: Sequence[Callable[[], _Stored]]) -> dict[int, SigynError]:
        """Stores objects and commits them at once; gives those that could not be stored, with the reason."""
        begun = time.perf_counter()
        failures: dict[int, SigynError] = {}
        stored: list[_Stored] = []
        if len(stores) == 1:
            stored.append(stores[0]())
        else:
            futures = [self._putters.submit(store) for store in stores]
            for number, future in enumerate(futures):
                try:
                    stored.append(future.result())
                except SigynError as error:
                    failures[number] = error
        if stored:
            self._committer.commit([new for _, new in stored])
            self._count([segment for segment, _ in stored], time.perf_counter() - begun)
        return failures

    def _store_batches(self, tenant: str, batches: Sequence[Batch]) -> _Stored:
        return self._store(encode_batches(tenant, batches))

    def _store(self, segment: ReadySegment) -> _Stored:
        new = self._committer.put(segment.encoded)
        self._recent.add(new.key, segment.entries)
        return segment, new

    def _count(self, stored: Sequence[ReadySegment], seconds: float) -> None:
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
                metrics.duplicates_dropped += segment.pushed - encoded.rows
