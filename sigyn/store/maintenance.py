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

import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.time import SECOND, Clock
from sigyn.store.archives.sightings import Sightings
from sigyn.store.catalog import SegmentInfo
from sigyn.store.commit import Committer
from sigyn.store.compaction import CompactionRules, compaction_rules, plan_compaction
from sigyn.store.compactor import Compactor
from sigyn.store.deletions import Deletions, apart
from sigyn.store.failures import FAILURES, Failures
from sigyn.store.forgetting import Forgetting
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.moves import Mover
from sigyn.store.quarantine import Quarantine
from sigyn.store.reclaim import Reclaimer
from sigyn.store.settings import StoreSettings
from sigyn.store.stream_forgetting import StreamForgetting
from sigyn.store.tiers import HOT
from sigyn.store.writer import Writer

_log = structlog.get_logger("sigyn.store")

_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 10.0
_RETENTION_SECONDS = 60.0
_MOVE_SECONDS = 60.0
_ARCHIVED_SECONDS = 3600.0
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
        streams: StreamForgetting,
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
        self._streams = streams
        self._quarantine = quarantine
        self._metrics = metrics
        self._clock = clock
        self._working = Lock()
        self._wake = Event()
        self._stopping = False
        self._resumed = time.monotonic()
        self._settled: dict[str, tuple[Sequence[SegmentInfo], float]] = {}  # until when, monotonic
        self._archived = Sightings(_ARCHIVED_SECONDS)  # by a rule of the bucket: which tiers are archives is known
        self._next_sweep = self._next_retention = self._next_move = time.monotonic()
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
            self._compact(replace(self._rules, age=-1))
            self._reclaimer.reclaim(self._pause)

    def forget_now(self) -> None:
        """Removes what delete requests take and retention does not keep, with the objects. Raises Unavailable."""
        with self._in_turn():
            self._forgetting.look_again()
            failures = Failures()
            with failures.within("delete requests"):
                self._forgetting.delete_requested(self._pause)
            with failures.within("retention"):
                self._forgetting.retire(self._pause)
            with failures.within("objects"):
                self._reclaimer.reclaim(self._pause)
            failures.tell()

    def move_now(self) -> None:
        """Moves segments to the tiers that they are old enough for. Raises Unavailable."""
        with self._in_turn():
            self._mover.run(self._clock(), self._pause)
            self._reclaimer.reclaim(self._pause)

    def sweep_now(self) -> None:
        """Rechecks quarantined segments, and deletes orphans older than the grace period; documents of requests
        that lack one are written, and streams forgotten. Raises Unavailable."""
        with self._in_turn():
            self._sweep()
            self._streams.run(self._pause)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._working:
            try:
                yield
            except _Stopped:
                raise Unavailable("the store is closed") from None

    def _loop(self) -> None:
        failed = False
        while not self._stopping:
            try:
                with self._working:
                    self._work()
                failed = False
            except _Stopped:
                return
            except FAILURES as error:
                self._metrics.maintenance_failures += 1
                if not failed:  # once, not with every attempt
                    _log.warning("maintenance failed and is tried again", reason=str(error), seconds=_RETRY_SECONDS)
                failed = True
            self._wake.wait(_RETRY_SECONDS if failed else _LOOK_SECONDS)
            if not self._stopping:
                self._wake.clear()

    def _work(self) -> None:
        """Does whatever is due. What fails keeps nothing else from being done: a full disk has to be emptied."""
        failures = Failures()
        with failures.within("catalog"):
            if self._committer.catch_up():
                self._deletions.refresh()
        if self._settings.compaction:
            with failures.within("delete requests"):
                self._forgetting.delete_requested(self._pause)
            if time.monotonic() >= self._next_retention:
                with failures.within("retention"):
                    self._forgetting.retire(self._pause)
                    self._next_retention = time.monotonic() + _RETENTION_SECONDS
        with failures.within("objects"):
            self._reclaimer.reclaim(self._pause)
        if self._settings.compaction:
            with failures.within("compaction"):
                self._compact(self._rules)
        if time.monotonic() >= self._next_sweep:
            with failures.within("sweep"):
                self._sweep()
                self._next_sweep = time.monotonic() + self._settings.orphan_sweep_seconds
        if self._settings.compaction and time.monotonic() >= self._next_move:
            with failures.within("moves"):
                self._mover.run(self._clock(), self._pause)
                self._next_move = time.monotonic() + _MOVE_SECONDS
        with failures.within("streams"):
            self._streams.run(self._pause)
        failures.tell()

    def _sweep(self) -> None:
        failures = Failures()
        with failures.within("documents"):
            self._deletions.write_documents()
        with failures.within("quarantine"):
            self._quarantine.recheck(self._pause)
        with failures.within("orphans"):
            self._reclaimer.sweep(self._settings.orphan_grace_seconds, self._pause)
        failures.tell()

    def _compact(self, rules: CompactionRules) -> None:
        """Runs jobs until none is due, and has the objects of what they replaced deleted.

        A tier or a tenant in which one fails is left alone for now, and told at the end.
        """
        failures = Failures()
        while self._run_jobs(rules, failures):
            if "objects" not in failures:  # to be refused may take a minute
                with failures.within("objects"):
                    self._reclaimer.reclaim(self._pause)
        failures.tell()

    def _run_jobs(self, rules: CompactionRules, failures: Failures) -> bool:
        """Runs the jobs that are due, one for each tenant; whether there was any."""
        ran = False
        for tenant in self._live.tenants():
            segments = self._live.of(tenant)
            now = self._clock()
            seen, until = self._settled.get(tenant, (None, 0.0))
            if f"tenant {tenant}" in failures or (seen is segments and time.monotonic() < until):
                continue
            failing = {tier.name for tier in self._settings.tiers if f"tier {tier.name}" in failures}
            job = self._job(tenant, segments, replace(rules, frozen=rules.frozen | failing), now)
            if job:
                self._resumed = time.monotonic()
                with failures.within(f"tenant {tenant}" if job[0].tier == HOT else f"tier {job[0].tier}"):
                    for segment in self._compactor.run(job, self._pause):
                        self._archived.note(segment.id)
                ran = True
            elif not failing:
                self._settled[tenant] = (segments, time.monotonic() + rules.age / SECOND)
        return ran

    def _job(
        self, tenant: str, segments: Sequence[SegmentInfo], rules: CompactionRules, now: int
    ) -> tuple[SegmentInfo, ...]:
        """The segments that are to be merged next; none when all is well."""
        segments = [
            segment
            for segment in segments
            if segment.id not in self._compactor.full and not self._archived.has(segment.id)
        ]
        sides = apart(segments, self._deletions.in_force(tenant))
        return next(filter(None, (plan_compaction(side, rules, now) for side in sides)), ())

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
