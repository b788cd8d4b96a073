"""What became of alerts: each change of a state with its time and value, in the ruler's file.

The newest changes are kept, for `retention` and up to MOST of each tenant, so that an alert that flaps
costs a bounded part of the disk. They are written in the transaction of the state that they led to: the
history and the states tell the same story, also after a crash.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Literal, TypeAlias

from sigyn.model.labels import Labels
from sigyn.ruler.alert import ALERT_NAME, Alert
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.rule import GroupKey
from sigyn.store.streams import labels_from_text, labels_to_text

MOST = 50_000
"""Changes kept for each tenant: about 15 MB."""

ChangedTo: TypeAlias = Literal["pending", "firing", "resolved", "inactive", "unknown"]
"""resolved: it fired, and is over. inactive: it was pending, and never fired. unknown: nobody evaluated it for long."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alert that changed at `at` (ns), with the value of its expression then (the last known, when it is over)."""

    group: GroupKey
    labels: Labels
    state: ChangedTo
    at: int
    value: float

    @property
    def rule(self) -> str:
        """The name of the rule, which every alert carries."""
        return dict(self.labels).get(ALERT_NAME, "")


def changes(group: GroupKey, before: Iterable[Alert], after: Iterable[Alert], at: int) -> list[Change]:
    """What an evaluation at `at` (ns) changed in the alerts of a rule."""
    now: Mapping[Labels, Alert] = {alert.labels: alert for alert in after}
    was: Mapping[Labels, Alert] = {alert.labels: alert for alert in before}
    found = []
    for labels, alert in was.items():
        if alert.active and (labels not in now or not now[labels].active):
            found.append(Change(group, labels, "resolved" if alert.state == "firing" else "inactive", at, alert.value))
    for labels, alert in now.items():
        known = was.get(labels)
        if alert.state != "inactive" and (known is None or known.state != alert.state):
            found.append(Change(group, labels, alert.state, at, alert.value))
    return found


def lost(group: GroupKey, alerts: Iterable[Alert], at: int) -> list[Change]:
    """Alerts of which nothing is known since `at` (ns)."""
    return [Change(group, alert.labels, "unknown", at, alert.value) for alert in alerts if alert.active]


@dataclass(frozen=True, slots=True)
class Past:
    """Changes of a range, newest first, and what was pending or fired when it began.

    cut_short  whether there are more in the range, older ones
    """

    changes: Sequence[Change]
    at_start: Sequence[Change]
    cut_short: bool


_COLUMNS = "tenant, namespace, name, labels, state, timestamp, value"


class AlertHistory:
    """Calls block, and raise Unavailable."""

    def __init__(self, database: RulerDatabase, most: int = MOST) -> None:
        self._database = database
        self._most = most

    def add(self, found: Sequence[Change]) -> None:
        """Keeps changes; in the transaction that is open, if there is one."""
        if not found:
            return
        self._database.write_many(
            f"INSERT INTO alert_change ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (*_key(each.group), labels_to_text(each.labels), each.state, each.at, each.value)  # NaN becomes NULL
                for each in found
            ],
        )

    def read(self, tenant: str, start: int, end: int, limit: int) -> Past:
        """A tenant's changes with start <= t < end (ns), the newest `limit` of them."""
        newest = self._database.read(
            f"SELECT {_COLUMNS} FROM alert_change WHERE tenant = ? AND timestamp >= ? AND timestamp < ? "
            "ORDER BY timestamp DESC, id DESC LIMIT ?",
            tenant, start, end, limit + 1,
        )  # fmt: skip
        before = self._database.read(
            f"SELECT {_COLUMNS}, MAX(id) FROM alert_change WHERE tenant = ? AND timestamp < ? "
            "GROUP BY namespace, name, labels",
            tenant, start,
        )  # fmt: skip
        return Past(
            [_change(row) for row in newest[:limit]],
            [change for change in (_change(row[:-1]) for row in before) if change.state in ("pending", "firing")],
            len(newest) > limit,
        )

    def forget_before(self, timestamp: int) -> None:
        """Deletes changes before a time (ns), and of each tenant what is over the most that are kept.

        What fires since before that time keeps the change that says so.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM alert_change WHERE timestamp < ? AND (state NOT IN ('pending', 'firing') "
                "OR id NOT IN (SELECT MAX(id) FROM alert_change GROUP BY tenant, namespace, name, labels))",
                (timestamp,),
            )
            for (tenant,) in connection.execute("SELECT DISTINCT tenant FROM alert_change").fetchall():
                connection.execute(
                    "DELETE FROM alert_change WHERE tenant = ? AND id <= "
                    "(SELECT id FROM alert_change WHERE tenant = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                    (tenant, tenant, self._most),
                )


def _key(group: GroupKey) -> tuple[str, str, str]:
    return group.tenant, group.namespace, group.group


def _change(row: Sequence[Any]) -> Change:
    tenant, namespace, name, labels, state, at, value = row
    return Change(
        GroupKey(tenant, namespace, name),
        labels_from_text(labels),
        state,
        at,
        nan if value is None else value,
    )
