"""Small JSON documents that people save, such as dashboards, beside the segments in the object store.

Objects never change, so each version of a document is an object of its own, and the latest one counts:
`.documents/<kind>/<tenant>/<name>/<time>-<uuid>.json`, with the time in ns and in 20 digits.
"""

import uuid

from sigyn.model.time import Clock
from sigyn.store.errors import SegmentLost
from sigyn.store.keys import encode_tenant
from sigyn.store.objects import ObjectStore

_ROOT = ".documents"  # no tenant's folder begins with a point


def is_document_key(key: str) -> bool:
    """Whether an object is a version of a document, and no segment."""
    return key.startswith(f"{_ROOT}/")


class Documents:
    """Documents of one kind, each under the name that its tenant gave it. Every call blocks and raises Unavailable."""

    def __init__(self, objects: ObjectStore, kind: str, clock: Clock) -> None:
        self._objects = objects
        self._kind = kind
        self._clock = clock

    def names(self, tenant: str) -> list[str]:
        """Names of a tenant's documents, sorted."""
        return sorted({key.split("/")[-2] for key in self._keys(self._folder(tenant))})

    def read(self, tenant: str, name: str) -> bytes | None:
        """A document; None when there is none of this name."""
        for key in reversed(self._keys(self._folder(tenant, name))):
            try:
                return bytes(self._objects.get_range(key, 0, self._objects.size(key)))
            except SegmentLost:
                continue  # a newer version took its place meanwhile
        return None

    def every(self) -> list[bytes]:
        """All documents of all tenants, in order of their keys."""
        newest = {key.rpartition("/")[0]: key for key in self._keys(f"{_ROOT}/{self._kind}")}
        return [bytes(self._objects.get(key)) for key in newest.values()]

    def write(self, tenant: str, name: str, body: bytes) -> None:
        """Saves a document, in place of the one that had its name; on return it is durable."""
        folder = self._folder(tenant, name)
        before = self._keys(folder)
        self._objects.put(f"{folder}/{self._clock():020}-{uuid.uuid4().hex}.json", body)
        self._objects.delete(before)

    def delete(self, tenant: str, name: str) -> None:
        """Removes a document; one that is not there counts as removed."""
        self._objects.delete(self._keys(self._folder(tenant, name)))

    def _folder(self, *parts: str) -> str:
        tenant, *name = parts
        return "/".join((_ROOT, self._kind, encode_tenant(tenant), *name))

    def _keys(self, folder: str) -> list[str]:
        return sorted(found.key for found in self._objects.list(folder))
