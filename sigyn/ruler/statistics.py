"""Counters of the ruler, read when somebody asks for `/metrics`."""

from collections import Counter
from dataclasses import dataclass, field

from sigyn.ruler.rule import GroupKey


@dataclass(slots=True)
class RulerStatistics:
    """What happened since the start; by group, by Alertmanager or receiver, or by URL.

    missed     evaluations whose time passed without them
    caught_up  those of recording rules that were made later
    seconds    that the last evaluation of a group took
    evaluated  when that was, ns
    """

    evaluations: Counter[GroupKey] = field(default_factory=Counter)
    failures: Counter[GroupKey] = field(default_factory=Counter)
    iterations: Counter[GroupKey] = field(default_factory=Counter)
    missed: Counter[GroupKey] = field(default_factory=Counter)
    caught_up: Counter[GroupKey] = field(default_factory=Counter)
    seconds: dict[GroupKey, float] = field(default_factory=dict)
    total_seconds: dict[GroupKey, float] = field(default_factory=dict)
    evaluated: dict[GroupKey, int] = field(default_factory=dict)
    notifications_sent: Counter[str] = field(default_factory=Counter)
    notification_errors: Counter[str] = field(default_factory=Counter)
    notifications_dropped: Counter[str] = field(default_factory=Counter)
    notifications_waiting: Counter[str] = field(default_factory=Counter)
    samples_sent: Counter[str] = field(default_factory=Counter)
    samples_failed: Counter[str] = field(default_factory=Counter)
    samples_dropped: Counter[str] = field(default_factory=Counter)
    reload_successful: bool = True
    reloaded: int = 0

    def forget(self, key: GroupKey) -> None:
        """Drops what is known of a group that there is no more."""
        for counts in (self.evaluations, self.failures, self.iterations, self.missed, self.caught_up):
            counts.pop(key, None)
        for values in (self.seconds, self.total_seconds, self.evaluated):
            values.pop(key, None)
