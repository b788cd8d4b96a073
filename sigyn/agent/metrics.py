"""The metrics that stages make: counters, gauges and histograms by labels, in Prometheus' text format."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final, Literal, TypeAlias

from sigyn.agent.errors import ConfigurationError
from sigyn.languages.go_numbers import format_short
from sigyn.model.time import MINUTE, Clock, system_clock

MetricType: TypeAlias = Literal["counter", "gauge", "histogram"]

DEFAULT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Prometheus' default upper bounds of a histogram, in seconds."""

DEFAULT_IDLE: Final = 5 * MINUTE
FOREVER: Final = (1 << 63) - 1

_Key: TypeAlias = frozenset[tuple[str, str]]
_DROPPED = "logentry_dropped_lines_total"
_DROPPED_BY_LABEL = "logentry_dropped_lines_by_label_total"
_LABEL_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n"})


@dataclass(slots=True)
class _Series:
    labels: tuple[tuple[str, str], ...]
    counts: list[int]
    value: float = 0.0
    touched: int = 0


@dataclass(slots=True)
class Metric:
    """One metric: its series by label set. Series that nobody touched for `max_idle` ns vanish."""

    name: str
    help: str
    type: MetricType
    bounds: tuple[float, ...]
    max_idle: int
    clock: Clock
    _series: dict[_Key, _Series] = field(default_factory=dict)

    def add(self, labels: Mapping[str, str], amount: float) -> None:
        """Add to the value; a counter ignores negative amounts."""
        if amount >= 0 or self.type != "counter":
            self._touch(labels).value += amount

    def set(self, labels: Mapping[str, str], value: float) -> None:
        """Set the value of a gauge."""
        self._touch(labels).value = value

    def observe(self, labels: Mapping[str, str], value: float) -> None:
        """Count the value in the histogram's bucket for it."""
        series = self._touch(labels)
        series.counts[bisect_left(self.bounds, value)] += 1
        series.value += value

    def _touch(self, labels: Mapping[str, str]) -> _Series:
        key = frozenset(labels.items())
        series = self._series.get(key)
        if series is None:
            visible = tuple(sorted(item for item in key if item[1] and not item[0].startswith("__")))
            buckets = len(self.bounds) + 1 if self.type == "histogram" else 0
            series = self._series[key] = _Series(visible, [0] * buckets)
        series.touched = self.clock()
        return series

    def render(self) -> list[str]:
        """The lines of this metric; none when it has no series."""
        oldest = self.clock() - self.max_idle
        for key in [key for key, series in list(self._series.items()) if series.touched < oldest]:
            del self._series[key]
        if not self._series:
            return []
        lines = [f"# HELP {self.name} {self.help.translate(_HELP_ESCAPES)}", f"# TYPE {self.name} {self.type}"]
        for series in sorted(self._series.values(), key=lambda each: each.labels):
            lines.extend(self._render_histogram(series) if self.type == "histogram" else self._render_value(series))
        return lines

    def _render_value(self, series: _Series) -> list[str]:
        return [f"{self.name}{_braces(series.labels)} {format_short(series.value)}"]

    def _render_histogram(self, series: _Series) -> list[str]:
        lines: list[str] = []
        total = 0
        for bound, count in zip((*self.bounds, inf), series.counts, strict=True):
            total += count
            labels = (*series.labels, ("le", format_short(bound)))
            lines.append(f"{self.name}_bucket{_braces(labels)} {total}")
        lines.append(f"{self.name}_sum{_braces(series.labels)} {format_short(series.value)}")
        lines.append(f"{self.name}_count{_braces(series.labels)} {total}")
        return lines


def _braces(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value.translate(_LABEL_ESCAPES)}"' for name, value in labels) + "}"


class StageMetrics:
    """All metrics of the stages of an agent. Pipelines that name the same metric share it."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._metrics: dict[str, Metric] = {}

    def metric(
        self,
        name: str,
        type_: MetricType,
        help_: str,
        *,
        bounds: tuple[float, ...] = (),
        max_idle: int = DEFAULT_IDLE,
    ) -> Metric:
        """The metric of this name. Raises ConfigurationError when it exists with another type or other buckets."""
        metric = self._metrics.get(name)
        if metric is None:
            metric = self._metrics[name] = Metric(name, help_, type_, bounds, max_idle, self._clock)
        elif (metric.type, metric.bounds) != (type_, bounds):
            raise ConfigurationError(f"the metric `{name}` exists already, with another type or other buckets")
        return metric

    def dropped_lines(self, reason: str) -> Callable[[int], None]:
        """A function that counts entries as dropped for this reason."""
        metric = self.metric(
            _DROPPED, "counter", "A count of all log lines dropped as a result of a pipeline stage", max_idle=FOREVER
        )
        labels = {"reason": reason}
        return lambda count: metric.add(labels, count)

    def dropped_by_label(self, name: str, value: str) -> None:
        """Count an entry as dropped because of a limit on a label's value."""
        metric = self.metric(
            _DROPPED_BY_LABEL,
            "counter",
            "A count of all log lines dropped as a result of a limit by label",
            max_idle=FOREVER,
        )
        metric.add({"label_name": name, "label_value": value}, 1)

    def names(self) -> Collection[str]:
        """The names of all metrics."""
        return self._metrics.keys()

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        lines = [line for name in sorted(self._metrics) for line in self._metrics[name].render()]
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
