"""The background of a store: one thread that compacts, removes what is not kept, and sweeps orphans.

It dies with the process at any instant and nothing is lost: a compaction is one catalog transaction after
its objects are durable, a deletion is remembered by the catalog until the object is gone, and what
was stored without being committed is an orphan.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Lock, Thread

from sigyn.model.errors import Unavailable
from sigyn.model.time import Clock
from sigyn.store.commit import Committer
from sigyn.store.compaction import CompactionRules, compaction_rules
from sigyn.store.compactions import Compactions
from sigyn.store.deletions import Deletions
from sigyn.store.failures import FAILURES, Failures
from sigyn.store.forgetting import Forgetting
from sigyn.store.metrics import StoreMetrics
from sigyn.store.moves import Mover
from sigyn.store.outage import Outage
from sigyn.store.ownership import Ownership
from sigyn.store.pace import Pace, Stopped
from sigyn.store.quarantine import Quarantine
from sigyn.store.reclaim import Reclaimer
from sigyn.store.settings import StoreSettings
from sigyn.store.stream_forgetting import StreamForgetting

_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 10.0
_MARKS_SECONDS = 10.0
_RETENTION_SECONDS = 60.0
_MOVE_SECONDS = 60.0
_BETWEEN_WARNINGS = 600.0  # seconds: what fails may be another thing by then


class Maintenance:
    """Owns the background thread. `compact_now` and the thread take turns."""

    def __init__(
        self,
        settings: StoreSettings,
        committer: Committer,
        compactions: Compactions,
        deletions: Deletions,
        forgetting: Forgetting,
        reclaimer: Reclaimer,
        mover: Mover,
        streams: StreamForgetting,
        quarantine: Quarantine,
        ownership: Ownership,
        metrics: StoreMetrics,
        pace: Pace,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._rules = compaction_rules(settings)
        self._committer = committer
        self._compactions = compactions
        self._deletions = deletions
        self._forgetting = forgetting
        self._reclaimer = reclaimer
        self._mover = mover
        self._streams = streams
        self._quarantine = quarantine
        self._ownership = ownership
        self._metrics = metrics
        self._pace = pace
        self._clock = clock
        self._working = Lock()
        self._wake = Event()
        self._next_look = self._next_sweep = self._next_retention = self._next_move = time.monotonic()
        self._thread = Thread(target=self._loop, name="sigyn-maintenance", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Breaks off what is under way, which leaves everything as it was, and ends the thread."""
        self._pace.stop()
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
            self._compactions.look_again()
            self._compact(replace(self._rules, age=-1))
            self._reclaimer.reclaim(self._pace.work())

    def forget_now(self) -> None:
        """Removes what delete requests take and retention does not keep, with the objects. Raises Unavailable."""
        with self._in_turn():
            self._forgetting.look_again()
            failures = Failures()
            with failures.within("delete requests"):
                self._forgetting.delete_requested(self._pace.work())
            with failures.within("retention"):
                self._forgetting.retire(self._pace.work())
            with failures.within("objects"):
                self._reclaimer.reclaim(self._pace.work())
            failures.tell()

    def move_now(self) -> None:
        """Moves segments to the tiers that they are old enough for. Raises Unavailable."""
        with self._in_turn():
            self._mover.run(self._clock(), self._pace.work())
            self._reclaimer.reclaim(self._pace.work())

    def sweep_now(self) -> None:
        """Rechecks quarantined segments, and deletes orphans older than the grace period; documents of requests
        that lack one are written, and streams forgotten. Raises Unavailable."""
        with self._in_turn():
            self._sweep()
            self._streams.run(self._pace.work())

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._working:
            try:
                yield
            except Stopped:
                raise Unavailable("the store is closed") from None

    def _loop(self) -> None:
        outage = Outage("maintenance failed and is tried again", "maintenance goes well again", _BETWEEN_WARNINGS)
        while not self._pace.is_stopped:
            failure = None
            try:
                with self._working:
                    self._work()
            except Stopped:
                return
            except FAILURES as error:
                self._metrics.maintenance_failures += 1
                failure = error
            outage.told(failure)
            self._wake.wait(_LOOK_SECONDS if failure is None else _RETRY_SECONDS)
            if not self._pace.is_stopped:
                self._wake.clear()

    def _work(self) -> None:
        """Does whatever is due. What fails keeps nothing else from being done: a full disk has to be emptied."""
        failures = Failures()
        if time.monotonic() >= self._next_look:
            with failures.within("marks of the places"):
                self._next_look = time.monotonic() + _MARKS_SECONDS
                self._ownership.look()
        with failures.within("catalog"):
            if self._committer.catch_up():
                self._deletions.refresh()
        with failures.within("orphans"):
            self._reclaimer.compare(self._pace.work())
        if self._settings.compaction:
            with failures.within("delete requests"):
                self._forgetting.delete_requested(self._pace.work())
            if time.monotonic() >= self._next_retention:
                with failures.within("retention"):
                    self._forgetting.retire(self._pace.work())
                    self._next_retention = time.monotonic() + _RETENTION_SECONDS
        with failures.within("objects"):
            self._reclaimer.reclaim(self._pace.work())
        if self._settings.compaction:
            with failures.within("compaction"):
                self._compact(self._rules)
        if time.monotonic() >= self._next_sweep:
            with failures.within("sweep"):
                self._sweep()
                self._next_sweep = time.monotonic() + self._settings.orphan_sweep_seconds
        if self._settings.compaction and time.monotonic() >= self._next_move:
            with failures.within("moves"):
                self._mover.run(self._clock(), self._pace.work())
                self._next_move = time.monotonic() + _MOVE_SECONDS
        with failures.within("streams"):
            self._streams.run(self._pace.work())
        failures.tell()

    def _sweep(self) -> None:
        failures = Failures()
        with failures.within("documents"):
            self._deletions.write_documents()
        with failures.within("quarantine"):
            self._quarantine.recheck(self._pace.work())
        with failures.within("orphans"):
            self._reclaimer.sweep(self._settings.orphan_grace_seconds, self._pace.work())
        failures.tell()

    def _compact(self, rules: CompactionRules) -> None:
        """Runs jobs until none is due, and has the objects of what they replaced deleted. Raises Unavailable."""

        def reclaim(failures: Failures) -> None:
            if "objects" not in failures:  # to be refused may take a minute
                with failures.within("objects"):
                    self._reclaimer.reclaim(self._pace.work())

        self._compactions.run(rules, reclaim)
