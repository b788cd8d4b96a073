"""Errors that only the store raises.

SigynError
├── FolderInUse      another process holds the data folder
├── PlaceInUse       the objects there are another store's
├── UnknownFormat    the data folder or a segment was written by a newer Sigyn
└── SegmentLost      an object is missing, torn or corrupt; the store quarantines its segment
    └── SegmentArchived  it has to be restored from an archive before it can be read; nothing is quarantined
"""

from sigyn.model.errors import SigynError, Unavailable


class FolderInUse(SigynError):
    """Another process holds the data folder."""


class PlaceInUse(SigynError):
    """The objects in a bucket are those of another store."""


class TakenOver(Unavailable):
    """A server on a copy of the catalog has started since in the same places, and it alone may write there now."""


class UnknownFormat(SigynError):
    """What is stored has a format version that this Sigyn does not know."""


class SegmentLost(SigynError):
    """An object is missing, torn or corrupt: reading it again can't help."""


class SegmentArchived(SegmentLost):
    """An object is whole, but in an archive class that is read only after somebody restored it."""
