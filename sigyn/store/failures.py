"""Failures that keep other work from nothing: what can't be done in one place is put off, and told at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from sigyn.model.errors import SigynError

FAILURES = (SigynError, pa.ArrowException, OSError, MemoryError)
"""What may be raised by work on segments that would go well another time."""


class Failures:
    """The first failure in each place, such as a tier."""

    def __init__(self) -> None:
        self._by_place: dict[str, Exception] = {}

    def __contains__(self, place: str) -> bool:
        return place in self._by_place

    @contextmanager
    def within(self, place: str) -> Iterator[None]:
        """Notes what fails, as of this place, and goes on after the block."""
        try:
            yield
        except FAILURES as failure:
            self._by_place.setdefault(place, failure)

    def tell(self) -> None:
        """Raises the first failure, if there was any."""
        for failure in self._by_place.values():
            raise failure
