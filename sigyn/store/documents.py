"""Small JSON documents that people save, such as dashboards, beside the segments in the object store."""

from collections.abc import Iterator

from sigyn.store.errors import SegmentLost
from sigyn.store.keys import encode_tenant
from sigyn.store.objects import ObjectStore

_ROOT = ".documents"  # no tenant's folder begins with a point


class Documents:
    """Documents of one kind, each under the name that its tenant gave it. Every call blocks and raises Unavailable."""

    def __init__(self, objects: ObjectStore, kind: str) -> None:
        self._objects = objects
        self._kind = kind

    def names(self, tenant: str) -> list[str]:
        """Names of a tenant's documents, sorted."""
        return sorted(key.rpartition("/")[2].removesuffix(".json") for key in self._keys(tenant))

    def read(self, tenant: str, name: str) -> bytes | None:
        """A document; None when there is none of this name."""
        key = self._key(tenant, name)
        try:
            return bytes(self._objects.get_range(key, 0, self._objects.size(key)))
        except SegmentLost:
            return None

    def write(self, tenant: str, name: str, body: bytes) -> None:
        """Saves a document, in place of the one that had its name; on return it is durable."""
        self._objects.put(self._key(tenant, name), body)

    def delete(self, tenant: str, name: str) -> None:
        """Removes a document; one that is not there counts as removed."""
        self._objects.delete([self._key(tenant, name)])

    def _keys(self, tenant: str) -> Iterator[str]:
        return (found.key for found in self._objects.list(f"{_ROOT}/{self._kind}/{encode_tenant(tenant)}"))

    def _key(self, tenant: str, name: str) -> str:
        return f"{_ROOT}/{self._kind}/{encode_tenant(tenant)}/{name}.json"
