"""What is told of alerts, before it takes the form that a receiver wants."""

from dataclasses import dataclass
from hashlib import blake2b

from sigyn.model.labels import Labels, format_labels
from sigyn.model.rfc3339 import format_rfc3339_nano
from sigyn.ruler.alert import Alert
from sigyn.ruler.log_lines import LogLine, trace_ids

LOGS, TRACE_IDS = "logs", "trace_ids"
"""Annotations that an alert gets when its rule has none of that name."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert as a receiver is told of it. Times are ns.

    ends_at  when it was resolved; of one that fires, until when it does unless more is heard of it
    link     to the rule's query in Grafana's Explore; empty when nobody said where that is
    lines    the log lines that made it fire, and `placed` as the rule's own annotations show them
    """

    labels: Labels
    annotations: Labels
    value: float
    starts_at: int
    ends_at: int
    resolved: bool
    link: str
    lines: tuple[LogLine, ...] = ()
    placed: bool = False

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that are the same for equal labels."""
        return blake2b(format_labels(self.labels).encode(), digest_size=8).hexdigest()

    @property
    def trace_ids(self) -> tuple[str, ...]:
        """The traces that its lines belong to."""
        return trace_ids(self.lines)


@dataclass(frozen=True, slots=True)
class Message:
    """What changed with one rule: alerts that fire now, or that were resolved."""

    tenant: str
    group: str
    rule: str
    external_url: str
    notices: tuple[Notice, ...]

    @property
    def about(self) -> str:
        """Which rule of which tenant it is about: messages of one rule come in order."""
        return f"{self.tenant}/{self.group}/{self.rule}"

    @property
    def firing(self) -> tuple[Notice, ...]:
        """The alerts that fire."""
        return tuple(notice for notice in self.notices if not notice.resolved)

    @property
    def status(self) -> str:
        """`firing` when at least one alert does, else `resolved`."""
        return "firing" if self.firing else "resolved"

    @property
    def subject(self) -> str:
        """One line that says what happened."""
        firing, count = len(self.firing), len(self.notices)
        state = f"FIRING:{firing}" if firing else f"RESOLVED:{count}"
        return f"[{state}] {self.rule}"


def notice_of(alert: Alert, external_labels: Labels, link: str, valid_until: int, *, placed: bool) -> Notice:
    """The notice of an alert that fires, or was resolved; `valid_until` in ns."""
    resolved = alert.state == "inactive"
    return Notice(
        labels=with_external(alert.labels, external_labels),
        annotations=alert.annotations,
        value=alert.value,
        starts_at=alert.fired_at,
        ends_at=alert.resolved_at if resolved else valid_until,
        resolved=resolved,
        link=link,
        lines=alert.lines,
        placed=placed,
    )


def with_external(labels: Labels, external_labels: Labels) -> Labels:
    """The labels with those external ones that they lack."""
    return tuple(sorted((dict(external_labels) | dict(labels)).items()))


def annotations_with_lines(notice: Notice) -> dict[str, str]:
    """The annotations, with the lines and traces for receivers that have no other place for them."""
    lines = () if notice.placed else notice.lines
    added = {LOGS: "\n".join(line.line for line in lines), TRACE_IDS: ", ".join(notice.trace_ids)}
    return {name: value for name, value in added.items() if value} | dict(notice.annotations)


def written_time(timestamp: int) -> str:
    """ns as RFC 3339."""
    return format_rfc3339_nano(timestamp)
