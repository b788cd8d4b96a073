"""What the rules of a tenant may be."""

from dataclasses import dataclass

from sigyn.model.errors import BadRequest


@dataclass(frozen=True, slots=True)
class RuleLimits:
    """Limits of a tenant; 0 is none.

    max_rules         of a group that comes through the API
    max_groups        of the tenant, past which the API takes no more
    evaluation_delay  ns back from its time that an evaluation looks, for lines that come late
    remote_write      recorded series are written to where those of all tenants go
    """

    max_rules: int = 0
    max_groups: int = 0
    evaluation_delay: int = 0
    remote_write: bool = True

    def check(self, rules: int, groups: int) -> None:
        """Raises BadRequest, in Loki's words, for too many rules in a group, or too many groups of the tenant."""
        if 0 < self.max_rules < rules:
            raise BadRequest(f"per-user rules per rule group limit (limit: {self.max_rules} actual: {rules}) exceeded")
        if 0 < self.max_groups < groups:
            raise BadRequest(f"per-user rule groups limit (limit: {self.max_groups} actual: {groups}) exceeded")
