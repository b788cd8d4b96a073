"""Batches into a level 0 segment: the part of a write that needs neither objects nor the catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sigyn.model.batch import Batch
from sigyn.model.errors import SigynError
from sigyn.store.merge import merge_batches
from sigyn.store.segment import EncodedSegment, encode_segment, split_row_groups


@dataclass(frozen=True, slots=True, eq=False)
class ReadySegment:
    """A segment that is ready to be stored.

    entries  those in it, in its order (ENTRY_SCHEMA), for whoever reads them next
    pushed   how many there were with exact duplicates, which are not in it
    """

    encoded: EncodedSegment
    entries: pa.Table
    pushed: int

    @property
    def size(self) -> int:
        """Bytes of memory that it holds."""
        return len(self.encoded.body) + int(self.entries.nbytes)


def encode_batches(tenant: str, batches: Sequence[Batch]) -> ReadySegment:
    """One segment of all batches of a tenant, one of which has entries at least."""
    labels, entries = merge_batches(batches)
    encoded = encode_segment(tenant, 0, labels, split_row_groups(entries))
    return ReadySegment(encoded, entries, sum(len(batch.entries) for batch in batches))


def batches_by_tenant(group: Sequence[Batch]) -> dict[str, list[Batch]]:
    """The batches of each tenant in a group."""
    by_tenant: dict[str, list[Batch]] = {}
    for batch in group:
        by_tenant.setdefault(batch.tenant, []).append(batch)
    return by_tenant


def failures_of_batches(group: Sequence[Batch], failures: Mapping[str, SigynError]) -> dict[int, SigynError]:
    """What went wrong with batches, by their numbers, from what went wrong with tenants."""
    return {number: failures[batch.tenant] for number, batch in enumerate(group) if batch.tenant in failures}
