"""Metrics of the server, with the names that Loki's dashboards and rules use."""

from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.requests import api_of
from sigyn.services.push_counters import PushCounters

_REQUEST_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0)


class Metrics:
    """The API's own metrics, the counters of the other parts, and those of the process."""

    def __init__(self, pushes: PushCounters, overrides_are_read: Callable[[], bool] = lambda: True) -> None:
        self.registry = CollectorRegistry()
        self.before: Callable[[], Awaitable[None]] | None = None
        """Awaited before metrics are shown, to count what other processes did."""
        self.registry.register(PushCollector(pushes))
        ProcessCollector(registry=self.registry)
        self.durations = Histogram(
            "loki_request_duration_seconds",
            "Time (in seconds) spent serving HTTP requests.",
            ("method", "route", "status_code", "ws"),
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "loki_inflight_requests",
            "Requests being served now.",
            registry=self.registry,
        )
        Gauge(
            "loki_runtime_config_last_reload_successful",
            "Whether the last runtime-config reload attempt was successful.",
            registry=self.registry,
        ).set_function(lambda: float(overrides_are_read()))
        self.tails = Gauge("loki_querier_tail_active", "Number of active tailers.", registry=self.registry)

    def request_began(self) -> None:
        """As in RequestMetrics."""
        self.in_flight.inc()

    def request_ended(self, method: str, route: str, status: str, seconds: float) -> None:
        """As in RequestMetrics."""
        self.in_flight.dec()
        self.count_request(method, route, status, seconds)

    def count_request(self, method: str, route: str, status: str, seconds: float) -> None:
        """Counts a request that this or another process served."""
        self.durations.labels(method, route, status, "false").observe(seconds)


class PushCollector(Collector):
    """What came in and what was refused, read when somebody asks for `/metrics`."""

    def __init__(self, counters: PushCounters) -> None:
        self._counters = counters

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        counted = list(self._counters.items())
        for name, text, field in (
            ("loki_distributor_lines_received", "The total number of lines received per tenant.", "lines"),
            (
                "loki_distributor_bytes_received",
                "The total number of uncompressed bytes received per tenant.",
                "bytes",
            ),
            (
                "loki_distributor_structured_metadata_bytes_received",
                "The total number of bytes of structured metadata received per tenant.",
                "metadata_bytes",
            ),
            (
                "sigyn_demoted_labels",
                "Labels that were demoted because their values made too many streams, since the start.",
                "demoted_labels",
            ),
            (
                "sigyn_mistaken_times",
                "Lines that are stored in 1970 because their times were not in nanoseconds, since the start.",
                "mistaken_times",
            ),
        ):
            family = CounterMetricFamily(name, text, labels=("tenant",))
            for tenant, counts in counted:
                family.add_metric((tenant,), getattr(counts, field))
            yield family
        for name, text, label, field in (
            ("sigyn_redacted", "What was hidden before it was stored.", "rule", "redacted"),
            ("loki_discarded_samples", "The total number of lines that were refused.", "reason", "discarded_lines"),
            ("loki_discarded_bytes", "The total number of bytes that were refused.", "reason", "discarded_bytes"),
        ):
            family = CounterMetricFamily(name, text, labels=("tenant", label))
            for tenant, counts in counted:
                for key, value in getattr(counts, field).items():
                    family.add_metric((tenant, key), value)
            yield family


async def metrics(request: Request) -> Response:
    """`/metrics`, in OpenMetrics for those who ask for it, else in Prometheus' text format."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    known = api_of(request).metrics
    if known.before is not None:
        await known.before()
    return Response(encode(known.registry), headers={"Content-Type": content_type})
