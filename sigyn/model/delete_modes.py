"""What delete requests do, tenant by tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

DeleteMode: TypeAlias = Literal["disabled", "filter-only", "filter-and-delete"]
"""Whether requests are taken and heeded at all, and whether what they name is removed or only left out of answers."""


@dataclass(frozen=True, slots=True)
class DeleteModes:
    """The mode of each tenant: that of `own`, as it is at each look, or else the common one."""

    common: DeleteMode = "filter-and-delete"
    own: Mapping[str, DeleteMode] = field(default_factory=dict)

    def of(self, tenant: str) -> DeleteMode:
        """The mode of a tenant now."""
        return self.own.get(tenant, self.common)

    def heeds(self, tenant: str) -> bool:
        """Whether requests of a tenant are taken, and what they name is left out of answers."""
        return self.of(tenant) != "disabled"

    def removes(self, tenant: str) -> bool:
        """Whether what requests of a tenant name is removed for good."""
        return self.of(tenant) == "filter-and-delete"
