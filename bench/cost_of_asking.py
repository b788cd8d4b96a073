"""What a question costs as more and more other data are stored: about the same hour each time.

    python bench/cost_of_asking.py [--lines 100000]

Stores an hour of JSON lines, asks, then adds other hours until there is 10 and 50 times as much, and asks again.
Prints the best of some runs in ms: it should stay as it is.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from sigyn.engine.duck import Duck
from sigyn.engine.warm import warm_kernels
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import HOUR, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings

START = 1_768_471_200 * SECOND
LEVELS = ("debug", "info", "warn", "error")
STREAMS = tuple(labels_of({"app": f"app-{app}", "level": level}) for app in range(10) for level in LEVELS)
QUESTIONS = {
    "newest lines": ('{app="app-3", level="error"}', None),
    "needle": ('{app=~".+"} |= "%s"', None),
    "field": ('{app=~".+"} | json | user="u4711"', None),
    "log volume": ('sum by (level) (count_over_time({app=~".+"}[1m]))', MINUTE),
    "errors by user": ('topk(5, sum by (user) (count_over_time({level="error"} | json [5m])))', 5 * MINUTE),
    "p99": ('quantile_over_time(0.99, {app="app-3"} | json | unwrap ms [5m]) by (level)', MINUTE),
}
LONGEST_WINDOW = 5 * MINUTE
RUNS = 15


def hour(number: int, lines: int) -> Batch:
    """The entries of an hour; hour 0 is the one that is asked for."""
    begin, step = START + number * HOUR, HOUR // lines
    identities = [(number * lines + place) * 0x9E3779B97F4A7C15 % 2**128 for place in range(lines)]
    texts = [
        json.dumps({"trace": f"{identity:032x}", "user": f"u{identity % 50_000}", "ms": identity % 10_007 / 4})
        for identity in identities
    ]
    columns = {
        "stream": [identity % 40 for identity in identities],
        "timestamp": [begin + place * step for place in range(lines)],
        "line": texts,
        "detected_level": [LEVELS[identity % 4] for identity in identities],
        "metadata": pa.nulls(lines, pa.string()),
    }
    return Batch("bench", STREAMS, pa.table(columns, ENTRY_SCHEMA))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000, help="lines in an hour")
    lines = parser.parse_args().lines
    warm_kernels()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(StoreSettings(data=Path(folder) / "data", compaction=False, max_uncompacted_bytes=1 << 40))
        duck = Duck(1 << 30, 2, f"{folder}/spill")
        service = QueryService(store, duck, QueryLimits(), threads=2, queue=QueueLimits(2))
        needle = json.loads(hour(0, lines).entries["line"][lines // 3].as_py())["trace"]
        print(f"{'times as much stored':24s}" + "".join(f"{name:>16s}" for name in QUESTIONS))
        stored = 0
        for times in (1, 10, 50):
            for number in range(stored, times):
                # 0, 1, -1, 2, -2, ...: older and newer than the hour that is asked for
                place = (number + 1) // 2 if number % 2 else -(number // 2)
                await store.append(hour(place, lines))
                store.compact_now()
            stored = times
            row = []
            for text, step in QUESTIONS.values():
                query = text % needle if "%s" in text else text
                # Windows reach back: from here on they hold the same entries, however much is stored.
                request = QueryRequest("bench", query, START + LONGEST_WINDOW, START + HOUR, step=step)
                best = float("inf")
                for _ in range(RUNS):
                    begun = time.perf_counter()
                    await service.query_range(request)
                    best = min(best, time.perf_counter() - begun)
                row.append(best)
            print(f"{times:<24d}" + "".join(f"{1000 * each:16.1f}" for each in row), flush=True)
        service.close()
        duck.close()
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
