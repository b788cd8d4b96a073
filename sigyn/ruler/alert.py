"""The life of an alert: pending, firing, resolved. Pure functions of what was and what is found now.

Source of the rules: Prometheus' documentation of alerting rules. A series that is found begins a pending
alert, which fires once it has been found for `hold`. A firing alert whose series is gone goes on for
`keep_firing`, then it is resolved, and remembered for a while, so that its end is told even when nobody
listened the first time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sigyn.languages.promql import NAME
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import Sample
from sigyn.model.time import MINUTE
from sigyn.ruler.log_lines import LogLine
from sigyn.ruler.rule import AlertingRule

RESOLVED_FOR = 15 * MINUTE
"""How long a resolved alert is remembered, ns: Prometheus' choice."""

ALERT_NAME = "alertname"

State: TypeAlias = Literal["pending", "firing", "inactive"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a rule. Times are ns, 0: not yet.

    active_at           when its series was first found
    keep_firing_since   since when its series has been gone while it goes on firing
    last_sent           when Alertmanagers were last told
    told                what webhooks, Slack and mail were told last, which hear of changes only
    lines               log lines that made it fire
    """

    labels: Labels
    state: State
    value: float
    active_at: int
    fired_at: int = 0
    resolved_at: int = 0
    keep_firing_since: int = 0
    last_sent: int = 0
    told: Literal["", "firing", "resolved"] = ""
    annotations: Labels = ()
    lines: tuple[LogLine, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it is pending or firing."""
        return self.state != "inactive"

    def due(self, at: int, resend_delay: int) -> bool:
        """Whether Alertmanagers should hear of it: a change at once, all else once in a while."""
        if self.state == "pending":
            return False
        if self.resolved_at > self.last_sent:
            return True
        return not 0 <= at - self.last_sent < resend_delay  # a clock that was set back must not silence it

    def changed(self) -> bool:
        """Whether it fires or ended, and those who hear of changes only were not told."""
        if self.state == "firing":
            return self.told != "firing"
        return self.state == "inactive" and self.told == "firing"


Alerts: TypeAlias = Mapping[Labels, Alert]
"""Alerts of a rule by their labels."""


def advance(rule: AlertingRule, before: Alerts, found: Mapping[Labels, float], at: int) -> dict[Labels, Alert]:
    """The alerts of a rule after an evaluation at `at` (ns) that found these series, by the labels of their alerts."""
    after: dict[Labels, Alert] = {}
    for labels, alert in before.items():
        if labels not in found:
            left = _gone(rule, alert, at)
            if left is not None:
                after[labels] = left
    for labels, value in found.items():
        known = before.get(labels)
        if known is None or not known.active:
            known = Alert(labels, "pending", value, at)
        known = replace(known, value=value, keep_firing_since=0)
        after[labels] = _ripened(rule, known, at)
    return after


def _gone(rule: AlertingRule, alert: Alert, at: int) -> Alert | None:
    """An alert whose series was not found; None when it is over and done with."""
    if alert.state == "firing" and rule.keep_firing:
        since = alert.keep_firing_since or at
        if at - since < rule.keep_firing:
            return replace(alert, keep_firing_since=since)
    if alert.state == "pending":
        return None
    if alert.active:
        return replace(alert, state="inactive", resolved_at=at, keep_firing_since=0)
    return alert if at - alert.resolved_at <= RESOLVED_FOR else None


def _ripened(rule: AlertingRule, alert: Alert, at: int) -> Alert:
    if alert.state == "pending" and at - alert.active_at >= rule.hold:
        return replace(alert, state="firing", fired_at=at)
    return alert


def alert_labels(rule_name: str, series: Labels, added: Labels) -> Labels:
    """Labels of the alert for a series: those of the series without its name, `added` ones over them, its own name."""
    own = {name: value for name, value in series if name != NAME}
    together = own | dict(added) | {ALERT_NAME: rule_name}
    return tuple(sorted((name, value) for name, value in together.items() if value))


class LimitExceeded(QueryError):
    """A rule that gives more alerts or series than its group allows."""


def check_limit(limit: int, count: int, what: str) -> None:
    """Raises LimitExceeded when a rule gives more than its group allows, in Prometheus' words."""
    if limit and count > limit:
        raise LimitExceeded(f"exceeded limit of {limit} with {count} {what}")


def alert_series(alerts: Sequence[Alert]) -> list[Sample]:
    """`ALERTS` and `ALERTS_FOR_STATE` as Prometheus writes them for the active alerts of a rule."""
    samples = []
    for alert in alerts:
        if alert.active:
            state = dict(alert.labels) | {"alertstate": alert.state}
            samples.append(Sample(tuple(sorted((state | {NAME: "ALERTS"}).items())), 1.0))
            began = dict(alert.labels) | {NAME: "ALERTS_FOR_STATE"}
            samples.append(Sample(tuple(sorted(began.items())), float(alert.active_at // 1_000_000_000)))
    return samples
