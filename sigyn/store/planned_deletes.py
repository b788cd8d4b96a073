"""What pending delete requests would take, as far as the catalog tells: no object is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sigyn.model.delete_modes import DeleteMode
from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.streams import Int64s, StreamRegistry

MatchStreams = Callable[
    [DeleteRequest, Int64s, Callable[[int], tuple[tuple[str, str], ...]], frozenset[str]],
    tuple[npt.NDArray[np.bool_], bool],
]
"""Which of a request's streams may hold entries that it takes, by ids, labels and the names of demoted labels; and
whether it takes all of their entries in its time."""

GB = 1 << 30
"""What clouds bill as a gigabyte."""


@dataclass(frozen=True, slots=True)
class PlannedDelete:
    """A delete request that is not processed yet.

    mode          of the tenant
    due           when its entries may be removed (ns); None: never, in this mode
    segments      that it may concern, and that are then read, and rewritten where it takes anything
    rows, text_bytes, object_bytes  at most so much goes; when `is_exact`, just that
    rewritten_bytes  of the objects of these segments
    month         dollars a month that go with the objects' bytes, at most; None where a tier has no price
    """

    tenant: str
    id: str
    query: str
    mode: DeleteMode
    due: int | None
    segments: int
    rows: int
    text_bytes: int
    object_bytes: int
    rewritten_bytes: int
    is_exact: bool
    month: float | None


def planned_delete(
    request: DeleteRequest,
    mode: DeleteMode,
    cancel_period: int,
    segments: Sequence[SegmentInfo],
    streams: StreamRegistry,
    demoted: frozenset[str],
    match: MatchStreams,
    prices: Mapping[str, float],
) -> PlannedDelete:
    """What a request would take of live segments of its tenant, whose mode this is."""
    taken: list[tuple[SegmentInfo, int, int, int]] = []
    is_exact = True
    for segment in segments:
        table = segment.streams
        within = (table.first <= request.last) & (table.last >= request.first)
        if not request.may_concern(segment) or not within.any():
            continue
        matching, takes_all = match(request, table.ids, lambda id: streams.labels(request.tenant, id), demoted)
        concerned = np.flatnonzero(within & matching)
        if not len(concerned):
            continue
        whole = (table.first[concerned] >= request.first) & (table.last[concerned] <= request.last)
        is_exact &= takes_all and bool(whole.all())
        rows, text_bytes = int(table.rows[concerned].sum()), int(table.text_bytes[concerned].sum())
        share = text_bytes / segment.text_bytes if segment.text_bytes else rows / segment.rows
        taken.append((segment, rows, text_bytes, round(share * segment.object_bytes)))
    is_priced = all(segment.tier in prices for segment, *_ in taken)
    return PlannedDelete(
        tenant=request.tenant,
        id=request.id,
        query=request.query,
        mode=mode,
        due=request.created + cancel_period if mode == "filter-and-delete" else None,
        segments=len(taken),
        rows=sum(rows for _, rows, _, _ in taken),
        text_bytes=sum(size for _, _, size, _ in taken),
        object_bytes=sum(size for *_, size in taken),
        rewritten_bytes=sum(segment.object_bytes for segment, *_ in taken),
        is_exact=is_exact,
        month=sum(prices[segment.tier] * size / GB for segment, _, _, size in taken) if is_priced else None,
    )
