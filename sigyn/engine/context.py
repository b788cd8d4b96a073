"""What a running query carries along: where to compute, when to stop, what it has cost so far."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from sigyn.engine.duck import Duck
from sigyn.engine.interpreter.errors import Skipped
from sigyn.engine.scan import Part
from sigyn.model.errors import Cancelled, QueryTimeout
from sigyn.model.results import QueryStatistics
from sigyn.model.rfc3339 import format_rfc3339

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_NAMED = 5  # objects that can't be read; a disk that is not mounted has any number

AHEAD = 3  # tasks in flight per query: both cores busy, one waiting, little wasted when a query ends early


@dataclass(slots=True)
class QueryContext:
    """One running query.

    deadline   `time.monotonic()` at which it has run for too long, None: never
    strict     an entry with an error fails a metric query, as in Loki; else it is left out
    partial    a query that runs for too long answers what it has; else it fails
    is_awaited  somebody waits for the answer, and may ask again
    max_answer_bytes  text that the entries of a log query may have; 0: any
    lost_objects  those that turned out to be lost when it read them
    quarantined_objects  those with entries for it that were known to be lost before
    """

    duck: Duck
    executor: Executor
    deadline: float | None = None
    strict: bool = False
    partial: bool = True
    is_awaited: bool = True
    max_answer_bytes: int = 0
    statistics: QueryStatistics = field(default_factory=QueryStatistics)
    lost_objects: set[str] = field(default_factory=set)
    quarantined_objects: set[str] = field(default_factory=set)
    _warnings: list[str] = field(default_factory=list)
    _skipped: Skipped = field(default_factory=Skipped)
    cancelled: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Raises Cancelled or QueryTimeout when the query should stop."""
        if self.cancelled.is_set():
            raise Cancelled("the query was cancelled")
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise QueryTimeout(
                "the query took longer than `query_timeout` allows; narrow its time range or its selector"
            )

    def warn(self, text: str) -> None:
        """Tell the person who asked, beside the answer."""
        with self.lock:
            if text not in self._warnings:
                self._warnings.append(text)

    def warnings(self) -> list[str]:
        """All that should be said beside the answer."""
        found = list(self._warnings)
        if self._skipped.count:
            first = self._skipped.message.partition("\n")[0]
            found.append(f"{self._skipped.count} entries that a stage could not read were left out; first: {first}")
        lost = sorted(self.lost_objects | self.quarantined_objects)
        found += [f"object `{key}` can't be read; its entries are missing here" for key in lost[:_NAMED]]
        if len(lost) > _NAMED:
            found.append(f"nor can {len(lost) - _NAMED} others; `sigyn store check` lists all that are in quarantine")
        return found

    def is_whole(self) -> bool:
        """Whether nothing is left out or missing, but what was in quarantine before the query began."""
        return not (self._warnings or self._skipped.count or self.lost_objects)

    def stop_early(self, timeout: QueryTimeout, unread: Sequence[Sequence[Part]], *, anything: bool) -> tuple[int, int]:
        """Oldest and newest entry (ns) of units that were not looked at, told as `stop_between` does."""
        first = min(part.first for unit in unread for part in unit)
        last = max(part.last for unit in unread for part in unit)
        self.stop_between(timeout, first, last, anything=anything)
        return first, last

    def stop_between(self, timeout: QueryTimeout, first: int, last: int, *, anything: bool) -> None:
        """Tells in a warning which entries were not looked at, by their times (ns).

        Raises the timeout again when part of an answer, or nothing, would be worse than none.
        """
        if not self.partial or not anything:
            raise timeout
        self.warn(
            f"the query was stopped by its timeout (query_timeout) before it had read all: "
            f"entries between {format_rfc3339(first)} and {format_rfc3339(last)} may be missing"
        )

    def note_interpreted(self, entries: int, skipped: Skipped) -> None:
        """Count entries that the interpreter saw, and those that it left out because of errors."""
        with self.lock:
            self.statistics.lines_interpreted += entries
            self._skipped.count += skipped.count
            self._skipped.message = self._skipped.message or skipped.message

    def note_skipped(self, entries: int) -> None:
        """Count entries that were left out because of an error that was noted before."""
        with self.lock:
            self._skipped.count += entries

    def count_read(self, unit: Sequence[Part]) -> None:
        """Count what a task has read."""
        with self.lock:
            self.statistics.row_groups_read += sum(len(part.groups) for part in unit)
            self.statistics.lines_read += sum(part.rows for part in unit)
            self.statistics.bytes_read += sum(
                part.segment.text_bytes * part.rows // max(part.segment.rows, 1) for part in unit
            )

    def one_by_one(self, work: Callable[[Item], Outcome], items: Iterable[Item]) -> Iterator[Outcome]:
        """Results of `work` in the order of the items, computed on this thread as they are asked for."""
        for item in items:
            self.check()
            yield work(item)

    def in_order(self, work: Callable[[Item], Outcome], items: Iterable[Item]) -> Iterator[Outcome]:
        """Results of `work`, in the order of the items, computed a few ahead on other threads.

        When the caller stops early, tasks that have not begun are dropped.
        """
        waiting = []
        try:
            for item in items:
                self.check()
                waiting.append(self.executor.submit(work, item))
                if len(waiting) >= AHEAD:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
            for future in waiting:
                if not future.cancelled():
                    future.exception()
