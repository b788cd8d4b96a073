"""Tiers: several places for objects, behind one.

A segment's address is its object's key, with the name of the tier in front unless that is the hot one:
`fake/2026-01-31/1-….parquet`, `warm:fake/2026-01-31/1-….parquet`. Keys have no colon, so that whoever reads
or deletes an object by its address need not know of tiers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sigyn.model.errors import Unavailable
from sigyn.store.objects import ObjectStore, StoredObject

HOT = "hot"
"""The tier in which segments are written."""


def address(tier: str, key: str) -> str:
    """Where the object of this key is in a tier."""
    return key if tier == HOT else f"{tier}:{key}"


def split_address(address: str) -> tuple[str, str]:
    """The tier and the key in it."""
    tier, separator, key = address.partition(":")
    return (tier, key) if separator else (HOT, address)


class TieredObjects:
    """An object store over the stores of all tiers, by address."""

    def __init__(self, tiers: Mapping[str, ObjectStore]) -> None:
        """`tiers` by name, the hot one among them."""
        self._tiers = tiers

    def put(self, key: str, body: bytes | memoryview) -> None:
        """As in ObjectStore."""
        objects, key = self._find(key)
        objects.put(key, body)

    def put_new(self, key: str, body: bytes) -> bool:
        """As in ObjectStore."""
        objects, key = self._find(key)
        return objects.put_new(key, body)

    def put_small(self, key: str, body: bytes) -> None:
        """As in ObjectStore."""
        objects, key = self._find(key)
        objects.put_small(key, body)

    def get(self, key: str) -> bytes | memoryview:
        """As in ObjectStore."""
        objects, key = self._find(key)
        return objects.get(key)

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """As in ObjectStore."""
        objects, key = self._find(key)
        return objects.get_range(key, start, end)

    def size(self, key: str) -> int:
        """As in ObjectStore."""
        objects, key = self._find(key)
        return objects.size(key)

    def fetch(self, wanted: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        """As in ObjectStore."""
        of_tiers: dict[str, dict[str, Sequence[tuple[int, int]]]] = {}
        for where, ranges in wanted.items():
            tier, key = split_address(where)
            of_tiers.setdefault(tier, {})[key] = ranges
        for tier, own in of_tiers.items():
            if tier in self._tiers:
                self._tiers[tier].fetch(own)

    def delete(self, keys: Sequence[str]) -> None:
        """As in ObjectStore."""
        for key in keys:
            objects, key_there = self._find(key)
            objects.delete([key_there])

    def list(self, folder: str = "") -> Iterator[StoredObject]:
        """As in ObjectStore: of the tier whose address it is, else tier after tier, the hottest first.

        What is away is told when all others are through.
        """
        tier, folder_there = split_address(folder)
        failure = None
        for each in self._tiers if tier == HOT else (tier,):
            objects, _ = self._find(address(each, folder_there))
            try:
                for found in objects.list(folder_there):
                    yield replace(found, key=address(each, found.key))
            except Unavailable as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def path(self, key: str) -> Path | None:
        """As in ObjectStore."""
        objects, key = self._find(key)
        return objects.path(key)

    def look_again(self, key: str) -> None:
        """As in ObjectStore."""
        objects, key = self._find(key)
        objects.look_again(key)

    def _find(self, where: str) -> tuple[ObjectStore, str]:
        tier, key = split_address(where)
        objects = self._tiers.get(tier)
        if objects is None:
            raise Unavailable(f"object `{where}` is in tier `{tier}`, which `storage.tiers` does not name")
        return objects, key
