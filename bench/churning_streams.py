"""What streams that come and go cost: catalog, memory, and what it takes to forget them.

    python bench/churning_streams.py [--streams 200000] [--segments 2000] [--catalog URL]

Makes a catalog with so many streams in so many segments, drops all but a tenth of the segments, and forgets. Prints
sizes before and after, the time of a look and of forgetting, and how long commits take meanwhile.
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.store.catalog import NewSegment
from sigyn.store.encoding import encode_batches
from sigyn.store.live import LiveSegments
from sigyn.store.metrics import StoreMetrics
from sigyn.store.open_catalog import open_catalog
from sigyn.store.settings import StoreSettings
from sigyn.store.sql_catalog import SqlCatalog
from sigyn.store.stream_forgetting import StreamForgetting

PAGE = resource.getpagesize()


def main() -> None:
    """Prints what it finds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=200_000)
    parser.add_argument("--segments", type=int, default=2_000)
    parser.add_argument("--catalog", default="", help="a PostgreSQL database in place of a file")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        catalog = open_catalog(StoreSettings(data=Path(folder), catalog=options.catalog))
        each = options.streams // options.segments
        segments = [segment for n in range(options.segments) for segment in catalog.commit([new(n, each)])]
        print(f"{options.streams} streams in {options.segments} segments: {_state(catalog)}")
        kept, gone = segments[::10], [segment for number, segment in enumerate(segments) if number % 10]
        catalog.commit((), [segment.id for segment in gone])
        catalog.forget([segment.id for segment in gone])
        live = LiveSegments(kept)
        forgetting = StreamForgetting(catalog, live, StoreMetrics(), 0.0)
        begun = time.perf_counter()
        forgetting.run(lambda: None)
        print(f"a look: {time.perf_counter() - begun:.3f} s")
        idle = _commits(catalog, live, lambda: time.sleep(2))
        print(f"commits alone: {_described(idle)}")
        begun = time.perf_counter()
        busy = _commits(catalog, live, lambda: forgetting.run(_rest))
        print(f"forgetting: {time.perf_counter() - begun:.3f} s; commits meanwhile: {_described(busy)}")
        forgetting.run(lambda: None)
        forgetting.run(lambda: None)
        print(f"afterwards: {_state(catalog)}")
        catalog.close()


def new(number: int, streams: int, name: str = "pod") -> NewSegment:
    """A segment with an entry of each of so many new streams."""
    pods = (f"{name}-{number}-{n}" for n in range(streams))
    labels = tuple(labels_of({"namespace": "shop", "pod": pod, "app": "cart"}) for pod in pods)
    columns = {"stream": range(streams), "timestamp": [1] * streams, "line": ["x"] * streams}
    missing = {"detected_level": [None] * streams, "metadata": [None] * streams}
    entries = pa.table({**columns, **missing}, schema=ENTRY_SCHEMA)
    return NewSegment(f"{name}-{number}", encode_batches("fake", [Batch("fake", labels, entries)]).encoded)


def _rest() -> None:
    """As upkeep does while something else is under way: about as much rest as work."""
    time.sleep(0.01)


def _commits(catalog: SqlCatalog, live: LiveSegments, work: Callable[[], None]) -> list[float]:
    """Seconds of each commit of a known stream while something else is done."""
    ended = Event()
    taken: list[float] = []
    tag = time.monotonic_ns()

    def commit() -> None:
        while not ended.is_set():
            segment = new(tag + len(taken), 1, "c")
            begun = time.perf_counter()
            live.change(catalog.commit([segment]), ())
            taken.append(time.perf_counter() - begun)
            time.sleep(0.005)

    thread = Thread(target=commit)
    thread.start()
    work()
    ended.set()
    thread.join()
    return taken


def _described(taken: list[float]) -> str:
    return (
        f"{len(taken)}, median {np.median(taken) * 1000:.1f} ms, 99 % {np.quantile(taken, 0.99) * 1000:.1f} ms, "
        f"longest {max(taken) * 1000:.1f} ms"
    )


def _state(catalog: SqlCatalog) -> str:
    rows = catalog.database.query("SELECT COUNT(*) FROM stream")[0][0]
    known = sum(map(len, catalog.registry.loaded().values()))
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE >> 20
    return f"{rows} rows of streams, {known} in memory, process {memory} MiB"


if __name__ == "__main__":
    main()
