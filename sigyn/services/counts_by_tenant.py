"""Counts by tenant, of so many tenants: whoever may name a tenant at will must not fill memory with names."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

OTHER_TENANTS = "<other>"
"""Under which the rest is counted. No tenant is called so: `<` is not allowed in a name."""

MOST_TENANTS = 5_000
"""With counts of their own. `/metrics` of so many takes 0.2 s, in which the server does nothing else."""


class Addable(Protocol):
    """Counts that can be added to others of their kind."""

    def add(self, other: Any) -> None:
        """Counts what was counted there too."""


@dataclass(slots=True)
class Count:
    """How often something was."""

    count: int = 0

    def add(self, other: "Count") -> None:
        """Counts what was counted there too."""
        self.count += other.count


Counts = TypeVar("Counts", bound=Addable)


class CountsByTenant(Generic[Counts]):
    """Counts of the tenants that were counted last; those of others are added up, so that sums stay right.

    A tenant that comes again is counted anew, as after a start of the server.
    """

    def __init__(self, new: Callable[[], Counts], most: int = MOST_TENANTS) -> None:
        self._new = new
        self._most = most
        self._tenants: OrderedDict[str, Counts] = OrderedDict()  # who was counted last is at the end
        self._others: Counts | None = None

    def __len__(self) -> int:
        return len(self._tenants)

    def of(self, tenant: str) -> Counts:
        """Those of a tenant, to count with at once: later they may be no tenant's any more."""
        if tenant == OTHER_TENANTS:
            return self._of_others()
        counts = self._tenants.get(tenant)
        if counts is None:
            counts = self._tenants[tenant] = self._new()
            if len(self._tenants) > self._most:
                self._of_others().add(self._tenants.popitem(last=False)[1])
        else:
            self._tenants.move_to_end(tenant)
        return counts

    def get(self, tenant: str) -> Counts | None:
        """Those of a tenant that has some of its own, to look at."""
        return self._tenants.get(tenant)

    def items(self) -> Iterator[tuple[str, Counts]]:
        """All there are, by tenant, and those of OTHER_TENANTS if there are any."""
        yield from self._tenants.items()
        if self._others is not None:
            yield OTHER_TENANTS, self._others

    def add(self, other: "CountsByTenant[Counts]") -> None:
        """Counts what was counted elsewhere too."""
        for tenant, counts in other.items():
            self.of(tenant).add(counts)

    def _of_others(self) -> Counts:
        if self._others is None:
            self._others = self._new()
        return self._others
