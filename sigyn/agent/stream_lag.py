"""How old the last entry of each file was when a server took it."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sigyn.model.time import HOUR, Clock, steady_clock

NAME = "promtail_stream_lag_seconds"

REMEMBERED = HOUR
"""ns after the last delivery for which a file is shown. Rotation and pods bring new names all the time, and a server
may take the last of a file long after it was read to its end, so that the reader can't say when it is over."""


class StreamLag(Collector):
    """The metric `promtail_stream_lag_seconds`, by file and by the server that took the entry."""

    def __init__(self, clock: Clock = steady_clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, int]] = {}

    def set(self, file: str, host: str, seconds: float) -> None:
        """Notes a delivery to a server."""
        if (file, host) not in self._known:
            self._forget()
        self._known[file, host] = seconds, self._clock()

    def by_file(self) -> dict[str, float]:
        """Seconds by file, the longest over all servers."""
        found: dict[str, float] = {}
        for file, _, seconds in self._current():
            found[file] = max(found.get(file, 0.0), seconds)
        return found

    def collect(self) -> Iterator[Metric]:
        """As in Collector."""
        family = GaugeMetricFamily(
            NAME, "Age of the last entry of a file when it was taken.", labels=("filename", "host")
        )
        for file, host, seconds in self._current():
            family.add_metric((file, host), seconds)
        yield family

    def _forget(self) -> None:
        oldest = self._clock() - REMEMBERED
        self._known = {key: known for key, known in self._known.items() if known[1] > oldest}

    def _current(self) -> list[tuple[str, str, float]]:
        self._forget()
        return [(file, host, seconds) for (file, host), (seconds, _) in self._known.items()]
