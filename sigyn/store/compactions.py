"""Runs the compactions that are due, tenant by tenant; two at a time where much waits."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sigyn.model.time import SECOND, Clock
from sigyn.store.archives.sightings import Sightings
from sigyn.store.catalog import SegmentInfo
from sigyn.store.compaction import CompactionRules, plan_compaction
from sigyn.store.compactor import Compactor
from sigyn.store.deletions import Deletions, apart
from sigyn.store.failures import Failures
from sigyn.store.live import LiveSegments
from sigyn.store.pace import Pace
from sigyn.store.settings import StoreSettings
from sigyn.store.tiers import HOT

_ARCHIVED_SECONDS = 3600.0
_FAR = 2  # behind by half of what may wait: then a second job is worth its memory, and nothing waits for more to come


class Compactions:
    """Knows in which tenants there is nothing to merge for now. Used by one thread at a time."""

    def __init__(
        self, settings: StoreSettings, live: LiveSegments, compactor: Compactor, deletions: Deletions, pace: Pace,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._live = live
        self._compactor = compactor
        self._deletions = deletions
        self._pace = pace
        self._clock = clock
        self._settled: dict[str, tuple[Sequence[SegmentInfo], bool, float]] = {}  # in a hurry, until when (monotonic)
        self._archived = Sightings(_ARCHIVED_SECONDS)  # by a rule of the bucket: which tiers are archives is known

    def look_again(self) -> None:
        """Takes no tenant for settled."""
        self._settled.clear()

    def run(self, rules: CompactionRules, after_each_round: Callable[[Failures], None]) -> None:
        """Runs jobs until none is due.

        A tier or a tenant in which one fails is left alone for now, and told at the end: raises Unavailable. So is a
        segment that could not be read, from then on until it can: a tenant of which nothing is merged any more would
        in the end keep all pushes out. `after_each_round` is called when each tenant had its turn, with what failed.
        """
        failures = Failures()
        with failures.within("what could not be read"):
            self._compactor.look_at_unread(self._pace.work())
        with ThreadPoolExecutor(1, "sigyn-compaction") as second:
            while self._run_jobs(rules, failures, second):
                after_each_round(failures)
        failures.tell()

    def _run_jobs(self, rules: CompactionRules, failures: Failures, second: ThreadPoolExecutor) -> bool:
        """Runs the jobs that are due, one or two for each tenant; whether there was any."""
        ran = False
        jobs = self._due(rules, failures)
        for job in jobs:
            ran = True
            beside = next(jobs, ()) if self._runs_two() else ()
            running = second.submit(self._compactor.run, beside, self._pace.work()) if beside else None
            try:
                with failures.within(_place(job)):
                    self._note_archived(self._compactor.run(job, self._pace.work()))
            finally:
                if running:
                    with failures.within(_place(beside)):
                        self._note_archived(running.result())
        return ran

    def _runs_two(self) -> bool:
        return self._settings.compaction_jobs > 1 and self._is_far_behind()

    def _is_far_behind(self) -> bool:
        return self._pace.is_behind(_FAR)

    def _due(self, rules: CompactionRules, failures: Failures) -> Iterator[tuple[SegmentInfo, ...]]:
        """Jobs, each planned when it is asked for; those of one tenant are of different segments."""
        for tenant in self._tenants():
            segments = self._live.of(tenant)
            hurry = self._is_far_behind()
            seen, hurried, until = self._settled.get(tenant, (None, False, 0.0))
            if f"tenant {tenant}" in failures or (seen is segments and hurried == hurry and time.monotonic() < until):
                continue
            failing = {tier.name for tier in self._settings.tiers if f"tier {tier.name}" in failures}
            allowed = replace(rules, frozen=rules.frozen | failing, hurry=hurry)
            job = self._job(tenant, segments, allowed)
            if job:
                yield job
                if self._runs_two() and f"tenant {tenant}" not in failures:
                    taken = {segment.id for segment in job}
                    others = [segment for segment in segments if segment.id not in taken]
                    yield from filter(None, [self._job(tenant, others, allowed)])
            elif not failing:
                self._settled[tenant] = (segments, hurry, time.monotonic() + rules.age / SECOND)

    def _tenants(self) -> Sequence[str]:
        """Tenants with segments; far behind, those first with whom a job brings most."""
        tenants = self._live.tenants()
        if self._is_far_behind():
            tenants.sort(key=lambda tenant: -sum(segment.level == 0 for segment in self._live.of(tenant)))
        return tenants

    def _job(self, tenant: str, segments: Sequence[SegmentInfo], rules: CompactionRules) -> tuple[SegmentInfo, ...]:
        """Those of these segments that are to be merged next; none when all is well."""
        segments = [
            segment
            for segment in segments
            if segment.id not in self._compactor.full
            and segment.id not in self._compactor.unread
            and not self._archived.has(segment.id)
        ]
        sides = apart(segments, self._deletions.unprocessed(tenant))
        now = self._clock()
        return next(filter(None, (plan_compaction(side, rules, now) for side in sides)), ())

    def _note_archived(self, segments: Sequence[SegmentInfo]) -> None:
        for segment in segments:
            self._archived.note(segment.id)


def _place(job: Sequence[SegmentInfo]) -> str:
    """Where a job is, as failures are told apart."""
    return f"tenant {job[0].tenant}" if job[0].tier == HOT else f"tier {job[0].tier}"
