"""The one way in which segments come to exist: a durable object, then a row in the catalog, then readers."""

from collections.abc import Sequence
from threading import Lock

from sigyn.store.catalog import Catalog, NewSegment, SegmentInfo
from sigyn.store.keys import segment_key
from sigyn.store.live import LiveSegments
from sigyn.store.objects import ObjectStore
from sigyn.store.reader import SegmentReader
from sigyn.store.segment import EncodedSegment


class Committer:
    """Stores and commits segments; safe to use from several threads.

    A process that dies between both leaves an object without a row: an orphan, which nothing reads
    and a sweep removes. `under_way` names the objects that are no orphans though they have no row yet.
    """

    def __init__(self, objects: ObjectStore, catalog: Catalog, live: LiveSegments, reader: SegmentReader) -> None:
        self._objects = objects
        self._catalog = catalog
        self._live = live
        self._reader = reader
        self._lock = Lock()
        self._in_order = Lock()
        self._under_way: set[str] = set()

    def put(self, encoded: EncodedSegment, arrival: int | None = None) -> NewSegment:
        """Stores the object of a segment that is going to be committed. Raises Unavailable.

        `arrival` of its newest entry, where it is made of other segments.
        """
        key = segment_key(encoded.tenant, encoded.level, encoded.first)
        with self._lock:
            self._under_way.add(key)
        try:
            self._objects.put(key, encoded.body)
        except BaseException:
            self.give_up([key])
            raise
        return NewSegment(key, encoded, arrival)

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

    def give_up(self, keys: Sequence[str]) -> None:
        """Says that objects will not be committed any more."""
        with self._lock:
            self._under_way.difference_update(keys)

    def under_way(self) -> set[str]:
        """Keys of objects that are being stored or committed."""
        with self._lock:
            return set(self._under_way)
