"""The agent's own metrics, under the names that Promtail gave them."""

from collections.abc import Callable, Collection, Iterator
from typing import cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)

from sigyn.agent.stream_lag import StreamLag

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Without(CollectorRegistry):
    """A registry but for some metrics."""

    def __init__(self, registry: CollectorRegistry, names: Collection[str]) -> None:
        super().__init__()
        self._registry = registry
        self._left_out = names

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            if name not in self._left_out:
                yield metric


class AgentCounters:
    """What the agent counts; `render` gives the page for /metrics."""

    def __init__(self) -> None:
        cast(Callable[[], None], disable_created_metrics)()  # Promtail has none
        self.registry = CollectorRegistry()
        self.read_lines = self._counter("promtail_read_lines_total", "Lines read.", "path")
        self.read_bytes = self._gauge("promtail_read_bytes_total", "Bytes read of a file.", "path")
        self.file_bytes = self._gauge("promtail_file_bytes_total", "Size of a file that is read.", "path")
        self.files_active = self._gauge("promtail_files_active_total", "Files that are read.")
        self.entries = self._counter("promtail_entries_total", "Entries that pipelines let through.", "job")
        self.read_errors = self._counter("promtail_read_errors_total", "Reads of files that failed.", "path")
        self.targets_active = self._gauge("promtail_targets_active_total", "Targets that are read.")
        self.targets_failed = self._counter(
            "promtail_targets_failed_total", "Targets that could not be read.", "reason"
        )
        self.encoded_bytes = self._counter("promtail_encoded_bytes_total", "Bytes of encoded batches.", "host")
        self.sent_bytes = self._counter("promtail_sent_bytes_total", "Bytes of batches that were taken.", "host")
        self.sent_entries = self._counter("promtail_sent_entries_total", "Entries that were taken.", "host")
        self.dropped_bytes = self._counter(
            "promtail_dropped_bytes_total", "Bytes given up, by reason.", "host", "tenant", "reason"
        )
        self.dropped_entries = self._counter(
            "promtail_dropped_entries_total", "Entries given up, by reason.", "host", "tenant", "reason"
        )
        self.batch_retries = self._counter("promtail_batch_retries_total", "Batches sent again.", "host", "tenant")
        self.request_duration = Histogram(
            "promtail_request_duration_seconds",
            "Time of a push.",
            ("status_code", "host"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stream_lag = StreamLag()
        self.registry.register(self.stream_lag)
        self.buffer_bytes = self._gauge("sigyn_agent_buffer_bytes", "Bytes in the buffer on disk.")
        self.buffer_batches = self._gauge("sigyn_agent_buffer_batches", "Batches that some client has not got yet.")
        self.target_entries = self._counter(
            "promtail_target_entries_total", "Entries received by listeners.", "target", "job"
        )
        self.target_errors = self._counter(
            "promtail_target_parsing_errors_total", "Messages that were not what a listener takes.", "target", "job"
        )

    def value(self, name: str) -> float:
        """What a metric without labels stands at."""
        return self.registry.get_sample_value(name) or 0.0

    def render(self, without: Collection[str] = ()) -> bytes:
        """The metrics in Prometheus' text format, but for those of these names."""
        return generate_latest(_Without(self.registry, without) if without else self.registry)

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(name, help, labels, registry=self.registry)

    def _gauge(self, name: str, help: str, *labels: str) -> Gauge:
        return Gauge(name, help, labels, registry=self.registry)
