"""Metrics of how queries wait, and of what is cached of their answers."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from sigyn.services.counts_by_tenant import OTHER_TENANTS
from sigyn.services.query import QueryService

_CACHE = "results"


class QueryCollector(Collector):
    """What the query service counts, read when somebody asks for `/metrics`."""

    def __init__(self, queries: QueryService) -> None:
        self._queries = queries

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        queue = self._queries.queue
        lengths = GaugeMetricFamily(
            "loki_query_scheduler_queue_length", "Queries that wait for their turn.", labels=("user",)
        )
        waits = SummaryMetricFamily(
            "loki_query_scheduler_queue_duration_seconds", "Time that queries waited for their turn.", labels=("user",)
        )
        waiting = queue.lengths()
        for tenant, waited in queue.waits.items():
            length = waiting.pop(tenant, 0) if tenant != OTHER_TENANTS else sum(waiting.values())
            lengths.add_metric((tenant,), length)
            waits.add_metric((tenant,), count_value=waited.count, sum_value=waited.seconds)
        yield lengths
        yield waits
        yield CounterMetricFamily(
            "sigyn_queries_joined",
            "Queries answered by an identical one under way.",
            value=self._queries.flights.joined,
        )
        blocked = CounterMetricFamily("loki_blocked_queries", "Queries that were blocked by policy.", labels=("user",))
        for tenant, counted in self._queries.blocked.items():
            blocked.add_metric((tenant,), counted.count)
        yield blocked
        yield from self._cache()

    def _cache(self) -> Iterable[Metric]:
        if self._queries.cache is None:
            return
        counters = self._queries.cache.counters
        for name, text, value in (
            ("loki_cache_fetched_keys", "Keys that were asked for.", counters.requested),
            ("loki_cache_hits", "Keys that were found.", counters.found),
            ("sigyn_cache_stored_keys", "Keys that were stored.", counters.stored),
            ("sigyn_cache_evicted_keys", "Keys that were given up for others.", counters.evicted),
            ("sigyn_cache_failures", "Calls to the cache that failed.", counters.failures),
        ):
            family = CounterMetricFamily(name, text, labels=("name",))
            family.add_metric((_CACHE,), value)
            yield family
        size = GaugeMetricFamily("sigyn_cache_bytes", "Memory of the process that is used.", labels=("name",))
        size.add_metric((_CACHE,), counters.bytes)
        yield size
