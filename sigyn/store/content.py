"""What a tenant's entries are at one moment, as far as a cache has to know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """A state of a tenant's entries.

    newest         id of the newest level 0 segment
    epoch          rises when entries are taken away or brought back
    heeds_deletes  whether what delete requests name is left out
    """

    newest: int
    epoch: int
    heeds_deletes: bool = True
