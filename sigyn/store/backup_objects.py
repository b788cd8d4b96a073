"""Objects on their way from a store that is in use to the folder of a backup.

All tiers become one folder: a segment has the same key in each, and so it is copied once, wherever it moves later.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from zlib import crc32

from sigyn.store.catalog import SegmentInfo
from sigyn.store.demoted import is_demoted_key
from sigyn.store.documents import is_document_key
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.objects import LocalObjects, ObjectStore
from sigyn.store.ownership import OWNER_KEY
from sigyn.store.rebuild import Progress
from sigyn.store.tiers import split_address


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds and what was done for it.

    objects       segments and documents, with `bytes` of them all
    copied        objects that the folder lacked, with `copied_bytes`
    removed       objects that nothing needs any more
    left          segments that stay in their tiers, with `left_bytes`
    damaged       addresses of segments whose object is missing, or not what was written
    archived      addresses of segments that have to be restored before they can be copied
    """

    segments: int
    entries: int
    objects: int
    bytes: int
    copied: int
    copied_bytes: int
    removed: int
    left: int
    left_bytes: int
    damaged: tuple[str, ...]
    archived: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the folder, with the tiers that were left, has every entry."""
        return not self.damaged and not self.archived


@dataclass(slots=True)
class Copying:
    """Copies what the target lacks.

    hot     where documents are, and what else is no segment
    tiers   segments of all tiers, by address
    leave   tiers whose segments stay where they are
    """

    hot: ObjectStore
    tiers: ObjectStore
    target: LocalObjects
    progress: Progress
    leave: Set[str] = frozenset()
    sizes: dict[str, int] = field(default_factory=dict)  # of what the target has
    needed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)  # in the last round
    damaged: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    copied: int = 0
    copied_bytes: int = 0
    segments: int = 0
    entries: int = 0
    left: int = 0
    left_bytes: int = 0

    def __post_init__(self) -> None:
        self.sizes = {found.key: found.size for found in self.target.list()}

    def all_of(self, live: Sequence[SegmentInfo], quarantined: Iterable[SegmentInfo]) -> bool:
        """Copies what is missing; False when something was gone that may only have been replaced or moved meanwhile."""
        self.segments, self.entries = len(live), sum(segment.rows for segment in live)
        left = [segment for segment in live if segment.tier in self.leave]
        self.left, self.left_bytes = len(left), sum(segment.object_bytes for segment in left)
        quarantined = [segment for segment in quarantined if segment.tier not in self.leave]
        beside = [key for key in (found.key for found in self.hot.list()) if _is_beside(key)]
        self.needed = set(beside)
        self.damaged.clear()
        self.archived.clear()
        gone = set()
        for done, segment in enumerate(live):
            self.progress(done, len(live))
            if segment.tier not in self.leave and not self._copy(segment):
                gone.add(segment.key)
        for segment in quarantined:
            key = self._need(segment)
            if key not in self.sizes:
                body = self._get(self.tiers, segment.key)
                if body is not None:
                    self._put(key, body)
        for key in beside:
            if key not in self.sizes or is_demoted_key(key):
                body = self._get(self.hot, key)
                if body is not None:  # a document that is gone was replaced: the next backup has it
                    self._put(key, body)
        lost = gone & self.gone  # twice: the catalog names what is not there
        self.damaged |= lost
        self.gone = gone
        return not gone - lost

    def end(self) -> Backup:
        """Removes what is not needed."""
        unneeded = sorted(self.sizes.keys() - self.needed)
        self.target.delete(unneeded)
        for key in unneeded:
            del self.sizes[key]
        return Backup(
            segments=self.segments,
            entries=self.entries,
            objects=len(self.sizes),
            bytes=sum(self.sizes.values()),
            copied=self.copied,
            copied_bytes=self.copied_bytes,
            removed=len(unneeded),
            left=self.left,
            left_bytes=self.left_bytes,
            damaged=tuple(sorted(self.damaged)),
            archived=tuple(sorted(self.archived)),
        )

    def _copy(self, segment: SegmentInfo) -> bool:
        """Has a segment in the target, unless it is damaged or archived; False when it is gone."""
        key = self._need(segment)
        if self.sizes.get(key) == segment.object_bytes:
            return True
        try:
            body = self.tiers.get(segment.key)
        except SegmentArchived:
            self.archived.add(segment.key)
            return True
        except SegmentLost:
            return False
        if crc32(body) == segment.checksum:
            self._put(key, body)
        else:
            self.damaged.add(segment.key)
        return True

    def _need(self, segment: SegmentInfo) -> str:
        """The key of a segment in the target, which stays there."""
        key = split_address(segment.key)[1]
        self.needed.add(key)
        return key

    def _get(self, objects: ObjectStore, key: str) -> bytes | memoryview | None:
        try:
            return objects.get(key)
        except SegmentLost:
            return None

    def _put(self, key: str, body: bytes | memoryview) -> None:
        self.target.put(key, body)
        if key not in self.sizes:
            self.copied += 1
            self.copied_bytes += len(body)
        self.sizes[key] = len(body)


def _is_beside(key: str) -> bool:
    return (is_document_key(key) and key != OWNER_KEY) or is_demoted_key(key)
