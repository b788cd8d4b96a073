"""Loki's limit on the streams that a tenant may have at a time (max_streams_per_user), off by default."""

from collections import defaultdict
from collections.abc import Sequence
from threading import Lock

from sigyn.model.labels import Labels, format_labels
from sigyn.model.time import MINUTE

STREAM_LIMIT = "stream_limit"

IDLE = 30 * MINUTE
"""A stream that got nothing for so long does not count any more: Loki's chunk_idle_period."""


class ActiveStreams:
    """When streams of limited tenants last got entries. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tenants: dict[str, dict[Labels, int]] = defaultdict(dict)

    def over_limit(self, tenant: str, streams: Sequence[Labels], limit: int, now: int) -> tuple[int, ...]:
        """Which of the streams, by number, are not active yet and have no room. The others are active from now on."""
        refused = []
        with self._lock:
            active = self._tenants[tenant]
            if len(active) + len(streams) > limit:
                active = {labels: last for labels, last in active.items() if now - last < IDLE}
                self._tenants[tenant] = active
            for number, labels in enumerate(streams):
                if labels in active or len(active) < limit:
                    active[labels] = now
                else:
                    refused.append(number)
        return tuple(refused)


def stream_limit_message(tenant: str, labels: Labels, limit: int) -> str:
    """Why a stream is refused, in Loki's words."""
    return (
        f"maximum active stream limit exceeded when trying to create stream {format_labels(labels)}, reduce the number"
        " of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the"
        f" limit can be increased, user: '{tenant}' (limit: {limit}, set by max_streams_per_user or"
        " max_global_streams_per_user)"
    )
