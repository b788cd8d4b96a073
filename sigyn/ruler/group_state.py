"""What a group remembers from one evaluation to the next, and over a restart."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import msgspec

from sigyn.model.labels import Labels
from sigyn.ruler.alert import Alert
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.rule import GroupKey


@dataclass(frozen=True, slots=True)
class RuleState:
    """Alerts of a rule, and the series that it wrote last, which end when they are not written again."""

    alerts: tuple[Alert, ...] = ()
    written: tuple[Labels, ...] = ()

    def by_labels(self) -> dict[Labels, Alert]:
        """The alerts by their labels."""
        return {alert.labels: alert for alert in self.alerts}


@dataclass(frozen=True, slots=True)
class GroupState:
    """States of a group's rules by `Rule.key`, as of its evaluation at `evaluated` (ns; 0: there was none)."""

    evaluated: int = 0
    rules: Mapping[str, RuleState] = field(default_factory=dict)

    def of(self, key: str) -> RuleState:
        """The state of a rule; an empty one for a rule that is new."""
        return self.rules.get(key) or RuleState()


_DECODER = msgspec.msgpack.Decoder(GroupState)


class GroupStates:
    """States of all groups, in the ruler's file. Calls block."""

    def __init__(self, database: RulerDatabase) -> None:
        self._database = database

    def tenants(self) -> list[str]:
        """Tenants whose groups have a state."""
        return [tenant for (tenant,) in self._database.read("SELECT DISTINCT tenant FROM group_state")]

    def keys(self, tenant: str) -> list[GroupKey]:
        """Groups of a tenant that have a state."""
        rows = self._database.read("SELECT namespace, name FROM group_state WHERE tenant = ?", tenant)
        return [GroupKey(tenant, *row) for row in rows]

    def load(self, key: GroupKey) -> GroupState:
        """The state that was saved last."""
        rows = self._database.read(
            "SELECT state FROM group_state WHERE tenant = ? AND namespace = ? AND name = ?",
            key.tenant, key.namespace, key.group,
        )  # fmt: skip
        return _DECODER.decode(rows[0][0]) if rows else GroupState()

    def save(self, key: GroupKey, state: GroupState) -> None:
        """Keeps a state."""
        self._database.write(
            "INSERT INTO group_state (tenant, namespace, name, state) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (tenant, namespace, name) DO UPDATE SET state = excluded.state",
            key.tenant, key.namespace, key.group, msgspec.msgpack.encode(state),
        )  # fmt: skip

    def transaction(self) -> AbstractContextManager[object]:
        """What is saved inside is kept together, or not at all."""
        return self._database.transaction()

    def forget(self, key: GroupKey) -> None:
        """Drops the state of a group that there is no more."""
        self._database.write(
            "DELETE FROM group_state WHERE tenant = ? AND namespace = ? AND name = ?",
            key.tenant, key.namespace, key.group,
        )  # fmt: skip
