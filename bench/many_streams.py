"""What calls cost that the catalog answers, with many streams: labels, values, series, stats, volume.

    python bench/many_streams.py [--streams 100000] [--segments 20]

Every segment holds entries of all streams. Prints the first and the best of some runs in ms. No segment may be read:
the objects are deleted before the calls.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pyarrow as pa

from sigyn.engine.duck import Duck
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import HOUR, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings

START = 1_768_471_200 * SECOND
RUNS = 5


def batch(streams: int, segment: int) -> Batch:
    """An entry of each stream."""
    labels = [
        labels_of(
            {
                "cluster": f"c{stream % 4}",
                "namespace": f"ns-{stream % 200}",
                "app": f"app-{stream % 1000}",
                "pod": f"app-{stream % 1000}-{stream:06x}",
                "level": ("info", "warn", "error")[stream % 3],
            }
        )
        for stream in range(streams)
    ]
    columns = {
        "stream": list(range(streams)),
        "timestamp": [START + segment * MINUTE + stream * MINUTE // streams for stream in range(streams)],
        "line": [f"line {segment}"] * streams,
        "detected_level": pa.nulls(streams, pa.string()),
        "metadata": pa.nulls(streams, pa.string()),
    }
    return Batch("bench", tuple(labels), pa.table(columns, ENTRY_SCHEMA))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--segments", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = StoreSettings(data=Path(folder), compaction=False, recent_bytes=0)
        store = Store.open(settings)
        for segment in range(asked.segments):
            await store.append(batch(asked.streams, segment))
        await store.close()
        for each in Path(folder).rglob("*.parquet"):
            each.unlink()
        began = time.perf_counter()
        store = Store.open(settings)
        print(f"{'open':40} {(time.perf_counter() - began) * 1e3:8.1f}")
        duck = Duck(1 << 28, 2, folder)
        queries = QueryService(store, duck, QueryLimits(), threads=2, queue=QueueLimits(2))
        await measure(queries)
        assert not store.quarantined()
        queries.close()
        duck.close()
        await store.close()
        shutil.rmtree(folder)


async def measure(queries: QueryService) -> None:
    """Prints what each call costs."""
    begin, end, tenant = START, START + HOUR, "bench"
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "labels": lambda: queries.labels(tenant, begin, end, None),
        'labels of {namespace="ns-7"}': lambda: queries.labels(tenant, begin, end, '{namespace="ns-7"}'),
        "values of app": lambda: queries.label_values(tenant, "app", begin, end, None),
        "values of pod": lambda: queries.label_values(tenant, "pod", begin, end, None),
        'values of pod of {namespace="ns-7"}': lambda: queries.label_values(
            tenant, "pod", begin, end, '{namespace="ns-7"}'
        ),
        'series of {app=~"app-7.*"}': lambda: queries.series(tenant, begin, end, ['{app=~"app-7.*"}']),
        "series of everything": lambda: queries.series(tenant, begin, end, []),
        'totals of {namespace="ns-7"}': lambda: queries.stream_totals(tenant, begin, end, '{namespace="ns-7"}', None),
        'totals of {cluster=~".+"}': lambda: queries.stream_totals(tenant, begin, end, '{cluster=~".+"}', None),
        'totals of {namespace="ns-7"} by minute': lambda: queries.stream_totals(
            tenant, begin, end, '{namespace="ns-7"}', MINUTE
        ),
        'totals of {cluster=~".+"} by minute': lambda: queries.stream_totals(
            tenant, begin, end, '{cluster=~".+"}', MINUTE
        ),
    }
    for name, call in calls.items():
        times = []
        for _ in range(RUNS):
            began = time.perf_counter()
            await call()
            times.append((time.perf_counter() - began) * 1e3)
        print(f"{name:40} {times[0]:8.1f} {min(times[1:]):8.1f}")


if __name__ == "__main__":
    asyncio.run(main())
