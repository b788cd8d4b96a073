"""Loki's limit on the streams that a tenant may have at a time (max_streams_per_user), off by default."""

from collections import defaultdict
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.model.labels import Labels, format_labels
from sigyn.model.time import MINUTE
from sigyn.services.admission import Refusals

STREAM_LIMIT = "stream_limit"

IDLE = 30 * MINUTE
"""A stream that got nothing for so long does not count any more: Loki's chunk_idle_period."""


class ActiveStreams:
    """When streams of limited tenants last got entries. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tenants: dict[str, dict[Labels, int]] = defaultdict(dict)

    def within_limit(
        self, tenant: str, streams: tuple[Labels, ...], entries: pa.Table, limit: int, now: int, refusals: Refusals
    ) -> pa.Table:
        """The entries of streams that are active already or still have room; those of the others are refused."""
        ordinals = entries["stream"].to_numpy()
        rows = np.bincount(ordinals, minlength=len(streams))
        refused = np.zeros(len(streams), np.bool_)
        with self._lock:
            active = self._tenants[tenant]
            if len(active) + len(streams) > limit:
                active = {labels: last for labels, last in active.items() if now - last < IDLE}
                self._tenants[tenant] = active
            for ordinal in np.flatnonzero(rows).tolist():
                if streams[ordinal] in active or len(active) < limit:
                    active[streams[ordinal]] = now
                else:
                    refused[ordinal] = True
        if not refused.any():
            return entries
        sizes = np.bincount(ordinals, pc.binary_length(entries["line"]).to_numpy(), len(streams))
        for ordinal in np.flatnonzero(refused).tolist():
            refusals.add(
                STREAM_LIMIT, _message(tenant, streams[ordinal], limit), int(rows[ordinal]), int(sizes[ordinal])
            )
        return entries.filter(pa.array(~refused[ordinals]))


def _message(tenant: str, labels: Labels, limit: int) -> str:
    return (
        f"Maximum active stream limit exceeded when trying to create stream {format_labels(labels)}, reduce the number"
        " of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the"
        f" limit can be increased, user: '{tenant}' (limit: {limit}, set by max_streams_per_user or"
        " max_global_streams_per_user)"
    )
