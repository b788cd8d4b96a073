"""Several tenants in one query, `a|b`: their streams read as one tenant's, told apart by a label.

Everything a query does then works over them as it is: selectors and filters by `__tenant_id__`, sums over all
tenants or by tenant. From Loki's documentation (Manage tenant isolation, Multi-tenant queries).
"""

from contextlib import ExitStack
from itertools import count

from sigyn.model.labels import Labels
from sigyn.store.catalog import SegmentInfo
from sigyn.store.content import Content
from sigyn.store.demoted import DemotedLabel
from sigyn.store.joined_snapshot import JoinedSnapshot
from sigyn.store.snapshot import Snapshot
from sigyn.store.store import Store

TENANT_LABEL = "__tenant_id__"
ORIGINAL = f"original_{TENANT_LABEL}"
"""What a label of that name is called when a stream has one itself."""

_SEPARATOR = "|"


def joined(tenants: list[str]) -> str:
    """The tenants of a query as one name, that no tenant can have."""
    return _SEPARATOR.join(tenants)


def tenants_in(tenant: str) -> list[str]:
    """The tenants that a name stands for."""
    return tenant.split(_SEPARATOR)


class ReadableStore:
    """A store as queries read it: a tenant may be several."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.streams = _Streams(store)
        self.demoted = _Demoted(store)
        self.restores = store.restores
        self._never = count(1)

    def snapshot(self, tenant: str, start: int, end: int) -> Snapshot:
        """The segments of these tenants with entries at start <= t <= end (ns), as the catalog has them now."""
        tenants = tenants_in(tenant)
        if len(tenants) == 1:
            return self._store.snapshot(tenant, start, end)
        with ExitStack() as opened:
            snapshots = [opened.enter_context(self._store.snapshot(each, start, end)) for each in tenants]
            whole = JoinedSnapshot(tenant, snapshots)
            opened.pop_all()
        return whole

    def quarantined_in(self, tenant: str, first: int, last: int) -> list[SegmentInfo]:
        """Segments of one tenant in quarantine with entries at first <= t <= last (ns)."""
        return self._store.quarantined_in(tenant, first, last)

    @property
    def opening(self) -> int:
        """As in Store."""
        return self._store.opening

    def content(self, tenant: str) -> Content:
        """How far the entries of a tenant are; of several another one each time, so that nothing is shared."""
        if len(tenants_in(tenant)) == 1:
            return self._store.content(tenant)
        return Content(-next(self._never), 0)

    def unchanged(self, tenant: str, content: Content, first: int, last: int) -> bool:
        """Whether the entries of first <= t <= last (ns) are those that they were at `content`."""
        return len(tenants_in(tenant)) == 1 and self._store.unchanged(tenant, content, first, last)


class _Streams:
    def __init__(self, store: Store) -> None:
        self._store = store

    def labels(self, tenant: str, id: int) -> Labels:
        """The labels of a stream by the id that a snapshot of these tenants has for it; raises NotFound."""
        tenants = tenants_in(tenant)
        if len(tenants) == 1:
            return self._store.streams.labels(tenant, id)
        own, place = divmod(id, len(tenants))
        labels = self._store.streams.labels(tenants[place], own)
        renamed = ((ORIGINAL if name == TENANT_LABEL else name, value) for name, value in labels)
        return tuple(sorted(((TENANT_LABEL, tenants[place]), *renamed)))


class _Demoted:
    def __init__(self, store: Store) -> None:
        self._store = store

    def ever(self, tenant: str) -> frozenset[str]:
        """Labels that were demoted for one of the tenants at any time."""
        return frozenset().union(*(self._store.demoted.ever(each) for each in tenants_in(tenant)))

    def of(self, tenant: str) -> list[DemotedLabel]:
        """Demoted labels of the tenants, by name."""
        found = [label for each in tenants_in(tenant) for label in self._store.demoted.of(each)]
        return sorted(found, key=lambda label: label.name)
