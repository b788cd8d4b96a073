"""What questions about all that is stored cost as days are added.

    python bench/long_ranges.py [--lines 300000] [--segments 150]

Stores the same lines over and over at other times: JSON of 24 fields in 200 streams, in segments of six hours that
share a minute with the next. Asks about all of it in a store that was just opened, and again. Prints ms, first and
second: segments in which there is nothing to find should cost next to nothing. Takes some minutes.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from sigyn.engine.duck import Duck
from sigyn.engine.warm import warm_kernels
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import HOUR, MINUTE
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings

SPAN = 6 * HOUR
START = 1_768_471_200_000_000_000
LEVELS = ("debug", "info", "warn", "error")
STREAMS = tuple(labels_of({"app": f"app-{place % 50}", "level": LEVELS[place // 50]}) for place in range(200))
QUESTIONS = {
    "newest lines": ('{app=~".+"}', False),
    "newest errors": ('{app="app-3", level="error"}', False),
    "needle": ('{app=~".+"} |= "00000000deadbeef00000000deadbeef"', False),
    "log volume": ('sum by (level) (count_over_time({app=~".+"}[1h]))', True),
}


def entries(lines: int) -> pa.Table:
    """The lines of a segment, at times from 0 on."""
    identities = [place * 0x9E3779B97F4A7C15 % 2**128 for place in range(lines)]
    texts = [
        json.dumps(
            {"trace": f"{identity:032x}", "ms": identity % 10_007 / 4}
            | {f"field_{number}": f"value {(identity >> number) % (7 * number)}" for number in range(1, 23)}
        )
        for identity in identities
    ]
    columns = {
        "stream": [identity % 200 for identity in identities],
        "timestamp": np.linspace(0, SPAN + MINUTE, lines, dtype=np.int64),
        "line": texts,
        "detected_level": [LEVELS[identity % 200 // 50] for identity in identities],
        "metadata": pa.nulls(lines, pa.string()),
    }
    return pa.table(columns, ENTRY_SCHEMA)


async def asked(data: Path, segments: int) -> list[str]:
    """Times of all questions in a store that was just opened."""
    store = Store.open(StoreSettings(data=data, compaction=False))
    duck = Duck(1 << 30, 2, f"{data}/spill")
    service = QueryService(store, duck, QueryLimits(max_query_length=0), threads=2, queue=QueueLimits(2))
    await asyncio.to_thread(store.find_copies)  # as a server does when it starts
    row = []
    for query, is_metric in QUESTIONS.values():
        end = START + (segments + 1) * SPAN
        request = QueryRequest("bench", query, START, end, step=HOUR if is_metric else None, limit=1000)
        times = []
        for _ in range(2):
            begun = time.perf_counter()
            await service.query_range(request)
            times.append(1000 * (time.perf_counter() - begun))
        row.append(f"{times[0]:.0f} / {times[1]:.0f}")
    service.close()
    duck.close()
    await store.close()
    return row


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=300_000, help="lines of a segment")
    parser.add_argument("--segments", type=int, default=150)
    arguments = parser.parse_args()
    warm_kernels()
    table = entries(arguments.lines)
    print(f"{'segments':10s}" + "".join(f"{name:>20s}" for name in QUESTIONS))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        stored = 0
        for segments in (10, arguments.segments // 3, arguments.segments):
            store = Store.open(StoreSettings(data=data, compaction=False, max_uncompacted_bytes=1 << 40))
            for number in range(stored, segments):
                times = pa.array(table["timestamp"].to_numpy() + (START + number * SPAN))
                await store.append(Batch("bench", STREAMS, table.set_column(1, ENTRY_SCHEMA.field(1), times)))
                store.compact_now()
            await store.close()
            stored = segments
            row = await asked(data, segments)
            print(f"{segments:<10d}" + "".join(f"{each:>20s}" for each in row), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
