"""Loki's limit on the streams that a tenant may have at a time (max_streams_per_user), off by default."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from sigyn.model.labels import Labels, format_labels
from sigyn.model.time import MINUTE

STREAM_LIMIT = "stream_limit"

IDLE = 30 * MINUTE
"""A stream that got nothing for so long does not count any more: Loki's chunk_idle_period."""


_MOST_TENANTS = 100_000
"""Above, the streams of who pushed the longest ago count no more: whoever may name a tenant at will must not fill
memory with names."""


@dataclass(slots=True)
class _Active:
    """When streams of a tenant last got entries, and the latest of these times."""

    streams: dict[Labels, int] = field(default_factory=dict)
    last: int = 0


class ActiveStreams:
    """When streams of limited tenants last got entries. Safe to use from several threads."""

    def __init__(self, most_tenants: int = _MOST_TENANTS) -> None:
        self._lock = Lock()
        self._most = most_tenants
        self._tenants: OrderedDict[str, _Active] = OrderedDict()  # in the order of `last`

    def __len__(self) -> int:
        """How many streams are known."""
        with self._lock:
            return sum(len(tenant.streams) for tenant in self._tenants.values())

    def over_limit(self, tenant: str, streams: Sequence[Labels], limit: int, now: int) -> tuple[int, ...]:
        """Which of the streams, by number, are not active yet and have no room. The others are active from now on."""
        refused = []
        with self._lock:
            own = self._of(tenant, now)
            active = own.streams
            if len(active) + len(streams) > limit:
                active = own.streams = {labels: last for labels, last in active.items() if now - last < IDLE}
            for number, labels in enumerate(streams):
                if labels in active or len(active) < limit:
                    active[labels] = now
                else:
                    refused.append(number)
        return tuple(refused)

    def _of(self, tenant: str, now: int) -> _Active:
        """Those of a tenant that pushes now; lets go of tenants that have none active."""
        own = self._tenants.setdefault(tenant, _Active())
        own.last = now
        self._tenants.move_to_end(tenant)
        while len(self._tenants) > self._most or now - next(iter(self._tenants.values())).last >= IDLE:
            self._tenants.popitem(last=False)
        return own


def stream_limit_message(tenant: str, labels: Labels, limit: int) -> str:
    """Why a stream is refused, in Loki's words."""
    return (
        f"maximum active stream limit exceeded when trying to create stream {format_labels(labels)}, reduce the number"
        " of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the"
        f" limit can be increased, user: '{tenant}' (limit: {limit}, set by max_streams_per_user or"
        " max_global_streams_per_user)"
    )
