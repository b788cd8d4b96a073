"""A data folder, or plain files, queried in this process without a server."""

import asyncio
import tempfile
import threading
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import asdict, replace
from itertools import islice
from os import cpu_count
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pyarrow as pa

from sigyn.client.plain_files import PlainFile, Watch
from sigyn.client.table import to_table
from sigyn.client.times import Moment, moment
from sigyn.engine.duck import Duck
from sigyn.languages.durations import parse_duration
from sigyn.languages.logql import ast, parse
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.results import Direction, QueryAnswer
from sigyn.model.time import SECOND, Clock, system_clock
from sigyn.services.demotion import Demotion
from sigyn.services.discovery import LevelRules, level_from_line
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.label_watch import DemotionRules
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.open_catalog import catalog_name, has_catalog
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store

SINGLE_TENANT = "fake"
"""The tenant of a store without authentication, by Loki's name for it."""

_MEMORY = 1 << 30
_BATCH_LINES = 50_000
_EARLIEST = 0
T = TypeVar("T")


class LocalStore:
    """Asks a store in this process. Use it as a context manager, or call `close`.

    `tenant` chooses one in a store with several.
    """

    def __init__(
        self, store_settings: StoreSettings, *, tenant: str = SINGLE_TENANT, clock: Clock = system_clock
    ) -> None:
        """Opens the store; raises FolderInUse when a server has it."""
        self._tenant = tenant
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sigyn-store", daemon=True)
        self._thread.start()
        self._spill = tempfile.TemporaryDirectory(prefix="sigyn-")
        try:
            self._store = self._wait(_opened(store_settings))
        except BaseException:
            self._stop_loop()
            raise
        cores = cpu_count() or 1
        self._duck = Duck(_MEMORY, cores, self._spill.name)
        limits = QueryLimits(max_query_series=0, max_query_length=0, query_timeout=24 * 3600 * SECOND)
        self._queries = QueryService(self._store, self._duck, limits, threads=cores, queue=QueueLimits(1))

    def query(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        step: str | float | None = None,
        limit: int = 100,
        direction: Direction = "backward",
    ) -> pa.Table:
        """The answer to a query as an Arrow table, as RemoteStore.query gives it.

        Without `start`, a log query looks at everything that the store has.
        """
        instant = start is None and step is None and not isinstance(parse(logql), ast.LogQuery | ast.PipedQuery)
        if instant:
            return to_table(self.answer_instant(logql, at=end).result)
        answer = self.answer_range(logql, start=start, end=end, step=step, limit=limit, direction=direction)
        return to_table(answer.result)

    def answer_range(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        step: str | float | None = None,
        limit: int = 100,
        direction: Direction = "backward",
    ) -> QueryAnswer:
        """The answer over a range, with warnings and what it cost."""
        first, last = self._range(start, end)
        request = QueryRequest(self._tenant, logql, first, last, _step(step), limit, direction)
        return self._wait(self._queries.query_range(request))

    def answer_instant(self, logql: str, *, at: Moment | None = None, limit: int = 100) -> QueryAnswer:
        """The values at a moment, or the lines of the hour before it."""
        time = moment("now" if at is None else at, self._clock())
        return self._wait(self._queries.query_instant(QueryRequest(self._tenant, logql, time, time, limit=limit)))

    def explain(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        step: str | float | None = None,
        instant: bool = False,
    ) -> dict[str, Any]:
        """How the query would run: the fields of sigyn.engine.explain.Explanation."""
        first, last = self._range(start, end)
        request = QueryRequest(self._tenant, logql, last if instant else first, last, _step(step))
        return asdict(self._wait(self._queries.explain(request, instant=instant)))

    def labels(
        self, name: str = "", *, selector: str = "", start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """Names of labels, or with a name the values of that label; of the streams of `selector` when it is given."""
        first, last = self._range(start, end)
        if name:
            return self._wait(self._queries.label_values(self._tenant, name, first, last, selector or None))
        return self._wait(self._queries.labels(self._tenant, first, last, selector or None))

    def series(self, *selectors: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets of streams; of all streams when no selector is given."""
        first, last = self._range(start, end)
        return [dict(each) for each in self._wait(self._queries.series(self._tenant, first, last, list(selectors)))]

    def cardinality(self, *, start: Moment | None = None, end: Moment | None = None, limit: int = 10) -> dict[str, Any]:
        """Which labels make how many streams: the fields of sigyn.services.cardinality.Cardinality."""
        first, last = self._range(start, end)
        return asdict(self._wait(self._queries.cardinality(self._tenant, first, last, limit)))

    def promote(self, label: str) -> dict[str, Any]:
        """Makes a demoted label one of the streams again; raises NotFound."""
        return asdict(Demotion(self._store.demoted, self._clock).promote(self._tenant, label))

    def demote(self, label: str) -> dict[str, Any]:
        """Makes a label of streams one of the entries, which carry it as structured metadata."""
        demotion = Demotion(self._store.demoted, self._clock)
        return asdict(demotion.demote_by_hand(self._tenant, label, DemotionRules()))

    def load(self, files: Sequence[PlainFile], watch: Watch | None = None) -> tuple[int, int] | None:
        """Takes in the lines of files; the first and last time among them in ns, None without lines.

        A store keeps one of exact duplicates, but a line that stands twice in a file happened
        twice: lines of equal times are put a nanosecond apart.
        """
        first = last = None
        for file in files:
            entries = file.entries(watch)
            taken: Counter[int] = Counter()
            while chunk := list(islice(entries, _BATCH_LINES)):
                times = [_apart(entry.timestamp, taken) for entry in chunk]
                first = min(times) if first is None else min(first, *times)
                last = max(times) if last is None else max(last, *times)
                self._wait(self._store.append(_batch(file, times, [entry.line for entry in chunk])))
        return None if first is None or last is None else (first, last)

    def close(self) -> None:
        """Lets go of the store."""
        if self._loop.is_closed():
            return
        self._queries.close()
        self._duck.close()
        self._wait(self._store.close())
        self._stop_loop()

    def __enter__(self) -> "LocalStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _range(self, start: Moment | None, end: Moment | None) -> tuple[int, int]:
        now = self._clock()
        return _EARLIEST if start is None else moment(start, now), moment("now" if end is None else end, now)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs on the store's own loop, so that it works where another loop runs, as in a notebook."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._spill.cleanup()


def open_folder(folder: Path, *, tenant: str = "") -> LocalStore:
    """The store in a data folder; raises NotFound when there is none, FolderInUse when a server has it."""
    return open_store(StoreSettings(data=folder), tenant=tenant)


def open_store(settings: StoreSettings, *, tenant: str = "") -> LocalStore:
    """The store with these settings, to be asked: nothing is merged, moved or deleted.

    Raises NotFound when there is none, and FolderInUse when a server has it.
    """
    if not has_catalog(settings):
        where = catalog_name(settings) if settings.catalog else "catalog.sqlite"
        raise NotFound(f"{settings.data} is no data folder of Sigyn: it has no {where}")
    asked = replace(
        settings,
        compaction=False,
        delete_mode="disabled" if settings.delete_mode == "disabled" else "filter-only",
    )
    return LocalStore(asked, tenant=tenant or SINGLE_TENANT)


def _apart(timestamp: int, taken: Counter[int]) -> int:
    """A time of its own for the next line that is of this time."""
    taken[timestamp] += 1
    return timestamp + taken[timestamp] - 1


async def _opened(settings: StoreSettings) -> Store:
    return Store.open(settings)


def _batch(file: PlainFile, times: list[int], lines: list[str]) -> Batch:
    rules = LevelRules()
    count = len(lines)
    entries = pa.table(
        [
            pa.array([0] * count, pa.int32()),
            pa.array(times, pa.int64()),
            pa.array(lines, pa.string()),
            pa.array([level_from_line(line, rules) for line in lines], pa.string()),
            pa.nulls(count, pa.string()),
        ],
        schema=ENTRY_SCHEMA,
    )
    return Batch(SINGLE_TENANT, (file.labels,), entries)


def _step(step: str | float | None) -> int | None:
    if step is None:
        return None
    length = parse_duration(step) if isinstance(step, str) else round(step * SECOND)
    if length <= 0:
        raise BadRequest(f"step={step} is not a step: write a duration such as 30s, or seconds")
    return length
