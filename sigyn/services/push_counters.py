"""What pushes brought, and what was refused of them."""

from collections import Counter
from dataclasses import dataclass, field

from sigyn.services.counts_by_tenant import CountsByTenant


@dataclass(slots=True)
class TenantPushes:
    """What came in of a tenant. Bytes are of line text and structured metadata.

    discarded_lines, discarded_bytes  what was refused, by reason
    demoted_labels                    labels that went from streams to entries
    redacted                          what was hidden, by rule
    mistaken_times                    lines that are in 1970 since their times were no ns
    """

    lines: int = 0
    bytes: int = 0
    metadata_bytes: int = 0
    discarded_lines: Counter[str] = field(default_factory=Counter)
    discarded_bytes: Counter[str] = field(default_factory=Counter)
    demoted_labels: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    mistaken_times: int = 0

    def add(self, other: "TenantPushes") -> None:
        """Counts what was counted there too."""
        self.lines += other.lines
        self.bytes += other.bytes
        self.metadata_bytes += other.metadata_bytes
        self.discarded_lines.update(other.discarded_lines)
        self.discarded_bytes.update(other.discarded_bytes)
        self.demoted_labels += other.demoted_labels
        self.redacted.update(other.redacted)
        self.mistaken_times += other.mistaken_times


PushCounters = CountsByTenant[TenantPushes]


def push_counters() -> PushCounters:
    """Nothing is counted yet."""
    return CountsByTenant(TenantPushes)
