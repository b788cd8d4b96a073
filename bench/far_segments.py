"""What questions cost of segments in a bucket, nothing of which is on this machine yet.

    python bench/far_segments.py [--days 10] [--entries 150000] [--latency 30]

Stores JSON lines of so many days, each with so many entries, and reads them as from a bucket that answers each request
after so many ms. Prints for each question, asked with an empty cache, the requests, the time, and the time once more.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path
from threading import Lock

import pyarrow as pa

from sigyn.engine.duck import Duck
from sigyn.engine.warm import warm_kernels
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import DAY, HOUR, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreMetrics, StoreSettings
from sigyn.store.block_cache import BlockCache
from sigyn.store.cached_objects import CachedObjects
from sigyn.store.objects import LocalObjects

MIDNIGHT = 1_768_435_200 * SECOND
ENTRIES_IN_A_PUSH = 50_000
MESSAGES = ("request completed", "cache miss for key", "retrying upstream call", "payment accepted", "user logged out")
ALL = '{app="shop"}'

QUESTIONS = (
    f'{ALL} |= "%s"',
    f'{ALL} |= "4bf92f3577b34da6a3ce929d0e0e4736"',
    f'{ALL} | json | user="u777"',
    f"sum by (level) (count_over_time({ALL} [1h]))",
    f"sum by (status) (count_over_time({ALL} | json [1h]))",
    f'sum by (status) (count_over_time({ALL} |~ "payment.*user.*7" | json [1h]))',
    f"quantile_over_time(0.99, {ALL} | json | unwrap took [1h]) by (app)",
)


class FarObjects(LocalObjects):
    """A folder as a bucket: nothing of it is a file of this machine, and each request takes a while."""

    def __init__(self, folder: Path, latency: float) -> None:
        """`latency` is in seconds."""
        super().__init__(folder, is_shared=False)
        self.requests = 0
        self._latency = latency
        self._lock = Lock()

    def path(self, key: str) -> Path | None:
        """None."""
        del key
        return None

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """As in ObjectStore, after a while."""
        self._wait()
        return super().get_range(key, start, end)

    def size(self, key: str) -> int:
        """As in ObjectStore, after a while."""
        self._wait()
        return super().size(key)

    def _wait(self) -> None:
        with self._lock:
            self.requests += 1
        time.sleep(self._latency)


def batch(first: int, count: int, step: int, chance: random.Random) -> Batch:
    """So many entries from a time on (ns), `step` ns apart."""
    lines = [
        f'{{"level":"{chance.choice(("info", "info", "error"))}","msg":"{chance.choice(MESSAGES)}",'
        f'"trace":"{chance.getrandbits(128):032x}","user":"u{chance.randrange(5000)}",'
        f'"status":{chance.choice((200, 200, 404, 500))},"took":{chance.randrange(10**6) / 100}}}'
        for _ in range(count)
    ]
    table = pa.table(
        {
            "stream": [0] * count,
            "timestamp": [first + number * step for number in range(count)],
            "line": lines,
            "detected_level": pa.nulls(count, pa.string()),
            "metadata": pa.nulls(count, pa.string()),
        },
        ENTRY_SCHEMA,
    )
    return Batch("t", (labels_of({"app": "shop"}),), table)


async def fill(folder: Path, days: int, entries: int) -> str:
    """Stores and compacts the entries; gives a trace among them."""
    store = Store.open(
        StoreSettings(data=folder / "data", compaction=False), objects=LocalObjects(folder / "bucket", is_shared=False)
    )
    chance = random.Random(1)
    step = DAY // entries
    for number in range(0, days * entries, ENTRIES_IN_A_PUSH):
        pushed = batch(MIDNIGHT + number * step, ENTRIES_IN_A_PUSH, step, chance)
        await store.append(pushed)
    store.compact_now()
    await store.close()
    line: str = pushed.entries["line"][0].as_py()
    return line.partition('"trace":"')[2][:32]


async def ask(folder: Path, question: str, days: int, latency: float) -> str:
    """Requests, and ms of two runs."""
    with tempfile.TemporaryDirectory() as cache:
        far = FarObjects(folder / "bucket", latency)
        objects = CachedObjects(far, BlockCache(Path(cache), 4 << 30), "far", StoreMetrics())
        store = Store.open(StoreSettings(data=folder / "data", compaction=False), objects=objects)
        duck = Duck(1 << 29, 2, str(folder / "spill"))
        queries = QueryService(store, duck, QueryLimits(), threads=2, queue=QueueLimits(2))
        took = []
        requests = 0
        for _ in range(2):
            request = QueryRequest("t", question, MIDNIGHT, MIDNIGHT + days * DAY, step=HOUR)
            started = time.perf_counter()
            await queries.query_range(request)
            took.append((time.perf_counter() - started) * 1e3)
            requests = requests or far.requests
        queries.close()
        duck.close()
        await store.close()
    return f"{requests:8} {took[0]:8.0f} {took[1]:8.0f}"


async def main() -> None:
    """Fills a store, and asks."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=10)
    arguments.add_argument("--entries", type=int, default=150_000)
    arguments.add_argument("--latency", type=float, default=30)
    asked = arguments.parse_args()
    warm_kernels()
    with tempfile.TemporaryDirectory() as folder:
        trace = await fill(Path(folder), asked.days, asked.entries)
        print("requests    first    again, ms")
        for question in QUESTIONS:
            text = question.replace("%s", trace)
            print(await ask(Path(folder), text, asked.days, asked.latency / 1e3), "", text)


if __name__ == "__main__":
    asyncio.run(main())
