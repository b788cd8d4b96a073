"""The names that structured metadata of entries may have, as a compiled query asks for them.

Segments differ in these names, and most of the differences mean nothing to a query: what is made for entries with
some names serves for all others of which it would have been told the same.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")

MOST_LISTED = 32
"""Names of structured metadata that are labels one by one; of more it is quicker to look at them all as one text."""


class MetadataNames:
    """Tells of names whether structured metadata may have them, and remembers what it told."""

    def __init__(self, names: frozenset[str] | None) -> None:
        """`names` are all that there may be, besides detected_level; None: any."""
        self._names = names
        self._told: dict[str, bool] = {}
        self._told_any = False
        self._told_all = False

    def may_have(self, name: str) -> bool:
        """Whether an entry may have structured metadata of this name."""
        return self._told.setdefault(name, _may_have(self._names, name))

    def may_have_any(self) -> bool:
        """Whether an entry may have any structured metadata."""
        self._told_any = True
        return _may_have_any(self._names)

    def listed(self) -> frozenset[str] | None:
        """All names, where they are known and not too many."""
        self._told_all = True
        return _listed(self._names)

    def would_tell(self, names: frozenset[str] | None) -> bool:
        """Whether all that was told is true of these names, too."""
        if self._told_any and _may_have_any(names) != _may_have_any(self._names):
            return False
        if self._told_all and _listed(names) != _listed(self._names):
            return False
        return all(_may_have(names, name) == told for name, told in list(self._told.items()))


class ByMetadata(Generic[Made]):
    """What is made of a query for entries, by the names of their structured metadata.

    It may ask only while it is made: what it was told then decides for which other entries it serves. Safe to use
    from several threads.
    """

    def __init__(self, make: Callable[[MetadataNames], Made]) -> None:
        self._make = make
        self._made: list[tuple[MetadataNames, Made]] = []

    def of(self, names: frozenset[str] | None) -> Made:
        """What serves for entries whose structured metadata have no other names; None: any."""
        for known, made in list(self._made):
            if known.would_tell(names):
                return made
        told = MetadataNames(names)
        made = self._make(told)
        self._made.append((told, made))
        return made


def _may_have(names: frozenset[str] | None, name: str) -> bool:
    return names is None or name in names


def _may_have_any(names: frozenset[str] | None) -> bool:
    return names is None or bool(names)


def _listed(names: frozenset[str] | None) -> frozenset[str] | None:
    return names if names is not None and len(names) <= MOST_LISTED else None
