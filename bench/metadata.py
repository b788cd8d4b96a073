"""What questions about structured metadata cost, over entries as an OpenTelemetry SDK sends them.

    python bench/metadata.py [--entries 600000]

Stores entries of six services over six hours, each with a trace, a span, a pod, a status, a user and perhaps a
duration as structured metadata; prints the bytes of the objects before and after they are compacted, and what the
first and the best of three runs of each question took, in ms.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
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
SPAN = 6 * HOUR
SERVICES = 6
STREAMS = tuple(labels_of({"service_name": f"service-{number}"}) for number in range(SERVICES))
ENTRIES_IN_A_PUSH = 100_000
ALL = '{service_name=~".+"}'

COUNTS = (
    f"sum by (level, detected_level) (count_over_time({ALL} | drop __error__ [5m]))",
    f"sum by (k8s_pod_name) (count_over_time({ALL} [5m]))",
    f"sum by (k8s_pod_name) (count_over_time({ALL} | http_status=~`5..` [5m]))",
    f"sum by (service_name) (count_over_time({ALL} | user_id=`u777` [5m]))",
    f"quantile_over_time(0.9, {ALL} | unwrap duration(took) [5m]) by (service_name)",
)
LINES = (
    f"{ALL} | trace_id=`%s`",
    f"{ALL} | trace_id=`4bf92f3577b34da6a3ce929d0e0e4736`",
    f"{ALL} | http_status=`500`",
    ALL,
)


def entries(count: int, rnd: random.Random) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Line, level and metadata of so many entries."""
    for _ in range(count):
        level = rnd.choice(("debug", "info", "info", "info", "warn", "error"))
        metadata = {
            "http_status": rnd.choice(("200", "200", "200", "404", "500")),
            "k8s_pod_name": f"pod-{rnd.randrange(40)}",
            "span_id": f"{rnd.getrandbits(64):016x}",
            "trace_id": f"{rnd.getrandbits(128):032x}",
            "user_id": f"u{rnd.randrange(20_000)}",
        }
        if rnd.random() < 0.3:
            metadata["took"] = f"{rnd.randrange(90_000) / 10}ms"
        yield f"handled order {rnd.randrange(1 << 20)} of a customer", level, metadata


def pushes(count: int) -> Iterator[tuple[Batch, str]]:
    """Entries in order of time, and a trace of each push."""
    rnd = random.Random(1)
    for begin in range(0, count, ENTRIES_IN_A_PUSH):
        some = list(entries(min(ENTRIES_IN_A_PUSH, count - begin), rnd))
        columns = {
            "stream": [place % SERVICES for place in range(len(some))],
            "timestamp": [START + (begin + place) * (SPAN // count) for place in range(len(some))],
            "line": [line for line, _, _ in some],
            "detected_level": [level for _, level, _ in some],
            "metadata": [msgspec.json.encode(metadata).decode() for _, _, metadata in some],
        }
        yield Batch("bench", STREAMS, pa.table(columns, ENTRY_SCHEMA)), some[-1][2]["trace_id"]


def megabytes(folder: str) -> float:
    """Of the objects in a data folder."""
    return sum(each.stat().st_size for each in Path(folder, "objects").rglob("*.parquet")) / 1e6


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=600_000, help="entries in all")
    count = parser.parse_args().entries
    warm_kernels()
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data"
        store = Store.open(StoreSettings(data=Path(data), compaction=False, max_uncompacted_bytes=1 << 40))
        duck = Duck(1 << 30, 2, f"{folder}/spill")
        traces = []
        for batch, trace in pushes(count):
            await store.append(batch)
            traces.append(trace)
        arrived = megabytes(data)
        store.compact_now()
        await store.close()
        store = Store.open(StoreSettings(data=Path(data), compaction=False))  # what was replaced is gone
        print(f"{arrived:.1f} MB as they arrived, {megabytes(data):.1f} MB compacted")
        service = QueryService(store, duck, QueryLimits(), threads=2, queue=QueueLimits(2))
        print(f"{'first, ms':>10s}{'best, ms':>10s}  question")
        for query, step in [*((each, 5 * MINUTE) for each in COUNTS), *((each, None) for each in LINES)]:
            text = query % traces[-1] if "%s" in query else query
            runs = []
            for _ in range(3):
                begun = time.perf_counter()
                await service.query_range(QueryRequest("bench", text, START, START + SPAN, step=step, limit=1000))
                runs.append(time.perf_counter() - begun)
            print(f"{1000 * runs[0]:10.1f}{1000 * min(runs):10.1f}  {text}", flush=True)
        service.close()
        duck.close()
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
