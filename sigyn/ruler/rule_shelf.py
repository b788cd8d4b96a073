"""Rules that came through the API, in the ruler's file."""

from collections.abc import Mapping

import structlog

from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.rule import GroupKey, RuleGroup
from sigyn.ruler.rule_file import RuleFileError, read_rule_group
from sigyn.ruler.rule_text import group_text

_log = structlog.get_logger("sigyn.ruler")


class RuleShelf:
    """Calls block."""

    def __init__(self, database: RulerDatabase) -> None:
        self._database = database

    def tenants(self) -> list[str]:
        """Tenants that have groups."""
        return [tenant for (tenant,) in self._database.read("SELECT DISTINCT tenant FROM rule_group")]

    def groups(self, tenant: str) -> Mapping[GroupKey, RuleGroup | None]:
        """All groups of a tenant; None for one that can't be read."""
        rows = self._database.read(
            "SELECT namespace, name, text FROM rule_group WHERE tenant = ? ORDER BY 1, 2", tenant
        )
        groups: dict[GroupKey, RuleGroup | None] = {}
        for namespace, name, text in rows:
            key = GroupKey(tenant, namespace, name)
            try:
                groups[key] = read_rule_group(text)
            except RuleFileError as error:  # another version took what this one does not know
                _log.error("rules can't be used", tenant=tenant, namespace=namespace, group=name, problem=str(error))
                groups[key] = None
        return groups

    def put(self, key: GroupKey, group: RuleGroup) -> None:
        """Adds a group, or puts it in the place of the one that has its name."""
        self._database.write(
            "INSERT INTO rule_group (tenant, namespace, name, text) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (tenant, namespace, name) DO UPDATE SET text = excluded.text",
            key.tenant, key.namespace, key.group, group_text(group),
        )  # fmt: skip

    def remove(self, tenant: str, namespace: str, group: str | None) -> int:
        """Deletes a group, or all of a namespace; how many there were."""
        statement, values = "DELETE FROM rule_group WHERE tenant = ? AND namespace = ?", [tenant, namespace]
        if group is not None:
            statement, values = statement + " AND name = ?", [*values, group]
        return self._database.write(statement, *values)
