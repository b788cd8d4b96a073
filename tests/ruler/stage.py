"""A store in memory with a ruler over it, whose evaluations happen when the test says so."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigyn.engine.duck import Duck
from sigyn.languages.promql import parse_promql
from sigyn.model.labels import Labels
from sigyn.model.results import VectorResult
from sigyn.model.tenants import SINGLE_TENANT
from sigyn.model.time import SECOND
from sigyn.ruler.alert import Alert
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.evaluation import Evaluator
from sigyn.ruler.group_run import GroupRun, Told
from sigyn.ruler.group_state import GroupStates
from sigyn.ruler.rehearsal.run import push_of
from sigyn.ruler.rehearsal.script import Entry, InputStream
from sigyn.ruler.rule import GroupKey, Rule, RuleGroup
from sigyn.ruler.series_query import instant
from sigyn.ruler.series_store import SeriesStore
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.statistics import RulerStatistics
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.ingest import IngestService
from sigyn.services.query import QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store

from .rules import START

KEY = GroupKey(SINGLE_TENANT, "rules.yaml", "shop")


@dataclass
class Stage:
    """Times are seconds after START."""

    store: Store
    queries: QueryService
    ingest: IngestService
    loop: asyncio.AbstractEventLoop
    database: RulerDatabase = field(default_factory=lambda: RulerDatabase(None))
    statistics: RulerStatistics = field(default_factory=RulerStatistics)
    told: list[Told] = field(default_factory=list)

    @property
    def series(self) -> SeriesStore:
        return SeriesStore(self.database)

    def push(self, stream: Labels, *entries: tuple[float, str], metadata: Labels = ()) -> None:
        lines = tuple(Entry(round(at * SECOND), line, metadata) for at, line in entries)
        self.loop.run_until_complete(self.ingest.push(SINGLE_TENANT, push_of(InputStream(stream, lines))))

    def group(self, *rules: Rule, interval: int = 10, limit: int = 0, **settings: Any) -> GroupRun:
        """A group over this stage, with the state that the one before it left."""
        known = RulerSettings(**settings)
        return GroupRun(
            KEY,
            RuleGroup("shop", rules, interval * SECOND, limit),
            "rules.yaml",
            evaluator=Evaluator(self.queries, self.series, known),
            series=self.series,
            states=GroupStates(self.database),
            settings=known,
            statistics=self.statistics,
            tell=self.told.append,
        )

    def evaluate(self, run: GroupRun, *times: int) -> Told:
        for at in times:
            told = self.loop.run_until_complete(run.evaluate(START + at * SECOND))
        return told

    def ask(self, query: str, at: int) -> Mapping[Labels, float]:
        result = instant(self.series, SINGLE_TENANT, parse_promql(query), START + at * SECOND)
        assert isinstance(result, VectorResult)
        return {sample.labels: sample.value for sample in result.samples}


def alerts_of(run: GroupRun, place: int = 0) -> Sequence[Alert]:
    return run.rule_state(place).alerts


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        store = Store.open(StoreSettings(data=None))
        duck = Duck(256 << 20, 1, str(folder))
        queries = QueryService(store, duck, QueryLimits(max_query_series=5), threads=1, queue=QueueLimits(1))
        try:
            yield Stage(store, queries, IngestService(store), runner.get_loop())
        finally:
            queries.close()
            duck.close()
            runner.run(store.close())
