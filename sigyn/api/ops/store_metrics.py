"""Metrics of what the store did, how much it holds, and how much room is left for it."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sigyn.store.metrics import StoreGauges, StoreMetrics
from sigyn.store.store import Store


class StoreCollector(Collector):
    """The store's counters and gauges, read for `/metrics`; those of the disk where there is a data folder."""

    def __init__(self, store: Store, data: Path | None) -> None:
        self._store = store
        self._data = data

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for name, text, value in _described(self._store.metrics):
            yield CounterMetricFamily(f"sigyn_store_{name}", text, value=value)
        for name, text, value in _described(self._store.gauges()):
            yield GaugeMetricFamily(f"sigyn_store_{name}", text, value=value)
        if self._data is not None:
            usage = shutil.disk_usage(self._data)
            yield GaugeMetricFamily("sigyn_data_free_bytes", "Room on the disk of the data folder.", value=usage.free)
            yield GaugeMetricFamily("sigyn_data_size_bytes", "Size of the disk of the data folder.", value=usage.total)


def _described(numbers: StoreMetrics | StoreGauges) -> Iterator[tuple[str, str, float]]:
    """Name, help and value of each number."""
    for each in fields(numbers):
        yield each.name, each.metadata["help"], float(getattr(numbers, each.name))
