"""Metrics of the server, with the names that Loki's dashboards and rules use."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.requests import api_of

_REQUEST_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0)


class Metrics:
    """The API's own metrics, in a registry of their own to which other parts add collectors."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        self.lines_received = Counter(
            "loki_distributor_lines_received_total",
            "The total number of lines received per tenant.",
            ("tenant",),
            registry=self.registry,
        )
        self.bytes_received = Counter(
            "loki_distributor_bytes_received_total",
            "The total number of uncompressed bytes received per tenant.",
            ("tenant",),
            registry=self.registry,
        )
        self.tails = Gauge("loki_querier_tail_active", "Number of active tailers.", registry=self.registry)


class PartCounters(Collector):
    """Counters that the parts of the server keep as plain numbers, read when somebody asks."""

    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for name, value in sorted(self._read().items()):
            yield CounterMetricFamily(f"sigyn_{name}", f"{name.replace('_', ' ')} since the start.", value=value)


async def metrics(request: Request) -> Response:
    """`/metrics`, in OpenMetrics for those who ask for it, else in Prometheus' text format."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(api_of(request).metrics.registry), headers={"Content-Type": content_type})
