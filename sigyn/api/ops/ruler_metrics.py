"""Metrics of the ruler, with the names that Loki's dashboards and rules use."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from sigyn.model.time import SECOND
from sigyn.ruler.rule import GroupKey
from sigyn.ruler.ruler import Ruler

_BY_GROUP = ("user", "rule_group")


class RulerCollector(Collector):
    """What the ruler did, read when somebody asks for `/metrics`."""

    def __init__(self, ruler: Ruler) -> None:
        self._ruler = ruler

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        yield from self._groups()
        yield from self._notifications()
        yield from self._writes()
        statistics = self._ruler.statistics
        yield GaugeMetricFamily(
            "loki_ruler_config_last_reload_successful",
            "Whether all rule files could be read the last time.",
            value=float(statistics.reload_successful),
        )
        yield GaugeMetricFamily(
            "loki_ruler_config_last_reload_successful_seconds",
            "When the rule files were read last.",
            value=statistics.reloaded / SECOND,
        )

    def _groups(self) -> Iterator[Metric]:
        statistics = self._ruler.statistics
        for name, text, counts in (
            ("rule_evaluations", "The total number of rule evaluations.", statistics.evaluations),
            ("rule_evaluation_failures", "The total number of rule evaluation failures.", statistics.failures),
            ("rule_group_iterations", "The total number of scheduled rule group evaluations.", statistics.iterations),
            ("rule_group_iterations_missed", "Rule group evaluations whose time passed.", statistics.missed),
            ("rule_group_iterations_caught_up", "Missed evaluations that were made up for.", statistics.caught_up),
        ):
            yield _counter(f"loki_prometheus_{name}", text, counts, self._ruler.runs)
        durations = SummaryMetricFamily(
            "loki_prometheus_rule_group_duration_seconds", "The duration of rule group evaluations.", labels=_BY_GROUP
        )
        last = GaugeMetricFamily(
            "loki_prometheus_rule_group_last_duration_seconds",
            "The duration of the last rule group evaluation.",
            labels=_BY_GROUP,
        )
        when = GaugeMetricFamily(
            "loki_prometheus_rule_group_last_evaluation_timestamp_seconds",
            "The timestamp of the last rule group evaluation in seconds.",
            labels=_BY_GROUP,
        )
        interval = GaugeMetricFamily(
            "loki_prometheus_rule_group_interval_seconds", "The interval of a rule group.", labels=_BY_GROUP
        )
        rules = GaugeMetricFamily("loki_prometheus_rule_group_rules", "The number of rules.", labels=_BY_GROUP)
        for key, run in list(self._ruler.runs.items()):
            names = _names(key)
            count, total = statistics.iterations[key], statistics.total_seconds.get(key, 0.0)
            durations.add_metric(names, count_value=count, sum_value=total)
            last.add_metric(names, statistics.seconds.get(key, 0.0))
            when.add_metric(names, statistics.evaluated.get(key, 0) / SECOND)
            interval.add_metric(names, run.interval / SECOND)
            rules.add_metric(names, len(run.group.rules))
        yield from (durations, last, when, interval, rules)

    def _notifications(self) -> Iterator[Metric]:
        statistics = self._ruler.statistics
        for name, text, counts in (
            ("notifications_sent", "The total number of alerts sent.", statistics.notifications_sent),
            ("notifications_errors", "The total number of alerts not sent.", statistics.notification_errors),
            ("notifications_dropped", "The total number of alerts given up.", statistics.notifications_dropped),
        ):
            yield _counted_by("alertmanager", f"loki_prometheus_{name}", text, counts)
        length = GaugeMetricFamily(
            "loki_prometheus_notifications_queue_length", "Alerts that wait to be sent.", labels=("alertmanager",)
        )
        for receiver, waiting in list(statistics.notifications_waiting.items()):
            length.add_metric((receiver,), waiting)
        yield length
        yield GaugeMetricFamily(
            "loki_prometheus_notifications_queue_capacity",
            "How many alerts can wait for an Alertmanager.",
            value=self._ruler.settings.notification_queue_capacity,
        )

    def _writes(self) -> Iterator[Metric]:
        statistics = self._ruler.statistics
        for name, text, counts in (
            ("samples", "Samples of recorded series that were written.", statistics.samples_sent),
            ("samples_failed", "Samples whose write failed; most are tried again.", statistics.samples_failed),
            ("samples_dropped", "Samples that the receiver refused.", statistics.samples_dropped),
        ):
            yield _counted_by("url", f"loki_ruler_remote_write_{name}", text, counts)


def _names(key: GroupKey) -> tuple[str, str]:
    return key.tenant, str(key)


def _counter(name: str, text: str, counts: Mapping[GroupKey, float], groups: Iterable[GroupKey]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=_BY_GROUP)
    for key in list(groups):
        family.add_metric(_names(key), counts.get(key, 0))
    return family


def _counted_by(label: str, name: str, text: str, counts: Mapping[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=(label,))
    for value, count in list(counts.items()):
        family.add_metric((value,), count)
    return family
