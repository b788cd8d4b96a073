"""Whose objects they are, written beside them: of two stores in one place each would take the other's for orphans.

A data folder has a lock, a bucket has none. So a store leaves its catalog's identity there. Where it finds that of
another one, it does not open, and deletes nothing that its catalog does not know.
"""

import msgspec

from sigyn.store.errors import PlaceInUse, SegmentLost
from sigyn.store.objects import ObjectStore

OWNER_KEY = ".documents/owner.json"  # among what is neither an orphan nor a segment


class _Owner(msgspec.Struct, frozen=True):
    identity: int


class Ownership:
    """The mark of one store in the place of its objects, `place` for messages; none in a data folder of its own."""

    def __init__(self, objects: ObjectStore, identity: int, place: str | None) -> None:
        self._objects = objects
        self._mark = _Owner(identity)
        self._place = place

    def claim(self) -> None:
        """Marks a place that has no mark. Raises PlaceInUse when it has another's, and Unavailable."""
        if self._place is None:
            return
        owner = self._owner()
        if owner is None:
            # Of two that are started at the same moment one is told here that it came second.
            owner = self._mark if self._objects.put_new(OWNER_KEY, msgspec.json.encode(self._mark)) else self._owner()
        if owner != self._mark:
            raise PlaceInUse(
                f"the objects in `{self._place}` are those of another store: give each server a bucket or a prefix of "
                f"its own, or each deletes what the other wrote; if no other one is left, delete `{OWNER_KEY}` there"
            )

    def take_over(self) -> None:
        """Marks the place, whosever it was. Raises Unavailable."""
        if self._place is not None:
            self._objects.put(OWNER_KEY, msgspec.json.encode(self._mark))

    def _owner(self) -> _Owner | None:
        """Who marked the place; None when nobody did."""
        try:
            return msgspec.json.decode(self._objects.get(OWNER_KEY), type=_Owner)
        except SegmentLost:
            return None
        except msgspec.DecodeError:
            return _Owner(0)
