"""Services in memory, behind the API's own Protocols: log queries are answered by the interpreter."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sigyn.api.services import PartStatus
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.engine.line_sample import sample_of
from sigyn.engine.totals import StreamTotals
from sigyn.languages.logql import parse, parse_selector
from sigyn.languages.logql.ast import LogQuery
from sigyn.model.errors import NotFound
from sigyn.model.labels import Labels
from sigyn.model.results import LineSample, LogEntry, LogResult, QueryAnswer, QueryResult, QueryStatistics
from sigyn.services.admission import Refusals
from sigyn.services.ingest import PushOutcome
from sigyn.services.push_counters import PushCounters, push_counters
from sigyn.services.query import QueryRequest
from sigyn.wire.push import DecodedPush


@dataclass
class MemoryServices:
    """Queries, ingest and operations over a list of entries.

    Metric queries are answered from `answers`, by their text. A query whose text is in `hanging`
    never ends; `cancelled` counts those that were cancelled.
    """

    entries: list[LogEntry] = field(default_factory=list)
    answers: dict[str, QueryResult] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: Exception | None = None
    hanging: set[str] = field(default_factory=set)
    asked: list[QueryRequest] = field(default_factory=list)
    sampled: list[int] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)
    pushed: list[tuple[str, DecodedPush]] = field(default_factory=list)
    cancelled: int = 0
    counters: PushCounters = field(default_factory=push_counters)
    unready: str | None = None
    is_whole: bool = True
    flushes: int = 0

    async def query_range(self, request: QueryRequest) -> QueryAnswer:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        if request.query in self.hanging:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled += 1
        if request.query in self.answers:
            return QueryAnswer(self.answers[request.query], QueryStatistics(), self.warnings, is_whole=self.is_whole)
        tree = parse(request.query)
        if not isinstance(tree, LogQuery):
            raise NotFound(f"no answer is set for {request.query}")
        pipeline = Pipeline(tree.stages)
        found = []
        for entry in self.within(request.start, request.end):
            if selector_matches(tree.selector, entry.stream):
                processed = pipeline.process(entry.stream, entry.timestamp, entry.line, entry.metadata)
                if processed is not None:
                    found.append(processed.as_log_entry())
        backward = request.direction == "backward"
        found.sort(key=lambda entry: entry.timestamp, reverse=backward)
        kept = found[: request.limit]
        statistics = QueryStatistics(seconds=0.5, lines_read=len(found), bytes_read=10 * len(found))
        statistics.entries_returned = len(kept)
        return QueryAnswer(LogResult(kept, request.direction), statistics, self.warnings, is_whole=self.is_whole)

    async def query_instant(self, request: QueryRequest) -> QueryAnswer:
        return await self.query_range(request)

    async def labels(self, tenant: str, start: int, end: int, selector: str | None) -> list[str]:
        streams = await self.series(tenant, start, end, [selector] if selector else [])
        return sorted({name for labels in streams for name, _ in labels})

    async def label_values(self, tenant: str, name: str, start: int, end: int, selector: str | None) -> list[str]:
        streams = await self.series(tenant, start, end, [selector] if selector else [])
        return sorted({value for labels in streams for label, value in labels if label == name})

    async def series(self, tenant: str, start: int, end: int, selectors: list[str]) -> list[Labels]:
        self.tenants.append(tenant)
        parsed = [parse_selector(selector) for selector in selectors]
        streams = {entry.stream for entry in self.within(start, end)}
        return sorted(
            labels for labels in streams if not parsed or any(selector_matches(one, labels) for one in parsed)
        )

    async def stream_totals(self, tenant: str, start: int, end: int, selector: str, step: int | None) -> StreamTotals:
        self.tenants.append(tenant)
        parsed = parse_selector(selector)
        entries: Counter[tuple[Labels, int]] = Counter()
        sizes: Counter[tuple[Labels, int]] = Counter()
        for entry in self.within(start, end):
            if selector_matches(parsed, entry.stream):
                key = (entry.stream, start + (entry.timestamp - start) // step * step if step else start)
                entries[key] += 1
                sizes[key] += len(entry.line)
        labels = sorted({stream for stream, _ in entries})
        cells = sorted(
            (labels.index(stream), bucket, count, sizes[stream, bucket]) for (stream, bucket), count in entries.items()
        )
        return StreamTotals(labels, *np.array(cells, np.int64).reshape(-1, 4).T)

    async def newest_lines(self, tenant: str, selector: str, edges: npt.NDArray[np.int64], most: int) -> LineSample:
        self.tenants.append(tenant)
        self.sampled.append(most)
        parsed = parse_selector(selector)
        found = []
        for start, end in pairwise(edges.tolist()):
            matching = [entry for entry in self.within(start, end) if selector_matches(parsed, entry.stream)]
            found.append(sorted(matching, key=lambda entry: entry.timestamp, reverse=True)[:most])
        return sample_of(edges, found)

    def within(self, start: int, end: int) -> list[LogEntry]:
        return [entry for entry in self.entries if start <= entry.timestamp < end]

    async def push(self, tenant: str, decoded: DecodedPush) -> PushOutcome:
        if self.failure is not None:
            raise self.failure
        self.pushed.append((tenant, decoded))
        return PushOutcome(len(decoded.entries), 0, Refusals())

    async def not_ready(self) -> str | None:
        return self.unready

    def parts(self) -> Sequence[PartStatus]:
        return [PartStatus("store", "Running")]

    def configuration(self) -> str:
        return "auth_enabled: false\n"

    def limits(self, tenant: str) -> str:
        return f"# {tenant}\n"

    async def flush(self) -> None:
        self.flushes += 1
