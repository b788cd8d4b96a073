"""Streams: the table that goes with a segment, and the registry of all streams of a tenant."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from sigyn.model.errors import NotFound
from sigyn.model.labels import Labels

Int64s = npt.NDArray[np.int64]

_COLUMNS = ("ids", "rows", "text_bytes", "metadata_pairs", "first", "last", "first_row")


@dataclass(frozen=True, slots=True, eq=False)
class StreamTable:
    """The streams of one segment, by ordinal. All arrays are int64 and of one length.

    ids          ids of the streams in the catalog
    rows         entries of the stream in the segment
    text_bytes   bytes of their lines
    metadata_pairs  pairs of structured metadata that they have in all, detected_level included
    first, last  timestamps (ns, both inclusive)
    first_row    where the stream's rows begin; -1 for all when the segment is not sorted by stream
    """

    ids: Int64s
    rows: Int64s
    text_bytes: Int64s
    metadata_pairs: Int64s
    first: Int64s
    last: Int64s
    first_row: Int64s

    def __len__(self) -> int:
        return len(self.ids)

    def with_ids(self, ids: Int64s) -> "StreamTable":
        """The same table for streams of these ids."""
        return replace(self, ids=ids)

    def to_bytes(self) -> bytes:
        """The arrays one after the other, little-endian."""
        return np.concatenate([getattr(self, name) for name in _COLUMNS]).astype("<i8", copy=False).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "StreamTable":
        """What `to_bytes` gave. The arrays are views of `data` and can't be written to."""
        return cls(*np.frombuffer(data, dtype="<i8").reshape(len(_COLUMNS), -1))


@dataclass(frozen=True, slots=True)
class UnusedStreams:
    """Sorted ids of streams by tenant; no segment with an id up to `newest` refers to them."""

    ids: Mapping[str, Int64s]
    newest: int


def labels_to_text(labels: Labels) -> str:
    """A JSON object of the labels, sorted by name: equal labels are equal text."""
    return msgspec.json.encode(dict(labels)).decode()


def labels_from_text(text: str) -> Labels:
    """The labels that `labels_to_text` wrote."""
    return tuple(msgspec.json.decode(text, type=dict[str, str]).items())


LoadStreams = Callable[[str], Iterable[tuple[int, Labels]]]
"""Gives all streams of a tenant from the catalog."""


class _TenantStreams:
    __slots__ = ("by_id", "by_labels")

    def __init__(self, streams: Iterable[tuple[int, Labels]]) -> None:
        self.by_id = dict(streams)
        self.by_labels = {labels: id for id, labels in self.by_id.items()}


class StreamRegistry:
    """All streams by id and by labels; a tenant's are loaded from the catalog when first asked for.

    Each label set exists once in memory, however many segments hold the stream. Safe to use from
    several threads.
    """

    def __init__(self, load: LoadStreams) -> None:
        self._load = load
        self._tenants: dict[str, _TenantStreams] = {}

    def labels(self, tenant: str, id: int) -> Labels:
        """The labels of a stream. Raises NotFound for an id that the tenant does not have."""
        try:
            return self._streams(tenant).by_id[id]
        except KeyError:
            raise NotFound(f"tenant `{tenant}` has no stream {id}") from None

    def find(self, tenant: str, labels: Labels) -> int | None:
        """The id of the stream with these labels; None when there is none."""
        return self._streams(tenant).by_labels.get(labels)

    def loaded(self) -> dict[str, Sequence[int]]:
        """Ids of the streams of each tenant that is in memory."""
        return {tenant: list(known.by_id) for tenant, known in list(self._tenants.items())}

    def add(self, tenant: str, streams: Iterable[tuple[int, Labels]]) -> None:
        """Takes in streams that the catalog has committed."""
        known = self._streams(tenant)
        for id, labels in streams:
            known.by_id[id] = labels
            known.by_labels[labels] = id

    def doubt(self, tenant: str, ids: Iterable[int]) -> None:
        """`find` knows these streams no more, until they are added again: the catalog may be about to lose them."""
        # Loads them when they are not: who began to load before would bring them back.
        known = self._streams(tenant)
        for id in ids:
            labels = known.by_id.get(id)
            if labels is not None and known.by_labels.get(labels) == id:
                del known.by_labels[labels]

    def forget(self, tenant: str, ids: Iterable[int]) -> None:
        """Lets go of streams that are in doubt, and that the catalog has no more."""
        known = self._streams(tenant)
        for id in ids:
            known.by_id.pop(id, None)

    def _streams(self, tenant: str) -> _TenantStreams:
        known = self._tenants.get(tenant)
        if known is None:
            # No lock is held while loading. Two threads may load; `add` follows its commit, so that
            # whichever table is kept has everything.
            known = self._tenants.setdefault(tenant, _TenantStreams(self._load(tenant)))
        return known
