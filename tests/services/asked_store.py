"""A store and a service that answers queries over it, for tests that are no coroutines."""

import asyncio
from pathlib import Path

from sigyn.engine.duck import Duck
from sigyn.model.batch import Batch
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store


class AskedStore:
    """Entries of one tenant, compacted or as they arrived. Without a folder they are in memory."""

    def __init__(self, data: Path | None, batch: Batch, *, compacted: bool = True) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = Store.open(StoreSettings(data=data, compaction=False))
        self.duck = Duck(1 << 28, 1, str(data / "spill") if data is not None else ".")
        self.queries = QueryService(self.store, self.duck, QueryLimits(), threads=1, queue=QueueLimits(1))
        self.loop.run_until_complete(self.store.append(batch))
        if compacted:
            self.store.compact_now()

    def close(self) -> None:
        """Leaves nothing running."""
        self.queries.close()
        self.duck.close()
        self.loop.run_until_complete(self.store.close())
        self.loop.close()
