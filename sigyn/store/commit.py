"""The one way in which segments come to exist: a durable object, then a row in the catalog, then readers."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from sigyn.model.errors import Unavailable
from sigyn.store.catalog import Catalog, NewSegment, SegmentInfo
from sigyn.store.keys import segment_key
from sigyn.store.live import LiveSegments
from sigyn.store.objects import ObjectStore
from sigyn.store.ownership import Ownership
from sigyn.store.reader import SegmentReader
from sigyn.store.segment import EncodedSegment
from sigyn.store.tiers import HOT, address, split_address


class Committer:
    """Stores and commits segments; safe to use from several threads.

    A process that dies between both leaves an object without a row: an orphan, which nothing reads
    and a sweep removes. `under_way` names the objects that are no orphans though they have no row yet.
    """

    def __init__(
        self,
        objects: ObjectStore,
        catalog: Catalog,
        live: LiveSegments,
        reader: SegmentReader,
        ownership: Ownership,
    ) -> None:
        self._objects = objects
        self._ownership = ownership
        self._catalog = catalog
        self._live = live
        self._reader = reader
        self._lock = Lock()
        self._in_order = Lock()
        self._under_way: set[str] = set()
        self._late_commits = catalog.late_commits

    def put(self, encoded: EncodedSegment, tier: str = HOT) -> NewSegment:
        """Stores the object of a segment that is going to be committed, in a tier. Raises Unavailable."""
        self._ownership.check()
        key = address(tier, segment_key(encoded.tenant, encoded.level, encoded.first, self._catalog.newest))
        with self._lock:
            self._under_way.add(key)
        try:
            self._objects.put(key, encoded.body)
        except BaseException:
            self.give_up([key])
            raise
        return NewSegment(key, encoded, encoded.arrival)

    def commit(
        self, added: Sequence[NewSegment], replaced: Sequence[SegmentInfo] = (), *, forgets: bool = False
    ) -> None:
        """Adds segments and takes others out, in one step for the catalog and for readers. Raises Unavailable.

        Readers see segments in the order of their ids: who has seen one has seen all that were committed before it.
        `forgets` says that entries go with `replaced`.
        """
        try:
            with self._in_order:
                committed = self._catalog.commit(added, [segment.id for segment in replaced], forgets=forgets)
                self._live.change(committed, replaced)
            if forgets:
                for tenant in {segment.tenant for segment in replaced}:
                    self._catalog.bump_epoch(tenant)
            for segment, new in zip(committed, added, strict=True):
                self._reader.keep(segment, new.encoded.body)
        finally:
            self.give_up([segment.key for segment in added])

    def move(self, segment: SegmentInfo, body: bytes | memoryview, tier: str) -> SegmentInfo:
        """Stores the object of a live segment in another tier too, which is the one that later readers use.

        The old object is deleted when no snapshot reads it. Raises Unavailable; nothing has changed then.
        """
        moved = replace(segment, key=address(tier, split_address(segment.key)[1]))
        with self._lock:
            self._under_way.add(moved.key)
        try:
            self._objects.put(moved.key, body)
            size = self._objects.size(moved.key)
            if size != segment.object_bytes:
                raise Unavailable(f"object `{moved.key}` has {size} bytes after writing {segment.object_bytes}")
            self._catalog.move(segment.id, segment.tier, tier)
            self._live.move(segment, moved)
        finally:
            self.give_up([moved.key])
        return moved

    def catch_up(self) -> bool:
        """Takes over what the catalog did though it had reported it as failed; whether there was anything.

        Raises Unavailable.
        """
        late = self._catalog.late_commits
        if late == self._late_commits:
            return False
        with self._in_order:
            segments = self._catalog.live()
            for tenant in {segment.tenant for segment in segments}:
                self._catalog.registry.add(tenant, self._catalog.streams(tenant))
            tenants = self._live.adopt(segments)
        for tenant in tenants:
            self._catalog.bump_epoch(tenant)
        self._late_commits = late
        return True

    def give_up(self, keys: Sequence[str]) -> None:
        """Says that objects will not be committed any more."""
        with self._lock:
            self._under_way.difference_update(keys)

    def under_way(self) -> set[str]:
        """Keys of objects that are being stored or committed."""
        with self._lock:
            return set(self._under_way)
