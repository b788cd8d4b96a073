"""An archive: a place with objects that are read only after the service was asked to restore them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from sigyn.model.time import HOUR, MINUTE
from sigyn.store.settings import RestoreRule, Speed

WIDTH = 16
"""Requests to a service at a time: it answers each in some tens of milliseconds, and a query may need hundreds."""


class State(Enum):
    """Whether an object can be read."""

    READABLE = "readable"
    RESTORING = "restoring"
    ARCHIVED = "archived"


class Kind(Enum):
    """Archives that differ in how long they take."""

    GLACIER = "GLACIER"
    DEEP_ARCHIVE = "DEEP_ARCHIVE"
    AZURE = "Archive"


@dataclass(frozen=True, slots=True)
class ArchivedObject:
    """An object as its service sees it; `expires` when what is restored is a copy for some days."""

    state: State
    kind: Kind = Kind.GLACIER
    expires: bool = True


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a restore takes as a rule: in words, and at most (ns)."""

    text: str
    most: int


DURATIONS: Mapping[tuple[Kind, Speed], Duration] = MappingProxyType(
    {
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
        (Kind.GLACIER, "expedited"): Duration("1 to 5 minutes", 5 * MINUTE),
        (Kind.GLACIER, "standard"): Duration("3 to 5 hours", 5 * HOUR),
        (Kind.GLACIER, "bulk"): Duration("5 to 12 hours", 12 * HOUR),
        (Kind.DEEP_ARCHIVE, "standard"): Duration("up to 12 hours", 12 * HOUR),
        (Kind.DEEP_ARCHIVE, "bulk"): Duration("up to 48 hours", 48 * HOUR),
        # https://learn.microsoft.com/azure/storage/blobs/archive-rehydrate-overview
        (Kind.AZURE, "expedited"): Duration("less than an hour", 1 * HOUR),
        (Kind.AZURE, "standard"): Duration("up to 15 hours", 15 * HOUR),
    }
)
"""What the services say; they promise nothing. A speed that is not there is refused by the service."""


class Archive(Protocol):
    """The service that has the objects of a tier. Calls block and may be made from several threads.

    All raise SegmentLost for an object that is not there, and Unavailable when the service can't be reached or refuses.
    """

    def look(self, key: str) -> ArchivedObject:
        """How an object is."""

    def ask(self, key: str, found: ArchivedObject, rule: RestoreRule) -> None:
        """Has an object restored that was `found` archived; what is under way already is left so."""
