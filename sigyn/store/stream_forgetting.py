"""Forgets streams of which nothing is left: their labels leave the catalog and the memory.

Where streams come and go (pods), those that ever were are many times those that are. A stream is forgotten when no
segment referred to it at two looks that were a grace apart, nor at the moment of its deletion. Who has its id without
holding a segment of it (a plan that is just shown) has the grace to be done with it. One that comes back is made anew,
under another id.
"""

import time
from collections.abc import Callable, Mapping

import numpy as np
import structlog

from sigyn.store.catalog import Catalog
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.streams import Int64s

_log = structlog.get_logger("sigyn.store")

_AT_ONCE = 200  # in one transaction, for which commits wait: bench/churning_streams.py
_MOST = 100_000  # after one look: what was committed since is looked at with each transaction

_NONE: Int64s = np.empty(0, np.int64)


class StreamForgetting:
    """Works in whatever thread calls, one at a time."""

    def __init__(self, catalog: Catalog, live: LiveSegments, metrics: StoreMetrics, grace_seconds: float) -> None:
        self._catalog = catalog
        self._live = live
        self._metrics = metrics
        self._grace = grace_seconds
        self._looked = float("-inf")  # monotonic
        self._unused: Mapping[str, Int64s] = {}

    def run(self, pause: Callable[[], None]) -> None:
        """Looks again when the grace is over. `pause` may raise to break off; raises Unavailable."""
        if time.monotonic() < self._looked + self._grace:
            return
        found = self._catalog.unused_streams(self._live.referring())
        left = _MOST
        for tenant, ids in found.ids.items():
            ripe = np.intersect1d(ids, self._unused.get(tenant, _NONE), assume_unique=True)[:left]
            left -= len(ripe)
            forgotten = 0
            for begin in range(0, len(ripe), _AT_ONCE):
                pause()
                forgotten += self._catalog.forget_streams(tenant, ripe[begin : begin + _AT_ONCE], found.newest)
            if forgotten:
                self._metrics.streams_forgotten += forgotten
                _log.info("streams without entries forgotten", tenant=tenant, streams=forgotten)
        self._unused = found.ids
        self._looked = time.monotonic()
