"""What it costs to find exact duplicates where entries that came late make one segment as wide as a day.

    python bench/wide_segment.py [--entries 8000000] [--segments 48] [--streams 12] [--late 0 3 100] [--data FOLDER]

A day of entries in compacted segments, each of which shares a second with the next. Then late ones from all over the
day, so many in each stream, in one more segment; half of them are copies. Prints for each number how long the first
snapshot after a start takes to find all copies, what it takes of a processor, by how much the memory of the process has
grown at most, and how long the next snapshot takes.
"""

import argparse
import asyncio
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from sigyn.api.warm_up import warm
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import DAY, SECOND
from sigyn.store import Store, StoreSettings

DAY_BEGINS = 20_000 * DAY
EARLIEST, LATEST = -(2**63), 2**63 - 1


def main() -> None:
    """Prints a line for each number of late entries."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=8_000_000)
    parser.add_argument("--segments", type=int, default=48)
    parser.add_argument("--streams", type=int, default=12)
    parser.add_argument("--late", type=int, nargs="+", default=[0, 3, 100])
    parser.add_argument("--data", type=Path, help="where to keep the day for another time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder) / "day"
        if not data.exists():
            _in_a_process(_write_day, data, options.entries, options.segments, options.streams)
        for late in options.late:
            copy = Path(folder) / f"late-{late}"
            shutil.copytree(data, copy, copy_function=_link)
            if late:
                _in_a_process(_write_late, copy, late, options.entries, options.segments, options.streams)
            _in_a_process(_measure, copy, late)
            shutil.rmtree(copy)


def _link(source: str, target: str) -> None:
    """Objects never change; the catalog does."""
    if source.endswith(".parquet"):
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


def _in_a_process(work: Callable[..., None], *arguments: object) -> None:
    """So that nothing is in memory of what was done before."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _write_day(data: Path, entries: int, segments: int, streams: int) -> None:
    asyncio.run(_append(data, (_part(part, entries // segments, segments, streams) for part in range(segments))))


def _write_late(data: Path, late: int, entries: int, segments: int, streams: int) -> None:
    asyncio.run(_append(data, [_late(late, entries // segments, segments, streams)]))


async def _append(data: Path, batches: Iterable[Batch]) -> None:
    store = Store.open(_settings(data))
    for batch in batches:
        await store.append(batch)
        store.compact_now()
    await store.close()


def _settings(data: Path) -> StoreSettings:
    """Compaction merges what one call finds at level 0, and no more."""
    return StoreSettings(
        data=data,
        compaction=False,
        max_group_bytes=1 << 30,
        max_waiting_bytes=1 << 30,
        compaction_job_bytes=1 << 20,
        compaction_settled_bytes=1 << 20,
    )


def _part(part: int, entries: int, segments: int, streams: int) -> Batch:
    """Entries of a part of the day, and of a second more."""
    numbers = np.arange(entries, dtype=np.int64)
    return _batch(part * entries + numbers, _times(part, numbers, entries, segments), streams)


def _times(part: int, numbers: np.ndarray, entries: int, segments: int) -> np.ndarray:
    span = DAY // segments
    return DAY_BEGINS + part * span + numbers * ((span + SECOND) // entries)


def _late(late: int, entries: int, segments: int, streams: int) -> Batch:
    """Entries of all streams from all over the day; every second one is there already."""
    stream = np.repeat(np.arange(streams), late)
    place = np.tile(np.linspace(0, entries * segments - streams, late).astype(np.int64), streams)
    number = place // streams * streams + stream
    part, within = number // entries, number % entries
    timestamps = np.array([_times(int(p), w, entries, segments) for p, w in zip(part, within, strict=True)], np.int64)
    is_new = np.arange(len(number)) % 2 == 1
    return _batch(number, timestamps + is_new, streams)


def _batch(numbers: np.ndarray, timestamps: np.ndarray, streams: int) -> Batch:
    missing = [None] * len(numbers)
    columns = {
        "stream": pa.array((numbers % streams).astype(np.int32)),
        "timestamp": timestamps,
        "line": [f"request {number} was answered" for number in numbers.tolist()],
        "detected_level": missing,
        "metadata": missing,
    }
    labels = tuple(labels_of({"app": f"app{number}"}) for number in range(streams))
    return Batch("fake", labels, pa.table(columns, schema=ENTRY_SCHEMA))


def _measure(data: Path, late: int) -> None:
    asyncio.run(_find(data, late))


async def _find(data: Path, late: int) -> None:
    warm()  # as a server does
    store = Store.open(_settings(data))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    used = time.process_time()
    for _ in range(2):
        begun = time.perf_counter()
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            copies = sum(len(snapshot.hidden_rows(segment)) for segment in snapshot.segments)
            segments = len(snapshot.segments)
        seconds.append(time.perf_counter() - begun)
        seconds.append(time.process_time() - used)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    await store.close()
    print(
        f"{segments} segments, {late} late entries in each stream: {copies} copies in {seconds[0] * 1000:.0f} ms "
        f"({seconds[1] * 1000:.0f} ms of a processor), {more >> 10} MiB more memory at most; "
        f"again {seconds[2] * 1000:.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
