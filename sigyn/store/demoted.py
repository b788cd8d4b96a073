"""Demoted labels: those that entries carry as structured metadata, because their values made too many streams.

The catalog has them. An object beside each tenant's segments has them too, so that a catalog that is
made anew from the objects knows where to look for `{trace_id="..."}`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import msgspec

from sigyn.store.keys import encode_tenant
from sigyn.store.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class DemotedLabel:
    """A label that was demoted at some time.

    reason    why, for a person
    values    distinct values that were seen of it by then
    example   one of them
    changed   when it was demoted, or promoted again (ns)
    promoted  new entries have it in their streams again. Those of before still carry it themselves,
              so that a query looks in both places
    """

    name: str
    reason: str
    values: int
    example: str
    changed: int
    promoted: bool = False


LoadDemoted = Callable[[str], Iterable[DemotedLabel]]
"""Gives the demoted labels of a tenant from the catalog."""

SaveDemoted = Callable[[str, Sequence[DemotedLabel]], None]
"""Keeps demoted labels of a tenant in the catalog, in place of what it has under their names."""


@dataclass(frozen=True, slots=True)
class _Names:
    labels: dict[str, DemotedLabel]
    demoted: frozenset[str]
    ever: frozenset[str]


class DemotedLabels:
    """The demoted labels of all tenants; a tenant's are loaded when first asked for.

    Safe to use from several threads.
    """

    def __init__(self, load: LoadDemoted, save: SaveDemoted, objects: ObjectStore) -> None:
        self._load = load
        self._save = save
        self._objects = objects
        self._lock = Lock()
        self._tenants: dict[str, _Names] = {}
        self._listeners: list[Callable[[str], None]] = []

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Calls `listener`, in any thread, with each tenant whose labels changed; gives the function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def names(self, tenant: str) -> frozenset[str]:
        """Labels that go to the entries."""
        return self._of(tenant).demoted

    def ever(self, tenant: str) -> frozenset[str]:
        """Labels that some entries may carry themselves: those that are demoted and those that once were."""
        return self._of(tenant).ever

    def of(self, tenant: str) -> list[DemotedLabel]:
        """All that is known, by name."""
        return sorted(self._of(tenant).labels.values(), key=lambda label: label.name)

    def put(self, tenant: str, labels: Sequence[DemotedLabel]) -> None:
        """Keeps labels in place of what is known under their names; on return this is durable.

        Raises Unavailable with nothing changed.
        """
        with self._lock:
            self._keep(tenant, labels)
        self._tell(tenant)

    def add(self, tenant: str, labels: Sequence[DemotedLabel]) -> list[DemotedLabel]:
        """Keeps the labels under whose names nothing is known, and gives these; on return all are durable.

        Who found the same one at the same time, or after somebody promoted it, adds nothing. Raises Unavailable with
        nothing changed.
        """
        with self._lock:
            known = self._of(tenant).labels
            new = [label for label in labels if label.name not in known]
            if new:
                self._keep(tenant, new)
        if new:
            self._tell(tenant)
        return new

    def _keep(self, tenant: str, labels: Sequence[DemotedLabel]) -> None:
        known = {**self._of(tenant).labels, **{label.name: label for label in labels}}
        self._objects.put(demoted_key(tenant), encode_demoted(tenant, known.values()))
        self._save(tenant, labels)
        self._tenants[tenant] = _names(known.values())

    def _tell(self, tenant: str) -> None:
        for listener in list(self._listeners):
            listener(tenant)

    def _of(self, tenant: str) -> _Names:
        names = self._tenants.get(tenant)
        if names is None:
            # Two threads may load; `put` follows its commit and sets what it knows, so nothing gets lost.
            names = self._tenants.setdefault(tenant, _names(self._load(tenant)))
        return names


def _names(labels: Iterable[DemotedLabel]) -> _Names:
    by_name = {label.name: label for label in labels}
    demoted = frozenset(name for name, label in by_name.items() if not label.promoted)
    return _Names(by_name, demoted, frozenset(by_name))


class _Object(msgspec.Struct):
    tenant: str
    labels: list[DemotedLabel]


def demoted_key(tenant: str) -> str:
    """The object that has the demoted labels of a tenant."""
    return f"{encode_tenant(tenant)}/demoted-labels.json"


def is_demoted_key(key: str) -> bool:
    """Whether an object is one of these, and no segment."""
    return key.endswith("/demoted-labels.json")


def encode_demoted(tenant: str, labels: Iterable[DemotedLabel]) -> bytes:
    """The object's content."""
    return msgspec.json.encode(_Object(tenant, sorted(labels, key=lambda label: label.name)))


def decode_demoted(body: bytes | memoryview) -> tuple[str, list[DemotedLabel]]:
    """Tenant and labels of an object; raises msgspec.DecodeError when it is not whole."""
    found = msgspec.json.decode(body, type=_Object)
    return found.tenant, found.labels
