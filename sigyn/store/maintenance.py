"""The background of a store: one thread that compacts, removes what is not kept, and sweeps orphans.

It dies with the process at any instant and nothing is lost: a compaction is one catalog transaction after
its objects are durable, a deletion is remembered by the catalog until the object is gone, and what
was stored without being committed is an orphan.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Lock, Thread

import pyarrow as pa
import structlog

from sigyn.model.errors import SigynError, Unavailable
from sigyn.model.time import Clock
from sigyn.store.catalog import SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.compaction import CompactionRules, compaction_rules, plan_compaction
from sigyn.store.compactor import Compactor
from sigyn.store.deletions import Deletions, apart
from sigyn.store.forgetting import Forgetting
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.moves import Mover
from sigyn.store.quarantine import Quarantine
from sigyn.store.reclaim import Reclaimer
from sigyn.store.settings import StoreSettings
from sigyn.store.writer import Writer

_log = structlog.get_logger("sigyn.store")

_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 10.0
_RETENTION_SECONDS = 60.0
_MOVE_SECONDS = 60.0
_LONGEST_PAUSE = 0.05  # seconds


class _Stopped(Exception):
    pass


class Maintenance:
    """Owns the background thread. `compact_now` and the thread take turns."""

    def __init__(
        self,
        settings: StoreSettings,
        live: LiveSegments,
        writer: Writer,
        committer: Committer,
        compactor: Compactor,
        deletions: Deletions,
        forgetting: Forgetting,
        reclaimer: Reclaimer,
        mover: Mover,
        quarantine: Quarantine,
        metrics: StoreMetrics,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._rules = compaction_rules(settings)
        self._live = live
        self._writer = writer
        self._committer = committer
        self._compactor = compactor
        self._deletions = deletions
        self._forgetting = forgetting
        self._reclaimer = reclaimer
        self._mover = mover
        self._quarantine = quarantine
        self._metrics = metrics
        self._clock = clock
        self._working = Lock()
        self._wake = Event()
        self._stopping = False
        self._resumed = time.monotonic()
        self._settled: dict[str, tuple[Sequence[SegmentInfo], int]] = {}
        self._thread = Thread(target=self._loop, name="sigyn-maintenance", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Breaks off what is under way, which leaves everything as it was, and ends the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Lets the thread look at once: there is something to delete."""
        self._wake.set()

    def compact_now(self) -> None:
        """Merges all L0 segments, and whatever L1 segments are due; returns when it is done.

        Raises Unavailable when the object store or the catalog fails, or the store closes meanwhile.
        """
        with self._in_turn():
            self._settled.clear()
            while self._compact(replace(self._rules, age=-1)):
                pass
            self._reclaimer.reclaim(self._pause)

    def forget_now(self) -> None:
        """Removes what delete requests take and retention does not keep, with the objects. Raises Unavailable."""
        with self._in_turn():
            self._forgetting.delete_requested(self._pause)
            self._forgetting.retire(self._pause)
            self._reclaimer.reclaim(self._pause)

    def move_now(self) -> None:
        """Moves segments to the tiers that they are old enough for. Raises Unavailable."""
        with self._in_turn():
            self._mover.run(self._clock(), self._pause)
            self._reclaimer.reclaim(self._pause)

    def sweep_now(self) -> None:
        """Rechecks quarantined segments, and deletes orphans older than the grace period; documents of requests
        that lack one are written. Raises Unavailable."""
        with self._in_turn():
            self._sweep()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._working:
            try:
                yield
            except _Stopped:
                raise Unavailable("the store is closed") from None

    def _loop(self) -> None:
        next_sweep = next_retention = next_move = time.monotonic()
        failed = False
        while not self._stopping:
            try:
                with self._working:
                    if self._committer.catch_up():
                        self._deletions.refresh()
                    if self._settings.compaction:
                        self._forgetting.delete_requested(self._pause)
                    if self._settings.compaction and time.monotonic() >= next_retention:
                        self._forgetting.retire(self._pause)
                        next_retention = time.monotonic() + _RETENTION_SECONDS
                    self._reclaimer.reclaim(self._pause)
                    while self._settings.compaction and self._compact(self._rules):
                        self._reclaimer.reclaim(self._pause)
                    if time.monotonic() >= next_sweep:
                        self._sweep()
                        next_sweep = time.monotonic() + self._settings.orphan_sweep_seconds
                    if self._settings.compaction and time.monotonic() >= next_move:
                        self._mover.run(self._clock(), self._pause)
                        next_move = time.monotonic() + _MOVE_SECONDS
                failed = False
            except _Stopped:
                return
            except (SigynError, pa.ArrowException, OSError, MemoryError) as error:
                self._metrics.maintenance_failures += 1
                if not failed:  # once, not with every attempt
                    _log.warning("maintenance failed and is tried again", reason=str(error), seconds=_RETRY_SECONDS)
                failed = True
            self._wake.wait(_RETRY_SECONDS if failed else _LOOK_SECONDS)
            if not self._stopping:
                self._wake.clear()

    def _sweep(self) -> None:
        self._deletions.write_documents()
        self._quarantine.recheck(self._pause)
        self._reclaimer.sweep(self._settings.orphan_grace_seconds, self._pause)

    def _compact(self, rules: CompactionRules) -> bool:
        """Runs the jobs that are due, one for each tenant; whether there was any."""
        ran = False
        for tenant in self._live.tenants():
            segments = self._live.of(tenant)
            now = self._clock()
            seen, until = self._settled.get(tenant, (None, 0))
            if seen is segments and now < until:
                continue
            sides = apart(segments, self._deletions.in_force(tenant))
            job = next(filter(None, (plan_compaction(side, rules, now) for side in sides)), ())
            if job:
                self._resumed = time.monotonic()
                self._compactor.run(job, self._pause)
                ran = True
            else:
                self._settled[tenant] = (segments, now + rules.age)
        return ran

    def _pause(self) -> None:
        """Lets queries and pushes go first: while any is under way, as much rest as work, unless too much waits."""
        if self._stopping:
            raise _Stopped
        if (self._live.in_use() or self._writer.waiting_bytes()) and not self._behind():
            time.sleep(min(time.monotonic() - self._resumed, _LONGEST_PAUSE))
        self._resumed = time.monotonic()

    def _behind(self) -> bool:
        segments, text_bytes = self._live.uncompacted()
        settings = self._settings
        return segments > settings.max_uncompacted_segments // 4 or text_bytes > settings.max_uncompacted_bytes // 4
