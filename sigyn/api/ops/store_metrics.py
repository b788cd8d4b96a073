"""Metrics of how much the store holds, and of how much room is left for it."""

import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sigyn.store.store import Store


class StoreCollector(Collector):
    """The store's gauges, read when somebody asks for `/metrics`; of the disk where there is a data folder."""

    def __init__(self, store: Store, data: Path | None) -> None:
        self._store = store
        self._data = data

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for name, value in asdict(self._store.gauges()).items():
            yield GaugeMetricFamily(f"sigyn_store_{name}", f"{name.replace('_', ' ')}, now.", value=float(value))
        if self._data is not None:
            usage = shutil.disk_usage(self._data)
            yield GaugeMetricFamily("sigyn_data_free_bytes", "Room on the disk of the data folder.", value=usage.free)
            yield GaugeMetricFamily("sigyn_data_size_bytes", "Size of the disk of the data folder.", value=usage.total)
