"""What it costs to find exact duplicates while compaction lags: many small segments of one time.

    python bench/overlapping_segments.py [--segments 200 400 800] [--copies]

Each segment overlaps each other one. Prints how long the first snapshot takes to find all copies, the next one, and one
after one more segment, and what memory is needed and kept for it. `--copies`: all segments hold one entry in common.
"""

import argparse
import asyncio
import time
import tracemalloc

import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.store import Store, StoreSettings

ENTRIES = 20
EARLIEST, LATEST = -(2**63), 2**63 - 1


def main() -> None:
    """Prints a line for each number of segments."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--segments", type=int, nargs="+", default=[200, 400, 800])
    parser.add_argument("--copies", action="store_true")
    options = parser.parse_args()
    for count in options.segments:
        asyncio.run(_measure(count, copies=options.copies))


async def _measure(count: int, *, copies: bool) -> None:
    store = Store.open(StoreSettings(data=None, compaction=False))
    for number in range(count):
        await store.append(_batch(number, copies=copies))
    tracemalloc.start()
    first = _find(store)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    again = _find(store)
    await store.append(_batch(count, copies=copies))
    more = _find(store)
    await store.close()
    print(
        f"{count} segments: first {first:.2f} s with memory traced, {peak >> 10} KiB at most, {kept >> 10} KiB kept; "
        f"again {again * 1000:.1f} ms; after one more segment {more * 1000:.1f} ms"
    )


def _batch(number: int, *, copies: bool) -> Batch:
    times = [number + 1000 * place for place in range(ENTRIES)]
    lines = [f"line {number}.{place}" for place in range(ENTRIES)]
    if copies:
        times[-1], lines[-1] = 1000 * ENTRIES, "the same"
    columns = {"stream": [place % 3 for place in range(ENTRIES - 1)] + [0], "timestamp": times, "line": lines}
    missing = {"detected_level": [None] * ENTRIES, "metadata": [None] * ENTRIES}
    labels = tuple(labels_of({"app": f"app{number}"}) for number in range(3))
    return Batch("fake", labels, pa.table({**columns, **missing}, schema=ENTRY_SCHEMA))


def _find(store: Store) -> float:
    """Seconds that it takes."""
    begun = time.perf_counter()
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        for segment in snapshot.segments:
            snapshot.hidden_rows(segment)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
