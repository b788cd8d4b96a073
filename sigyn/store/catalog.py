"""The catalog: which segments exist, and which streams. Everything else about the store is in objects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sigyn.model.labels import Labels
from sigyn.store.demoted import DemotedLabel
from sigyn.store.segment import EncodedSegment
from sigyn.store.streams import Int64s, StreamRegistry, StreamTable, UnusedStreams
from sigyn.store.tiers import split_address


@dataclass(frozen=True, slots=True, eq=False)
class SegmentInfo:
    """A segment as the catalog knows it.

    id             rises in order of commit and is never used again
    key            address of the object: its key, behind its tier unless that is the hot one
    level          0: order of arrival; 1: sorted by (stream, timestamp)
    first, last    timestamps (ns, both inclusive)
    text_bytes     bytes of all lines, as text
    object_bytes   size of the object
    checksum       CRC-32 of the object
    created        when it was committed (ns)
    arrival        id of the segment in which its last entry arrived: its own, unless it was made of others
    """

    id: int
    tenant: str
    key: str
    level: int
    first: int
    last: int
    rows: int
    text_bytes: int
    object_bytes: int
    checksum: int
    created: int
    arrival: int
    streams: StreamTable

    @property
    def tier(self) -> str:
        """The tier that the object is in."""
        return split_address(self.key)[0]

    @property
    def arrival_order(self) -> tuple[int, int]:
        """Sorts segments by when their entries came: what was made of others has a newer id than they have."""
        return self.arrival, self.id


@dataclass(frozen=True, slots=True, eq=False)
class NewSegment:
    """A segment whose object is durable, about to be committed; `arrival` None: its entries arrive with it."""

    key: str
    encoded: EncodedSegment
    arrival: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Entries of `tenant` that `query` matches at first <= t <= last (ns) are to go.

    created    when it was made (ns)
    boundary   id of the last segment committed by then: what arrived later stays
    checked    segments that arrived up to here hold nothing of it any more
    """

    id: str
    tenant: str
    query: str
    first: int
    last: int
    created: int
    boundary: int
    checked: int = 0

    @property
    def is_processed(self) -> bool:
        """Whether its entries are gone from every segment."""
        return self.checked >= self.boundary

    def may_concern(self, segment: SegmentInfo) -> bool:
        """Whether the segment may hold entries of it, as far as arrival and time tell."""
        arrived = self.checked < segment.arrival <= self.boundary
        return arrived and segment.first <= self.last and segment.last >= self.first


class Catalog(Protocol):
    """The catalog of a store. Calls block and may be made from several threads.

    `identity` is a random number that a catalog gets when it is made, so that a store is never
    taken for another one.

    All raise Unavailable when the database fails; nothing was changed then.
    """

    registry: StreamRegistry
    identity: int

    @property
    def late_commits(self) -> int:
        """How often what had been reported as failed turned out to be done: what is in memory is out of date then."""

    def commit(
        self, added: Sequence[NewSegment], replaced: Sequence[int] = (), *, forgets: bool = False
    ) -> list[SegmentInfo]:
        """One transaction: adds segments with their new streams, and takes the segments of `replaced` out.

        `forgets` says that entries go with them; the epoch rises. Raises Unavailable when one of
        `replaced` is no longer live.
        """

    def move(self, id: int, from_tier: str, to_tier: str) -> None:
        """The object of a live segment is in another tier from now on, under the same key.

        Raises Unavailable when the segment is no longer live in `from_tier`.
        """

    def live(self) -> list[SegmentInfo]:
        """All live segments, in order of commit."""

    def streams(self, tenant: str) -> Iterable[tuple[int, Labels]]:
        """All streams of a tenant by id."""

    def unused_streams(self, segments: Iterable[SegmentInfo]) -> UnusedStreams:
        """Streams that no segment refers to, whatever its state. `segments` are known, and not read."""

    def forget_streams(self, tenant: str, ids: Int64s, newest: int) -> int:
        """Removes streams (sorted ids) that `unused_streams` gave with `newest`, unless they are used by now; how many.

        Their ids are never given again.
        """

    def has_live(self, tier: str) -> bool:
        """Whether there are live segments in a tier."""

    def replaced(self) -> list[tuple[int, str]]:
        """Ids and keys of segments that were replaced, and whose objects may still be there."""

    def forget(self, ids: Sequence[int]) -> None:
        """Removes replaced segments whose objects are gone."""

    def quarantine(self, id: int) -> None:
        """Takes a segment whose object can't be read out of the live ones; the object stays. The epoch rises."""

    def quarantined(self) -> list[SegmentInfo]:
        """All segments in quarantine, in order of commit."""

    def discard(self, id: int) -> bool:
        """Gives a quarantined segment up, as one that was replaced; False when it is not in quarantine any more."""

    def restore(self, id: int) -> None:
        """Makes a quarantined segment live again; delete requests that were done without it are open again.

        The epoch rises.
        """

    def epoch(self, tenant: str) -> int:
        """Rises whenever the tenant's entries changed in another way than by new ones that arrived.

        It rises in the database with each call that changes them so, lest a process that dies leave it as
        it was, and here with `bump_epoch`.
        """

    def bump_epoch(self, tenant: str) -> None:
        """Says that entries of the tenant were taken away, or brought back.

        Call it after they are out of sight of new snapshots, and before that is acknowledged to anybody.
        """

    def knows(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that belong to a segment, whatever its state."""

    @property
    def newest(self) -> int:
        """The highest id that a segment was committed with; 0: there was none."""

    def spare(self, before: int) -> None:
        """Objects that were written before this time (ns) are no orphans: the catalog may be new, and they older."""

    def spared(self) -> int:
        """The latest time given to `spare`; 0 when there was none."""

    def demoted(self, tenant: str) -> list[DemotedLabel]:
        """The labels of a tenant that were demoted at some time, by name."""

    def demote(self, tenant: str, labels: Sequence[DemotedLabel]) -> None:
        """Keeps demoted labels, in place of what is there under their names."""

    def add_delete_request(self, tenant: str, query: str, first: int, last: int) -> DeleteRequest:
        """Adds a request for entries at first <= t <= last (ns) in the segments committed so far."""

    def keep_delete_request(self, request: DeleteRequest) -> None:
        """Takes over a request of a catalog that was lost; no id up to its boundary is given from now on."""

    def skip_ids(self, last: int) -> None:
        """No segment that is committed from now on has an id up to `last`."""

    def delete_requests(self) -> list[DeleteRequest]:
        """All delete requests, in the order in which they were made."""

    def check_delete_requests(self, ids: Sequence[str], arrival: int) -> None:
        """Notes that segments that arrived up to `arrival` hold nothing of these requests any more."""

    def cancel_delete_request(self, tenant: str, id: str) -> bool:
        """Removes a request; whether the tenant had it."""

    def probe(self) -> None:
        """Writes, as a commit would, and leaves nothing behind."""

    def close(self) -> None:
        """Ends all work with the database."""
