"""The samples of a series, as they are gathered one by one."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Samples:
    """Samples of one series: times in ns, and values."""

    timestamps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
