"""Whose objects they are, written beside them: of two stores in one place each would take the other's for orphans.

A data folder has a lock, a bucket has none, nor has the place of a colder tier. So a store leaves its catalog's
identity in each. Where it finds that of another one, it does not open, and moves and deletes nothing there.

A copy of a data folder has the same identity, and knows nothing of what the other writes. So each server that
starts marks the places as its own, by a number for its session: the one before sees it, and neither writes nor
deletes any more.
"""

import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from sigyn.model.errors import Unavailable
from sigyn.model.time import system_clock
from sigyn.store.catalog import Catalog
from sigyn.store.errors import PlaceInUse, SegmentArchived, SegmentLost, TakenOver
from sigyn.store.keys import is_segment_key
from sigyn.store.objects import ObjectStore
from sigyn.store.tiers import HOT, address

OWNER_KEY = ".documents/owner.json"  # among what is neither an orphan nor a segment


class _Owner(msgspec.Struct, frozen=True):
    """Who marked a place: the catalog, with its name and its host for people, and the server's session; 0: none."""

    identity: int
    catalog: str = ""
    host: str = ""
    session: int = 0

    def __str__(self) -> str:
        return f" (catalog `{self.catalog}` of host `{self.host}`)" if self.catalog else ""


def owner_of(objects: ObjectStore, tier: str) -> str:
    """For messages the catalog that marked the place of a tier, in brackets; nothing when that can't be told."""
    try:
        return str(_owner(objects, tier) or "")
    except (SegmentArchived, Unavailable):
        return ""


def _owner(objects: ObjectStore, tier: str) -> _Owner | None:
    """Who marked the place; None when nobody did. Raises SegmentArchived and Unavailable."""
    try:
        return msgspec.json.decode(objects.get(address(tier, OWNER_KEY)), type=_Owner)
    except SegmentArchived:
        raise
    except SegmentLost:
        return None
    except msgspec.DecodeError:
        return _Owner(0)


class Ownership:
    """The marks of one store in those places of its objects that other servers may reach."""

    def __init__(
        self,
        objects: ObjectStore,
        catalog: Catalog,
        name: str,
        places: Mapping[str, str],
        *,
        serves: bool = False,
    ) -> None:
        """`name` is what messages call the catalog, `places` what they call the place of each tier.

        With `serves` its marks are those of a server, which takes places over from servers on copies of the catalog.
        """
        self._objects = objects
        self._catalog = catalog
        self._mark = _Owner(catalog.identity, name, socket.gethostname(), secrets.randbits(52) | 1 if serves else 0)
        self._places = places
        self._marked: set[str] = set()  # with this session
        self._taken = ""

    @property
    def tiers(self) -> tuple[str, ...]:
        """Tiers whose places have marks."""
        return tuple(self._places)

    def claim(self, tier: str) -> None:
        """Marks the place of a tier, when it is one that has marks and has none yet.

        A server marks it anew. Raises PlaceInUse when it has another's, TakenOver when a server on a copy has marked
        it since, and Unavailable.
        """
        self.check()
        if tier not in self._places:
            return
        is_marked = self.is_marked(tier)
        is_used = not is_marked and tier != HOT and self._has_segments(tier)
        where, mark = address(tier, OWNER_KEY), msgspec.json.encode(self._mark)
        if not is_marked and not self._objects.put_new(where, mark):
            is_marked = self.is_marked(
                tier
            )  # of two stores that start at the same moment one is told that it is second
        if is_marked:
            if not self._mark.session or tier in self._marked:
                return
            self._objects.put_small(where, mark)
        self._marked.add(tier)
        if is_used:
            # Objects may be a store's that has not marked its places yet, or newer than a catalog that was restored.
            self._catalog.spare(system_clock())

    def _has_segments(self, tier: str) -> bool:
        return any(is_segment_key(found.key) for found in self._objects.list(address(tier, "")))

    def check(self) -> None:
        """Raises TakenOver when that was seen before; asks nobody."""
        if self._taken:
            raise TakenOver(self._taken)

    def look(self) -> None:
        """Looks whether a server on a copy has marked a place since. Raises as `claim` does."""
        for tier in sorted(self._marked):
            self.claim(tier)

    def claim_all(self) -> None:
        """Marks the places that can be reached; the others are asked for before anything is deleted there."""
        for tier in self._places:
            with suppress(Unavailable):
                self.claim(tier)

    def is_marked(self, tier: str) -> bool:
        """Whether the place of a tier has the mark of this store; False when it has none.

        Raises PlaceInUse when it has another's, TakenOver when it has no longer this session's, and Unavailable.
        """
        owner = self._owner(tier)
        if owner is not None and owner.identity != self._mark.identity:
            raise PlaceInUse(
                f"the objects in {self._place(tier)} are those of another store{owner}: give each server a bucket or a "
                "prefix of its own, or each deletes what the other wrote; if no other one is left, delete "
                f"`{OWNER_KEY}` there"
            )
        if owner is not None and tier in self._marked and owner.session != self._mark.session:
            self._taken = (
                f"a server on a copy of this store's catalog has started since with {self._place(tier)}{owner}: it "
                "alone writes there now, and neither knows what the other wrote; stop one of them for good"
            )
            raise TakenOver(self._taken)
        return owner is not None

    def refuse_several(self) -> None:
        """Raises PlaceInUse when the places have marks of different stores, and Unavailable."""
        owners = [(tier, owner) for tier in self._places if (owner := self._owner(tier)) is not None]
        for tier, owner in owners[1:]:
            first, its_owner = owners[0]
            if owner.identity != its_owner.identity:
                raise PlaceInUse(
                    f"{self._place(first)}{its_owner} and {self._place(tier)}{owner} belong to different stores: are "
                    "storage.objects and storage.tiers as they were? If both are of this one, delete "
                    f"`{OWNER_KEY}` in each"
                )

    def take_over(self) -> None:
        """Marks all places, whosever they were. Raises Unavailable, and PlaceInUse when another does so meanwhile."""
        self._objects.delete([address(tier, OWNER_KEY) for tier in self._places])
        for tier in self._places:
            self.claim(tier)

    def _owner(self, tier: str) -> _Owner | None:
        try:
            return _owner(self._objects, tier)
        except SegmentArchived:
            raise PlaceInUse(
                f"whose objects are in {self._place(tier)} can't be told: `{OWNER_KEY}` there is archived by a rule "
                "of the bucket; restore it, or delete it if they are this store's"
            ) from None

    def _place(self, tier: str) -> str:
        return f"`{self._places[tier]}`" if tier == HOT else f"tier `{tier}`, `{self._places[tier]}`,"
