"""One log entry on its way from a target through the pipeline to the clients."""

from dataclasses import dataclass, field
from typing import Final

TENANT_LABEL: Final = "__tenant_id__"
"""The label that carries the tenant of an entry; clients turn it into the X-Scope-OrgID header."""


@dataclass(slots=True)
class AgentEntry:
    """What a target read, and what the stages made of it.

    `timestamp` is in ns. `labels`, `metadata` and `extracted` belong to this entry alone: stages
    change them in place. `extracted` is filled by the pipeline; a target leaves it empty. The
    tenant is the label `__tenant_id__`, as in Promtail. `origin` is whatever the target needs to
    know the entry again, such as a place in a file; stages only hand it on.
    """

    labels: dict[str, str]
    timestamp: int
    line: str
    metadata: dict[str, str] = field(default_factory=dict)
    extracted: dict[str, object] = field(default_factory=dict)
    origin: object = None
